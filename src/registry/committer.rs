//! The one thread that writes an index: it groups what queued while the last entry was being written.
//!
//! It is never cancelled with a request: a caller that went away changes nothing. It ends when asked to
//! close, or when every handle is gone, after a last checkpoint if one is worth its bytes.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use super::group::{Asked, Group, answer};
use super::keeper::{Committed, Keeper};
use super::load::finish_drop;
use super::request::Request;
use crate::error::{Error, Result};
use crate::frame::Frame;

/// A group of writes goes into one entry of about this many bytes.
const GROUP_BYTES: usize = 8 << 20;

/// Starts the thread.
pub(super) fn start(keeper: Keeper) -> Result<(Sender<Request>, JoinHandle<()>)> {
    let (sender, receiver) = channel();
    let thread = std::thread::Builder::new()
        .name(format!("vectord {}", keeper.name))
        .spawn(move || run(keeper, &receiver))
        .map_err(|error| Error::exhausted(format!("cannot start a thread: {error}")).caused_by(error))?;
    Ok((sender, thread))
}

fn run(mut keeper: Keeper, requests: &Receiver<Request>) {
    if keeper.log.checkpoint_worthwhile() {
        tidy(&mut keeper);
    }
    let mut waiting = None;
    while let Some(request) = waiting.take().or_else(|| requests.recv().ok()) {
        match request {
            Request::Write { write, idempotency_key, reply } => {
                waiting = write_group(&mut keeper, (write, idempotency_key, reply), requests);
                after_write(&mut keeper);
            }
            Request::Refresh(reply) => answer(&reply, keeper.catch_up().map(|()| keeper.log.position().seq)),
            Request::Checkpoint(reply) => {
                let done = compact_if(&mut keeper, 5).and_then(|()| keeper.checkpoint());
                answer(&reply, done);
            }
            Request::Flush(reply) => answer(&reply, keeper.resolve().map(|()| keeper.log.position().seq)),
            Request::Drop(reply) => answer(&reply, end(&mut keeper)),
            Request::Close(reply) => {
                close(&mut keeper);
                answer(&reply, Ok(keeper.log.position().seq));
                return;
            }
        }
    }
    close(&mut keeper);
}

/// Commits `first` and what can go with it; returns a request that was taken but not handled.
fn write_group(keeper: &mut Keeper, first: Asked, requests: &Receiver<Request>) -> Option<Request> {
    if let Err(error) = keeper.ready() {
        answer(&first.2, Err(error));
        return None;
    }
    let mut group = Group::default();
    group.take(keeper, first);
    let mut waiting = None;
    while group.bytes() < GROUP_BYTES {
        match requests.try_recv() {
            Ok(Request::Write { write, idempotency_key, reply })
                if group.admits(&write, idempotency_key.as_ref()) =>
            {
                group.take(keeper, (write, idempotency_key, reply));
            }
            Ok(other) => {
                waiting = Some(other);
                break;
            }
            Err(_) => break,
        }
    }
    group.commit(keeper);
    waiting
}

fn after_write(keeper: &mut Keeper) {
    let compacted = compact_if(keeper, 2);
    if keeper.log.checkpoint_due() {
        let done = compacted.and_then(|()| keeper.checkpoint().map(drop));
        warn(keeper, done);
    } else {
        warn(keeper, compacted);
    }
}

/// What failed here loses nothing: the log keeps everything, and it is tried again when the log has grown.
fn warn(keeper: &mut Keeper, done: Result<()>) {
    if let Err(error) = done {
        keeper.log.postpone_checkpoint();
        tracing::warn!(index = keeper.name, %error, "checkpoint failed, the log keeps everything");
    }
}

/// Compacts if more than one row in `part` is dead.
fn compact_if(keeper: &mut Keeper, part: usize) -> Result<()> {
    if keeper.check_writable().is_ok() && keeper.should_compact(part) {
        keeper.commit(&[Frame::Compact.into()])?;
    }
    Ok(())
}

fn end(keeper: &mut Keeper) -> Result<u64> {
    match keeper.commit(&[Frame::Drop.into()])? {
        Committed::Done(seq, _) => {
            finish_drop(&keeper.name, &keeper.params, &mut keeper.log);
            Ok(seq)
        }
        Committed::Taken => Err(Error::conflict(format!(
            "another process wrote to index {:?} first; it was not deleted: retry",
            keeper.name
        ))),
    }
}

fn tidy(keeper: &mut Keeper) {
    if keeper.check_writable().is_err() {
        return;
    }
    let done = compact_if(keeper, 5).and_then(|()| keeper.checkpoint().map(drop));
    warn(keeper, done);
}

fn close(keeper: &mut Keeper) {
    if let Err(error) = keeper.resolve() {
        tracing::warn!(index = keeper.name, %error, "closed with a write not resolved");
        return;
    }
    if keeper.log.checkpoint_worthwhile() {
        tidy(keeper);
    }
}
