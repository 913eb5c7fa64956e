//! What is asked of an index's committer, and what it answers.
//!
//! A request owns its data, so the caller may go away while it is carried out.

use std::sync::mpsc::SyncSender;

use super::batch::Batch;
use super::queue::Place;
use crate::error::Result;
use crate::index::Filter;

/// The answer to an add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// The entry of the log that holds the batch.
    pub seq: u64,
    /// Items in the batch.
    pub added: usize,
    /// Living rows after it.
    pub length: usize,
    /// It was in already, under its idempotency key, and nothing was written now.
    pub repeated: bool,
}

/// The answer to a delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deleted {
    /// The entry of the log that holds it; the present seq where nothing was there to delete.
    pub seq: u64,
    /// Rows that were there.
    pub deleted: usize,
    /// Living rows after it.
    pub length: usize,
}

/// The answer to a change of metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetadataSet {
    /// The entry of the log that holds it.
    pub seq: u64,
    /// Rows whose metadata was set.
    pub updated: usize,
    /// Living rows after it.
    pub length: usize,
}

/// What any write answers; the faces' words for it are above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) seq: u64,
    pub(super) count: usize,
    pub(super) length: usize,
    /// Answered from the memory of idempotency keys.
    pub(super) repeated: bool,
}

/// A write, owned by the committer until it is applied.
#[derive(Debug)]
pub(super) enum Write {
    Upsert(Batch),
    Delete(Vec<String>),
    /// Of the rows that pass when it is written.
    DeleteWhere(Filter),
    SetMetadata(Vec<(String, Option<String>)>),
}

impl Write {
    /// Roughly its bytes in the log.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Upsert(batch) => batch.rows().payload().len(),
            Self::Delete(ids) => ids.iter().map(|id| id.len() + 8).sum(),
            Self::DeleteWhere(_) => 256,
            Self::SetMetadata(rows) => {
                rows.iter().map(|(id, text)| id.len() + text.as_ref().map_or(0, String::len) + 16).sum()
            }
        }
    }
}

pub(super) type Reply<T> = SyncSender<Result<T>>;

/// Answers a caller; one that no longer waits is no error.
pub(super) fn answer<T>(reply: &Reply<T>, result: Result<T>) {
    drop(reply.send(result));
}

/// Who waits for a write.
#[derive(Debug)]
pub(super) enum Waiting {
    /// A caller, until it is durable and visible.
    Caller(Reply<Written>),
    /// Nobody: it was queued.
    Queue(Place),
}

impl Waiting {
    /// Tells how the write ended.
    pub(super) fn answer(&self, result: Result<Written>) {
        match self {
            Self::Caller(reply) => answer(reply, result),
            Self::Queue(place) => {
                if let Err(error) = result {
                    place.fail(error);
                }
            }
        }
    }
}

/// A write as it arrives: itself, its idempotency key, and who waits for it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) write: Write,
    pub(super) idempotency_key: Option<String>,
    pub(super) waiting: Waiting,
}

/// A call to the committer.
#[derive(Debug)]
pub(super) enum Request {
    Write(Asked),
    /// Write a snapshot now; answers its seq.
    Checkpoint(Reply<u64>),
    /// Everything asked before is done.
    Flush(Reply<u64>),
    /// End the index.
    Drop(Reply<u64>),
    /// Settle, checkpoint if it is worth it, and stop.
    Close(Reply<u64>),
}
