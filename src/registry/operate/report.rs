//! Small pieces that several reports share, and how bytes stand in them.
//!
//! Field names are promised to whoever parses `--json`.

use serde::Serialize;

use crate::frame::{Frame, Op};

/// Something an operator should know about an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The object's key.
    pub object: String,
    /// What about it.
    pub what: String,
}

impl Finding {
    pub(super) fn new(object: impl Into<String>, what: impl Into<String>) -> Self {
        Self { object: object.into(), what: what.into() }
    }
}

/// Entries of a log that are on the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Entries {
    /// How many.
    pub count: usize,
    /// The oldest.
    pub first: Option<u64>,
    /// The newest.
    pub last: Option<u64>,
}

/// The newest floor: entries up to `seq` may be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct FloorReport {
    /// Its number; 0 where there is none.
    pub n: u64,
    /// Entries up to this one may be gone.
    pub seq: u64,
}

/// The kind of an operation and what it names: rows, ids, or nothing.
pub(super) fn kind_of(op: &Op<'_>) -> (&'static str, usize) {
    match &op.frame {
        Frame::Create(_) => ("create", 0),
        Frame::Upsert(rows) => ("upsert", rows.len()),
        Frame::Delete(ids) => ("delete", ids.len()),
        Frame::Drop => ("drop", 0),
        Frame::Compact => ("compact", 0),
        Frame::SetMetadata(rows) => ("set_metadata", rows.len()),
    }
}

/// The ids an operation names.
pub(super) fn ids_of(op: &Op<'_>) -> Vec<String> {
    match &op.frame {
        Frame::Create(_) | Frame::Drop | Frame::Compact => Vec::new(),
        Frame::Upsert(rows) => (0..rows.len()).map(|i| rows.id(i).to_owned()).collect(),
        Frame::Delete(ids) => ids.iter().map(str::to_owned).collect(),
        Frame::SetMetadata(rows) => (0..rows.len()).map(|i| rows.id(i).to_owned()).collect(),
    }
}
