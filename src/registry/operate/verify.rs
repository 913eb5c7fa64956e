//! Everything of an index read and checked, and the state it holds computed twice over.
//!
//! Problems are what opening would trip over, or would if one more object were lost; notes are what an
//! operator may wonder about. Nothing is written, whatever is found.

use serde::Serialize;

use super::objects::{Objects, floors};
use super::read::{ATTEMPTS, get, too_busy};
use super::report::{Entries, Finding, FloorReport};
use super::state::State;
use super::walk::Walk;
use crate::error::Result;
use crate::frame;
use crate::store::Store;

/// What verification found of one index.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// The index.
    pub name: String,
    /// Whether there are no problems.
    pub ok: bool,
    /// Whether it was dropped: what is left is a tombstone.
    pub dropped: bool,
    /// Living rows at `seq`.
    pub rows: u64,
    /// The last entry that can be applied.
    pub seq: u64,
    /// The digest of the state there, 32 hex digits; equal states have equal digests. None before the first entry.
    pub digest: Option<String>,
    /// Snapshots, oldest first.
    pub snapshots: Vec<SnapshotReport>,
    /// Entries of the log.
    pub entries: Entries,
    /// The newest floor.
    pub floor: FloorReport,
    /// Objects on the store.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
    /// What is wrong.
    pub problems: Vec<Finding>,
    /// What is not wrong, but worth knowing.
    pub notes: Vec<Finding>,
}

/// One snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SnapshotReport {
    /// The entry it is the state of.
    pub seq: u64,
    /// Its size.
    pub bytes: u64,
    /// Whether it verifies.
    pub ok: bool,
    /// Living rows, if it verifies.
    pub rows: Option<u64>,
    /// The digest of the state, if it verifies.
    pub digest: Option<String>,
}

/// Reads and checks every object of the index `name`.
///
/// An error means that the store could not be read, or has nothing of that name; damage is in the report.
pub fn verify(store: &dyn Store, name: &str) -> Result<Verified> {
    for _ in 0..ATTEMPTS {
        if let Some(verified) = attempt(store, name)? {
            return Ok(verified);
        }
    }
    Err(too_busy(name))
}

/// One reading; none if a checkpoint deleted what was to be read.
fn attempt(store: &dyn Store, name: &str) -> Result<Option<Verified>> {
    let objects = Objects::of_index(store, name)?;
    let mut report = Verified {
        name: name.to_owned(),
        ok: false,
        dropped: false,
        rows: 0,
        seq: 0,
        digest: None,
        snapshots: Vec::new(),
        entries: Entries {
            count: objects.entries.len(),
            first: objects.entries.keys().next().copied(),
            last: objects.entries.keys().next_back().copied(),
        },
        floor: FloorReport::default(),
        objects: objects.count,
        bytes: objects.bytes,
        problems: Vec::new(),
        notes: Vec::new(),
    };
    if !objects.is_begun() {
        legacy(store, name, &mut report)?;
    } else if !begun(store, name, &objects, &mut report)? {
        return Ok(None);
    }
    for key in objects.unknown {
        report.notes.push(Finding::new(key, "not an object of vectord: ignored"));
    }
    report.ok = report.problems.is_empty();
    Ok(Some(report))
}

/// A blob of the Go service that no process has opened yet.
fn legacy(store: &dyn Store, name: &str, report: &mut Verified) -> Result<()> {
    let key = frame::legacy_key(name);
    let Some(blob) = get(store, key.clone())? else { return Ok(()) };
    report.objects += 1;
    report.bytes += blob.len() as u64;
    match State::adopted(name, &blob) {
        Ok(state) => {
            report.rows = state.rows();
            report.digest = state.digest()?;
            report.notes.push(Finding::new(key, "the Go service's blob: adopted by whoever opens it first"));
        }
        Err(error) => report.problems.push(Finding::new(key, error.to_string())),
    }
    Ok(())
}

/// An index with objects of its own; false if a checkpoint got in the way.
fn begun(store: &dyn Store, name: &str, objects: &Objects, report: &mut Verified) -> Result<bool> {
    let (floor, findings) = floors(store, name, &objects.floors)?;
    report.floor = floor;
    report.problems.extend(findings);
    if objects.legacy {
        let what = "the Go service's blob: adopted already, and not looked at any more";
        report.notes.push(Finding::new(frame::legacy_key(name), what));
    }
    let Some(walked) = Walk::new(store, name, objects, floor.seq).run()? else { return Ok(false) };
    let Walk { snapshots, problems, notes, end, .. } = walked;
    report.snapshots = snapshots;
    report.problems.extend(problems);
    report.notes.extend(notes);
    if let Some(end) = end {
        report.dropped = end.dropped;
        (report.rows, report.seq, report.digest) = (end.rows, end.seq, end.digest);
    }
    Ok(true)
}
