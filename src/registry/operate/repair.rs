//! The operator's word that a damaged entry is given up: it is set aside, recorded, and passed over.
//!
//! Nothing is deleted or overwritten. A snapshot of the state before the entry, placed at the entry's own
//! seq, is what makes every process pass it over: a newer snapshot covers older damage (FORMAT.md section 1).

use serde::Serialize;

use super::diagnose::{Damage, Reached, reach};
use super::journal::Operation;
use super::read::get;
use super::report::ids_of;
use super::state::State;
use crate::error::{Error, Result};
use crate::frame::{self, Digest};
use crate::store::{Key, Put, Store};

/// What was, or would be, given up.
#[derive(Debug, Clone, Serialize)]
pub struct Quarantine {
    /// The index.
    pub name: String,
    /// The entry.
    pub seq: u64,
    /// What is wrong with it.
    pub why: String,
    /// Its bytes on the store; none where it was missing.
    pub bytes: Option<u64>,
    /// The process that wrote it, 32 hex digits, if the header can be read.
    pub writer_id: Option<String>,
    /// The writer's own count of batches, if the header can be read.
    pub writer_batch: Option<u64>,
    /// The operations that can be read; others may have followed.
    pub ops: Vec<Lost>,
    /// Whether there is an entry after it: it goes on to count.
    pub next_entry_exists: bool,
    /// What is lost, in a sentence.
    pub lost: String,
    /// Objects written, or that would be; in this order.
    pub objects: Vec<String>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// An operation of the lost entry.
#[derive(Debug, Clone, Serialize)]
pub struct Lost {
    /// The operation.
    #[serde(flatten)]
    pub operation: Operation,
    /// The ids it named.
    pub ids: Vec<String>,
}

/// The record `quarantine/<seq>.json`.
#[derive(Serialize)]
struct Record<'a> {
    seq: u64,
    bytes: Option<u64>,
    why: &'a str,
    writer_id: Option<&'a str>,
    writer_batch: Option<u64>,
    ops: &'a [Lost],
    next_entry_exists: bool,
    lost: &'a str,
}

/// Gives up entry `seq` of the index `name`; with `dry_run` only says what that would do.
///
/// `InvalidArgument`, and nothing is written, unless `seq` is the first damaged or missing entry and no
/// snapshot covers it. After a failure it may be called again.
pub fn quarantine(store: &dyn Store, name: &str, seq: u64, dry_run: bool) -> Result<Quarantine> {
    let Reached { mut state, base, damage, .. } = reach(store, name)?;
    let Damage { why, bytes, next_entry_exists, .. } = refuse_unless_first(name, seq, base, &state, damage)?;
    let stored = get(store, frame::log_key(name, seq))?;
    let next = if next_entry_exists { get(store, frame::log_key(name, seq + 1))? } else { None };
    if state.replay.index.is_none() && (state.replay.dropped.is_none() || next_entry_exists) {
        return Err(Error::invalid(format!(
            "there is no index before entry {seq} that could go on without it: restore a backup, or delete the \
             objects below {} by hand",
            frame::index_prefix(name)
        )));
    }
    state.position.seq = seq;
    state.position.digest = digest_after(stored.as_deref(), next.as_deref());
    let snapshot = state.encode()?.expect("an index or its tombstone is there, as checked above");
    State::restore(name, &snapshot)?;

    let (header, ops) = stored.as_deref().map_or((None, Vec::new()), frame::salvage_entry);
    let ops = ops.iter().map(|op| Lost { operation: Operation::of(op), ids: ids_of(op) }).collect();
    let mut report = Quarantine {
        name: name.to_owned(),
        seq,
        why,
        bytes,
        writer_id: header.map(|header| frame::hex(header.writer_id)),
        writer_batch: header.map(|header| header.writer_batch),
        ops,
        next_entry_exists,
        lost: String::new(),
        objects: Vec::new(),
        dry_run,
    };
    report.lost = report.sentence();
    let record = report.record();
    let mut puts = Vec::new();
    match &stored {
        Some(stored) => puts.push((frame::quarantined_key(name, seq), stored)),
        // Without an object there a writer that slept could still create the entry, and nobody would read it.
        None => puts.push((frame::log_key(name, seq), &record)),
    }
    puts.push((frame::quarantine_record_key(name, seq), &record));
    puts.push((frame::snapshot_key(name, seq), &snapshot));
    for (key, bytes) in puts {
        if !dry_run {
            put(store, &key, bytes)?;
        }
        report.objects.push(key);
    }
    Ok(report)
}

