//! `vectord verify`.
//!
//! What is checked stands in the registry; here it is shown.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::output::{Output, lines, list, size};
use crate::error::Result;
use crate::registry::operate::{self, Finding, Verified};
use crate::store;

pub(in crate::cli) const HELP: &str = "\
Reads every object of every index of the store, or of those named, and checks it: every checksum, the chain of the log,
the floors, that every snapshot can be opened, and that the state replayed from the oldest of them is byte for byte the
state opened from the newest. It may run while others write. It never writes, adopts, repairs or deletes anything.

A problem is what opening would stop at, or would if one more object were lost; a note is not. Dropped indexes and
blobs of the Go service that nobody opened yet are checked too. It holds two states of one index in memory.

Exit status: 0 if there is no problem, 1 if there is one (or a name or the store is not there), 2 for wrong flags.

JSON: {store, ok, indexes: [{name, ok, dropped, rows, seq, digest, snapshots: [{seq, bytes, ok, rows, digest}],
entries: {count, first, last}, floor: {n, seq}, objects, bytes, problems: [{object, what}], notes: [{object, what}]}]}

Examples:
  vectord verify ./vectors
  vectord verify http://127.0.0.1:3211 docs --json
  vectord repair ./vectors docs        what to do about a problem";

#[derive(Debug, Args)]
pub(in crate::cli) struct Verify {
    /// A directory or file:// URL, or the http:// or https:// address of a storaged
    #[arg(value_name = "STORE")]
    store: String,
    /// The indexes to check; all of them if none is named
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Report {
    store: String,
    ok: bool,
    indexes: Vec<Verified>,
}

/// Whether there are no problems.
pub(in crate::cli) fn verify(verify: &Verify) -> Result<bool> {
    let Verify { store, names, output } = verify;
    output.begin()?;
    let store = store::open_existing(store)?;
    let names = if names.is_empty() { operate::names(&*store)? } else { names.clone() };
    let indexes = names.iter().map(|name| operate::verify(&*store, name)).collect::<Result<Vec<_>>>()?;
    let report = Report { store: store.url(), ok: indexes.iter().all(|index| index.ok), indexes };
    output.print(&report, || report.text());
    Ok(report.ok)
}

impl Report {
    fn text(&self) -> String {
        let mut text = String::new();
        for index in &self.indexes {
            text += &one(index);
        }
        let bad = self.indexes.iter().filter(|index| !index.ok).count();
        let count = self.indexes.len();
        let verdict = if bad == 0 { "no problems".to_owned() } else { format!("problems in {bad} of them") };
        text + &format!("{}: {count} checked, {verdict}\n", self.store)
    }
}

fn one(index: &Verified) -> String {
    let Verified {
        name,
        ok,
        dropped,
        rows,
        seq,
        digest,
        snapshots,
        entries,
        floor,
        objects,
        bytes,
        problems,
        notes,
    } = index;
    let state = match (ok, dropped) {
        (true, false) => "ok",
        (true, true) => "ok (dropped)",
        (false, _) => "PROBLEMS",
    };
    let range = match (entries.first, entries.last) {
        (Some(first), Some(last)) => format!("{} ({first} to {last})", entries.count),
        (_, _) => "0".to_owned(),
    };
    let mut text = format!("{name}: {state}\n")
        + &lines([
            ("rows", format!("{rows} at entry {seq}")),
            ("digest", digest.clone().unwrap_or_else(|| "-".to_owned())),
            ("snapshots", list(snapshots.iter().map(|snapshot| snapshot.seq))),
            ("entries", range),
            (
                "floor",
                if floor.n == 0 { "-".to_owned() } else { format!("{} (number {})", floor.seq, floor.n) },
            ),
            ("on store", format!("{objects} objects, {}", size(*bytes))),
        ]);
    for (word, findings) in [("problem", problems), ("note", notes)] {
        for Finding { object, what } in findings {
            writeln!(text, "  {word:<12}{object}: {what}").expect("a string takes everything");
        }
    }
    text
}
