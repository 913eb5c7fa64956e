//! What is asked of an index's committer, and what it answers.
//!
//! A request owns its data, so the caller may go away while it is carried out.

use std::sync::mpsc::SyncSender;

use super::batch::Batch;
use crate::error::Result;

/// The answer to an add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// The entry of the log that holds the batch.
    pub seq: u64,
    /// Items in the batch.
    pub added: usize,
    /// Living rows after it.
    pub length: usize,
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
}

/// A write, owned by the committer until it is applied.
#[derive(Debug)]
pub(super) enum Write {
    Upsert(Batch),
    Delete(Vec<String>),
    SetMetadata(Vec<(String, Option<String>)>),
}

impl Write {
    /// Roughly its bytes in the log.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Upsert(batch) => batch.rows().payload().len(),
            Self::Delete(ids) => ids.iter().map(|id| id.len() + 8).sum(),
            Self::SetMetadata(rows) => {
                rows.iter().map(|(id, text)| id.len() + text.as_ref().map_or(0, String::len) + 16).sum()
            }
        }
    }
}

pub(super) type Reply<T> = SyncSender<Result<T>>;

/// A call to the committer.
#[derive(Debug)]
pub(super) enum Request {
    Write {
        write: Write,
        idempotency_key: Option<String>,
        reply: Reply<Written>,
    },
    /// Apply what other processes wrote; answers the seq.
    Refresh(Reply<u64>),
    /// Write a snapshot now; answers its seq.
    Checkpoint(Reply<u64>),
    /// Everything asked before is done.
    Flush(Reply<u64>),
    /// End the index.
    Drop(Reply<u64>),
    /// Settle, checkpoint if it is worth it, and stop.
    Close(Reply<u64>),
}
