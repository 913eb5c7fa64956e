//! The one thread that writes an index: it groups what queued while the last entry was being written.
//!
//! It is never cancelled with a request: a caller that went away changes nothing. It ends when asked to
//! close, or when every handle is gone, after a last checkpoint if one is worth its bytes.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;

use parking_lot::Mutex;

use super::checkpoint::checkpoint;
use super::group::Group;
use super::keeper::{Attempt, Keeper};
use super::load::finish_drop;
use super::remap;
use super::request::{Asked, Request, answer};
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::log::Log;

/// A group of writes goes into one entry of about this many bytes.
const GROUP_BYTES: usize = 8 << 20;

/// With more rows than this waiting to be attached, the next group waits: each costs every search a look.
const PENDING_ROWS: usize = 4_096;

/// Starts the thread.
pub(super) fn start(name: &str, keeper: Arc<Mutex<Keeper>>) -> Result<(Sender<Request>, JoinHandle<()>)> {
    let (sender, receiver) = channel();
    let thread = std::thread::Builder::new()
        .name(format!("vectord {name}"))
        .spawn(move || run(&keeper, &receiver))
        .map_err(|error| Error::exhausted(format!("cannot start a thread: {error}")).caused_by(error))?;
    Ok((sender, thread))
}

fn run(keeper: &Mutex<Keeper>, requests: &Receiver<Request>) {
    let worthwhile = keeper.lock().log.checkpoint_worthwhile();
    if worthwhile {
        tidy(keeper);
    }
    let mut waiting = None;
    while let Some(request) = waiting.take().or_else(|| next(keeper, requests)) {
        match request {
            Request::Write(asked) => {
                waiting = write_group(keeper, asked, requests);
                after_write(keeper);
            }
            Request::Checkpoint(reply) => {
                answer(&reply, compact_if(keeper, 5).and_then(|()| checkpoint(keeper)));
            }
            Request::Flush(reply) => answer(&reply, flush(keeper)),
            Request::Drop(reply) => answer(&reply, end(&mut keeper.lock())),
            Request::Close(reply) => {
                close(keeper);
                answer(&reply, Ok(keeper.lock().log.position().seq));
                return;
            }
        }
    }
    close(keeper);
}

/// The next request. While a write is not resolved it is sent again and again.
fn next(keeper: &Mutex<Keeper>, requests: &Receiver<Request>) -> Option<Request> {
    loop {
        let again = {
            let keeper = keeper.lock();
            if !keeper.log.is_unresolved() || keeper.shown.is_dropped() {
                drop(keeper);
                return requests.recv().ok();
            }
            keeper.settings.resolve_again
        };
        match requests.recv_timeout(again) {
            Ok(request) => return Some(request),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {
                let mut keeper = keeper.lock();
                if let Err(error) = keeper.resolve() {
                    tracing::debug!(index = keeper.name, %error, "a write is not resolved yet");
                }
            }
        }
    }
}

/// Commits `first` and what can go with it; returns a request that was taken but not handled.
fn write_group(keeper: &Mutex<Keeper>, first: Asked, requests: &Receiver<Request>) -> Option<Request> {
    let mut keeper = keeper.lock();
    if let Err(error) = keeper.ready() {
        first.waiting.answer(Err(error));
        return None;
    }
    let mut group = Group::default();
    group.take(&mut keeper, first);
    let mut waiting = None;
    while group.bytes() < GROUP_BYTES {
        match requests.try_recv() {
            Ok(Request::Write(asked)) if group.admits(&asked) => group.take(&mut keeper, asked),
            Ok(other) => {
                waiting = Some(other);
                break;
            }
            Err(_) => break,
        }
    }
    group.commit(&mut keeper);
    waiting
}

fn after_write(keeper: &Mutex<Keeper>) {
    let shown = Arc::clone(&keeper.lock().shown);
    shown.attach_down_to(PENDING_ROWS);
    let compacted = compact_if(keeper, 2);
    let due = {
        let mut keeper = keeper.lock();
        keeper.log.note_work(shown.take_attach_time());
        keeper.log.checkpoint_due()
    };
    let done =
        if due { compacted.and_then(|()| checkpoint_if(keeper, Log::checkpoint_due)) } else { compacted };
    warn(keeper, done);
}

/// Writes a snapshot if it is `wanted` also after a look at those of other processes.
fn checkpoint_if(keeper: &Mutex<Keeper>, wanted: impl Fn(&Log) -> bool) -> Result<()> {
    let wanted = {
        let mut keeper = keeper.lock();
        keeper.log.look_for_snapshots()?;
        wanted(&keeper.log)
    };
    if wanted { checkpoint(keeper).map(drop) } else { Ok(()) }
}

/// What failed here loses nothing: the log keeps everything, and it is tried again when the log has grown.
fn warn(keeper: &Mutex<Keeper>, done: Result<()>) {
    if let Err(error) = done {
        let mut keeper = keeper.lock();
        keeper.log.postpone_checkpoint();
        tracing::warn!(index = keeper.name, %error, "checkpoint failed, the log keeps everything");
    }
}

/// Compacts if more than one row in `part` is dead. Where others wrote first, they may have done it.
fn compact_if(keeper: &Mutex<Keeper>, part: usize) -> Result<()> {
    let mut keeper = keeper.lock();
    if keeper.check_writable().is_ok() && keeper.should_compact(part) {
        remap::check(&keeper.name, &keeper.shown.index().vectors())?;
        keeper.attempt(&[Frame::Compact.into()])?;
    }
    Ok(())
}

fn end(keeper: &mut Keeper) -> Result<u64> {
    loop {
        match keeper.attempt(&[Frame::Drop.into()])? {
            Attempt::Done(seq, _) => {
                let Keeper { name, params, log, .. } = keeper;
                finish_drop(name, params, log);
                return Ok(seq);
            }
            // Another batch came first; it is deleted all the same.
            Attempt::Moved => {}
        }
    }
}

fn flush(keeper: &Mutex<Keeper>) -> Result<u64> {
    let mut keeper = keeper.lock();
    keeper.resolve()?;
    Ok(keeper.log.position().seq)
}

fn tidy(keeper: &Mutex<Keeper>) {
    if keeper.lock().check_writable().is_err() {
        return;
    }
    let done = compact_if(keeper, 5).and_then(|()| checkpoint_if(keeper, Log::checkpoint_worthwhile));
    warn(keeper, done);
}

fn close(keeper: &Mutex<Keeper>) {
    let worthwhile = {
        let mut keeper = keeper.lock();
        if let Err(error) = keeper.resolve() {
            tracing::warn!(index = keeper.name, %error, "closed with a write not resolved");
            return;
        }
        keeper.log.checkpoint_worthwhile()
    };
    if worthwhile {
        tidy(keeper);
    }
}
