//! The one thread that writes an index: it groups what queued while the last entry was being written.
//!
//! It is never cancelled with a request: a caller that went away changes nothing. Checkpoints that fall due while it
//! writes are another thread's (`aside.rs`). It ends when asked to close, or when every handle is gone, after a last
//! checkpoint if one is worth its bytes.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;

use parking_lot::Mutex;

use super::aside::Aside;
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

/// An index is compacted when more than one row in so many is dead.
///
/// To attach all rows again costs about half of what it took to write them, measured on sentence embeddings, so at
/// one in 5 replacing rows would take 1.8 times the processor time that it does at one in 3; searches are as fast.
const BUSY: usize = 3;

/// The same while nobody writes.
const QUIET: usize = 5;

/// Starts the thread.
pub(super) fn start(name: &str, keeper: Arc<Mutex<Keeper>>) -> Result<(Sender<Request>, JoinHandle<()>)> {
    let (sender, receiver) = channel();
    let thread = std::thread::Builder::new()
        .name(format!("vectord {name}"))
        .spawn(move || run(&keeper, &receiver))
        .map_err(|error| Error::exhausted(format!("cannot start a thread: {error}")).caused_by(error))?;
    Ok((sender, thread))
}

fn run(keeper: &Arc<Mutex<Keeper>>, requests: &Receiver<Request>) {
    let worthwhile = keeper.lock().log.checkpoint_worthwhile();
    if worthwhile {
        tidy(keeper);
    }
    let (mut waiting, mut aside) = (None, Aside::default());
    while let Some(request) = waiting.take().or_else(|| next(keeper, &mut aside, requests)) {
        if !matches!(request, Request::Write(_) | Request::Flush(_)) {
            aside.wait();
        }
        match request {
            Request::Write(asked) => {
                let slots = || keeper.lock().shown.index().slots();
                let before = slots();
                waiting = write_group(keeper, asked, requests);
                after_write(keeper, &mut aside, slots().saturating_sub(before));
            }
            Request::Checkpoint(reply) => {
                answer(&reply, compact_if(keeper, QUIET).and_then(|()| checkpoint(keeper)));
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
    aside.wait();
    close(keeper);
}

/// The next request. While a write is not resolved it is sent again and again; then what can wait is done.
fn next(keeper: &Arc<Mutex<Keeper>>, aside: &mut Aside, requests: &Receiver<Request>) -> Option<Request> {
    let mut gave_up = false;
    loop {
        let again = {
            let keeper = keeper.lock();
            let is_left = keeper.log.is_unresolved()
                || !gave_up
                    && keeper.check_writable().is_ok()
                    && (keeper.log.checkpoint_due() || keeper.should_compact(QUIET));
            if !is_left || keeper.shown.is_dropped() {
                drop(keeper);
                return requests.recv().ok();
            }
            keeper.settings.resolve_again
        };
        match requests.recv_timeout(again) {
            Ok(request) => return Some(request),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {
                let mut held = keeper.lock();
                if !held.log.is_unresolved() {
                    drop(held);
                    gave_up = !keep_up(keeper, aside, QUIET);
                } else if let Err(error) = held.resolve() {
                    tracing::debug!(index = held.name, %error, "a write is not resolved yet");
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

/// After a group that appended `rows` rows.
fn after_write(keeper: &Arc<Mutex<Keeper>>, aside: &mut Aside, rows: usize) {
    let shown = Arc::clone(&keeper.lock().shown);
    shown.keep_pace(rows);
    keep_up(keeper, aside, BUSY);
}

/// Compacts if more than one row in `part` is dead, and has a snapshot written if one is due; false if that failed.
fn keep_up(keeper: &Arc<Mutex<Keeper>>, aside: &mut Aside, part: usize) -> bool {
    let compacted = compact_if(keeper, part);
    let ready = {
        let mut keeper = keeper.lock();
        let work = keeper.shown.take_attach_time();
        keeper.log.note_work(work);
        keeper.checkpoint_ready()
    };
    let is_done = compacted.is_ok();
    warn(keeper, compacted);
    if ready && aside.is_busy() && keeper.lock().log.checkpoint_overdue() {
        // Writes that outran snapshots would leave ever more to replay.
        aside.wait();
    } else if is_done && ready && !aside.is_busy() {
        let (name, beside) = (keeper.lock().name.clone(), Arc::clone(keeper));
        let is_started = aside.start(&name, move || {
            checkpoint_due(&beside);
        });
        return is_started || checkpoint_due(keeper);
    }
    is_done
}

/// Writes a snapshot if one is due; false if that failed.
fn checkpoint_due(keeper: &Mutex<Keeper>) -> bool {
    let done = checkpoint_if(keeper, Log::checkpoint_due);
    let is_done = done.is_ok();
    warn(keeper, done);
    is_done
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
    let done = compact_if(keeper, QUIET).and_then(|()| checkpoint_if(keeper, is_worthwhile));
    warn(keeper, done);
}

fn close(keeper: &Mutex<Keeper>) {
    let worthwhile = {
        let mut keeper = keeper.lock();
        if let Err(error) = keeper.resolve() {
            tracing::warn!(index = keeper.name, %error, "closed with a write not resolved");
            return;
        }
        is_worthwhile(&keeper.log)
    };
    if worthwhile {
        tidy(keeper);
    }
}

fn is_worthwhile(log: &Log) -> bool {
    log.checkpoint_worthwhile() || log.checkpoint_due()
}