fn refuse_unless_first(
    name: &str,
    seq: u64,
    base: Option<u64>,
    state: &State,
    damage: Option<Damage>,
) -> Result<Damage> {
    let end = state.position.seq;
    let why = match (base, damage) {
        (_, Some(damage)) if damage.seq == seq => return Ok(damage),
        (Some(base), _) if base >= seq => {
            format!("snapshot {base} verifies and covers it: opening the index does not read it")
        }
        (_, Some(damage)) if damage.seq < seq => {
            format!("the first damaged entry is {0}: give --quarantine {0}", damage.seq)
        }
        (_, _) if seq <= end => "it is sound".to_owned(),
        (_, _) => format!("the log ends at entry {end} and is sound"),
    };
    Err(Error::invalid(format!("index {name:?}, entry {seq}: {why}; nothing was done")))
}

/// What entry seq+1 continues: what it says itself, if it is there and whole. Else the digest in the lost
/// entry's own trailer, so that whoever still has the entry in memory agrees; zeros where it has none.
fn digest_after(stored: Option<&[u8]>, next: Option<&[u8]>) -> Digest {
    let next = next.and_then(|bytes| frame::decode_entry(bytes).ok());
    let trailer = || stored.and_then(|bytes| frame::digest_of(bytes).ok());
    next.map(|(header, _)| header.prev_digest).or_else(trailer).unwrap_or_default()
}

fn put(store: &dyn Store, key: &str, bytes: &[u8]) -> Result<()> {
    let parsed = Key::parse(key)?;
    match store.put_if_absent(&parsed, bytes) {
        Put::Created => Ok(()),
        Put::Exists => match store.get(&parsed)? {
            Some(there) if there == bytes => Ok(()),
            Some(_) | None => Err(Error::conflict(
                "an object with other bytes is there, and nothing is ever overwritten: look at it, move it away by \
                 hand if it is damaged, and repeat the command",
            )
            .within(key)),
        },
        Put::Failed { error, .. } => Err(error.within(key)),
    }
}

impl Quarantine {
    fn sentence(&self) -> String {
        if self.bytes.is_none() {
            return format!("entry {} was missing: what it held is not known", self.seq);
        }
        let ops: Vec<String> = self
            .ops
            .iter()
            .map(|Lost { operation, .. }| format!("{} of {}", operation.kind, operation.count))
            .collect();
        match (&self.writer_id, ops.is_empty()) {
            (None, _) => {
                format!("entry {}: its header cannot be read, so what it held is not known", self.seq)
            }
            (Some(writer), true) => format!("entry {}: a batch of writer {writer}, unreadable", self.seq),
            (Some(writer), false) => {
                format!("entry {}: a batch of writer {writer}, at least {}", self.seq, ops.join(", "))
            }
        }
    }

    fn record(&self) -> Vec<u8> {
        let Self { seq, why, bytes, writer_id, writer_batch, ops, next_entry_exists, lost, .. } = self;
        let record = Record {
            seq: *seq,
            bytes: *bytes,
            why,
            writer_id: writer_id.as_deref(),
            writer_batch: *writer_batch,
            ops,
            next_entry_exists: *next_entry_exists,
            lost,
        };
        serde_json::to_vec(&record).expect("structs of strings and numbers are always JSON")
    }
}
