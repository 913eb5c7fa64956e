//! The one thread that writes an index: it groups what queued while the last entry was being written.
//!
//! It is never cancelled with a request: a caller that went away changes nothing. It ends when asked to
//! close, or when every handle is gone, after a last checkpoint if one is worth its bytes.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use super::keeper::{Committed, Keeper};
use super::request::{Reply, Request, Write, Written};
use crate::error::{Error, Part, Result};
use crate::frame::{Frame, Ids, MetadataRows, Op, OpMeta};

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
            Request::Flush(reply) => answer(&reply, Ok(keeper.log.position().seq)),
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

/// A caller that no longer waits is no error.
fn answer<T>(reply: &Reply<T>, result: Result<T>) {
    drop(reply.send(result));
}

type Asked = (Write, Option<String>, Reply<Written>);

/// Commits `first` and what can go with it; returns a request that was taken but not handled.
fn write_group(keeper: &mut Keeper, first: Asked, requests: &Receiver<Request>) -> Option<Request> {
    let mut group = Group::default();
    group.take(keeper, first);
    let mut waiting = None;
    while group.bytes < GROUP_BYTES {
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

/// Writes that share an entry. Each was checked by itself, so one never fails another.
#[derive(Default)]
struct Group {
    writes: Vec<(Prepared, OpMeta, Reply<Written>)>,
    bytes: usize,
}

enum Prepared {
    Rows(super::batch::Batch),
    Ids(Ids),
    Metadata(MetadataRows),
}

impl Group {
    /// Whether `write` may join: its check needs nothing that this group has not yet applied.
    fn admits(&self, write: &Write, key: Option<&String>) -> bool {
        let known =
            |key: &String| self.writes.iter().any(|(_, meta, _)| meta.idempotency_key.as_ref() == Some(key));
        match write {
            Write::Upsert(_) | Write::Delete(_) => !key.is_some_and(known),
            Write::SetMetadata(_) => self.writes.is_empty(),
        }
    }

    fn take(&mut self, keeper: &Keeper, (write, idempotency_key, reply): Asked) {
        let bytes = write.bytes();
        match prepare(keeper, write, idempotency_key.as_deref()) {
            Ok(Ready::Write(prepared)) => {
                let op_index = self.writes.len() as u32;
                let meta = OpMeta {
                    op_index: if idempotency_key.is_some() { op_index } else { 0 },
                    idempotency_key,
                };
                self.writes.push((prepared, meta, reply));
                self.bytes += bytes;
            }
            Ok(Ready::Answered(written)) => answer(&reply, Ok(written)),
            Err(error) => answer(&reply, Err(error)),
        }
    }

    fn commit(self, keeper: &mut Keeper) {
        if self.writes.is_empty() {
            return;
        }
        let ops: Vec<Op<'_>> = self
            .writes
            .iter()
            .map(|(prepared, meta, _)| {
                let frame = match prepared {
                    Prepared::Rows(batch) => Frame::Upsert(batch.rows().as_ref()),
                    Prepared::Ids(ids) => Frame::Delete(ids.as_ref()),
                    Prepared::Metadata(rows) => Frame::SetMetadata(rows.as_ref()),
                };
                Op { meta: meta.clone(), frame }
            })
            .collect();
        let committed = keeper.commit(&ops);
        drop(ops);
        let failed =
            |error: &Error| self.writes.iter().for_each(|(_, _, reply)| answer(reply, Err(error.clone())));
        match committed {
            Ok(Committed::Done(seq, outcomes)) => {
                for ((_, _, reply), outcome) in self.writes.iter().zip(outcomes) {
                    let (count, length) = (outcome.count as usize, outcome.length as usize);
                    answer(reply, Ok(Written { seq, count, length }));
                }
            }
            Ok(Committed::Taken) => failed(&Error::conflict(format!(
                "another process wrote to index {:?} first; nothing of this call was written, and what that process \
                 wrote is visible here now: retry",
                keeper.name
            ))),
            Err(error) => failed(&error),
        }
    }
}

enum Ready {
    Write(Prepared),
    Answered(Written),
}

fn prepare(keeper: &Keeper, write: Write, key: Option<&str>) -> Result<Ready> {
    let index = &keeper.shown.index;
    let prepared = match write {
        Write::Upsert(batch) => Prepared::Rows(batch),
        Write::Delete(ids) => Prepared::Ids(Ids::new(ids.iter().map(String::as_str))?),
        Write::SetMetadata(rows) => {
            for (at, (id, _)) in rows.iter().enumerate() {
                if !index.contains(id) {
                    return Err(Error::not_found(format!("no row has the id {id:?}")).at(at, Part::Id));
                }
            }
            Prepared::Metadata(MetadataRows::new(
                rows.iter().map(|(id, text)| (id.as_str(), text.as_deref())),
            )?)
        }
    };
    let payload = match &prepared {
        Prepared::Rows(batch) => batch.rows().payload(),
        Prepared::Ids(ids) => ids.as_ref().payload(),
        Prepared::Metadata(rows) => rows.as_ref().payload(),
    };
    if let Some(known) = key.map(|key| keeper.log.ledger().find(key, payload)).transpose()?.flatten() {
        let (count, length) = (known.outcome.count as usize, known.outcome.length as usize);
        return Ok(Ready::Answered(Written { seq: known.seq, count, length }));
    }
    Ok(Ready::Write(prepared))
}

fn after_write(keeper: &mut Keeper) {
    let compacted = compact_if(keeper, 2);
    let checkpointed = compacted
        .and_then(|()| if keeper.log.checkpoint_due() { keeper.checkpoint().map(drop) } else { Ok(()) });
    if let Err(error) = checkpointed {
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
            keeper.checkpoint()?;
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
    if let Err(error) = compact_if(keeper, 5).and_then(|()| keeper.checkpoint().map(drop)) {
        tracing::warn!(index = keeper.name, %error, "checkpoint failed, the log keeps everything");
    }
}

fn close(keeper: &mut Keeper) {
    if let Err(error) = keeper.log.settle() {
        tracing::warn!(index = keeper.name, %error, "closed with a write not resolved");
        return;
    }
    if keeper.log.checkpoint_worthwhile() {
        tidy(keeper);
    }
}
