//! `vectord log`.
//!
//! What an entry holds is read in the registry; here it is shown.

use std::fmt::Write as _;

use clap::Args;

use super::output::Output;
use crate::error::Result;
use crate::registry::operate::{self, Entry, Journal, Operation, Snapshot};
use crate::store;

pub(in crate::cli) const HELP: &str = "\
Lists the log of an index: one line per entry, with who wrote it and what it holds, then the snapshots and the newest
floor. Entries that were deleted under the floor are not there any more: the list says from where it begins. A damaged
entry is shown as such, with what can still be read of it, and stops nothing. Nothing is written.

Exit status: 0, also where entries are damaged; 1 if the index or the store is not there, 2 for wrong flags.

JSON, one document: {name, begins_at, entries: [{seq, generation, writer_id, writer_batch, digest, prev_digest, bytes,
ops: [{kind, count, idempotency_key, op_index}], error}], snapshots: [{seq, bytes, rows, dropped, digest, error}],
floor: {n, seq}, damaged_floors: [{object, what}], writers: {id: {batch, seq}}, writers_from, idempotency_keys}.
The last three are those of the newest whole snapshot: `idempotency_keys` is how many it remembers. Ids of writers and
digests are 32 hex digits, as in the objects themselves. An op's kind is create, upsert, delete, drop, compact or
set_metadata. Of a damaged entry `error` says what is wrong, and what cannot be read is null.

Examples:
  vectord log ./vectors docs
  vectord log ./vectors docs --from 100 --json | jq '.entries[].ops[].idempotency_key'";

#[derive(Debug, Args)]
pub(in crate::cli) struct Log {
    /// A directory or file:// URL, or the http:// or https:// address of a storaged
    #[arg(value_name = "STORE")]
    store: String,
    /// The index
    #[arg(value_name = "NAME")]
    name: String,
    /// The first entry to show
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    from: u64,
    #[command(flatten)]
    output: Output,
}

/// Always true: damage is shown, not judged.
pub(in crate::cli) fn log(log: &Log) -> Result<bool> {
    let Log { store, name, from, output } = log;
    output.begin()?;
    let store = store::open_existing(store)?;
    let journal = operate::journal(&*store, name, *from)?;
    output.print(&journal, || text(&journal));
    Ok(true)
}

fn text(journal: &Journal) -> String {
    let Journal {
        name, begins_at, entries, snapshots, floor, damaged_floors, writers, idempotency_keys, ..
    } = journal;
    let mut text = match begins_at {
        None => format!("{name}: no entries; the snapshots hold everything\n"),
        Some(1) => format!("{name}: from the first entry\n"),
        Some(first) => format!("{name}: from entry {first}; what came before is in the snapshots\n"),
    };
    let mut line = |words: String| writeln!(text, "{words}").expect("a string takes everything");
    line(format!(
        "{:>10}  {:>10}  {:<32}  {:>8}  {:>10}  {:<32}  holds",
        "seq", "generation", "writer", "batch", "bytes", "digest"
    ));
    for Entry { seq, generation, writer_id, writer_batch, digest, prev_digest: _, bytes, ops, error } in
        entries
    {
        let number = |value: &Option<u64>| value.map_or_else(|| "?".to_owned(), |value| value.to_string());
        let word = |value: &Option<String>| value.clone().unwrap_or_else(|| "?".to_owned());
        let holds: Vec<String> = ops.iter().map(operation).collect();
        let damage = error.as_ref().map_or_else(String::new, |error| format!("  DAMAGED: {error}"));
        line(format!(
            "{seq:>10}  {:>10}  {:<32}  {:>8}  {bytes:>10}  {:<32}  {}{damage}",
            number(generation),
            word(writer_id),
            number(writer_batch),
            word(digest),
            holds.join(", ")
        ));
    }
    for Snapshot { seq, bytes, rows, dropped, digest, error } in snapshots {
        let what = match (error, dropped) {
            (Some(error), _) => format!("DAMAGED: {error}"),
            (None, Some(true)) => "tombstone of a dropped index".to_owned(),
            (None, _) => {
                format!("{} rows, digest {}", rows.unwrap_or(0), digest.as_deref().unwrap_or("?"))
            }
        };
        line(format!("snapshot {seq}: {bytes} bytes, {what}"));
    }
    if floor.n > 0 {
        line(format!("floor {}: entry {} and all before it may be gone", floor.n, floor.seq));
    }
    for finding in damaged_floors {
        line(format!("floor DAMAGED: {}: {}", finding.object, finding.what));
    }
    if !snapshots.is_empty() {
        line(format!(
            "remembered by the newest snapshot: {} writers, {idempotency_keys} idempotency keys",
            writers.len()
        ));
    }
    text
}

fn operation(op: &Operation) -> String {
    let Operation { kind, count, idempotency_key, op_index: _ } = op;
    let key = idempotency_key.as_ref().map_or_else(String::new, |key| format!(" key {key:?}"));
    match *kind {
        "create" | "drop" | "compact" => format!("{kind}{key}"),
        _ => format!("{kind} {count}{key}"),
    }
}
