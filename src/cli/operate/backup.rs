//! `vectord backup`.
//!
//! The copying is the registry's; here it is called for each index, and one that fails stops no other.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::output::{Output, size};
use crate::error::Result;
use crate::registry::Registry;
use crate::registry::operate::{self, Copied};
use crate::store;

pub(in crate::cli) const HELP: &str = "\
Copies every index of the store, or those named, to another store, also while others write. Each copy is the index
exactly as it was at one moment: its newest sound snapshot and the entries after it. The copy is read back, opened and
verified before it counts. Dropped indexes are left out. STORE is only read; DEST must have nothing of the names copied,
and nothing there is ever overwritten.

To restore, use DEST as the store: `vectord serve --store DEST`, or back it up again to where it is wanted.

Copying files by hand: `cp -r` of the whole store takes them in no defined order, and while a checkpoint is under way it
may miss both the entries that were deleted and the snapshot that replaced them. What is safe during writes, for each
index: copy floor/ first, then log/, then snap/, each finished before the next begins. `vectord backup` needs no care.

Exit status: 0 if every index was copied, 1 if one was not (the others are), 2 for wrong flags.

JSON: {store, destination, ok, indexes: [{name, rows, seq, digest, objects, bytes}], failed: [{name, code, error}]}

Examples:
  vectord backup ./vectors /mnt/backup/2026-05-01
  vectord backup http://127.0.0.1:3211 ./copy docs --json";

#[derive(Debug, Args)]
pub(in crate::cli) struct Backup {
    /// A directory or file:// URL, or the http:// or https:// address of a storaged
    #[arg(value_name = "STORE")]
    store: String,
    /// Where to copy to: likewise; a directory is made if missing
    #[arg(value_name = "DEST")]
    destination: String,
    /// The indexes to copy; all of them if none is named
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Report {
    store: String,
    destination: String,
    ok: bool,
    indexes: Vec<Copied>,
    failed: Vec<Failed>,
}

#[derive(Serialize)]
struct Failed {
    name: String,
    code: &'static str,
    error: String,
}

/// Whether every index was copied.
pub(in crate::cli) fn backup(backup: &Backup) -> Result<bool> {
    let Backup { store, destination, names, output } = backup;
    output.begin()?;
    let from = store::open_existing(store)?;
    let to = store::open(destination)?;
    let names = if names.is_empty() { Registry::on(from.clone()).names()? } else { names.clone() };
    let mut report = Report {
        store: from.url(),
        destination: to.url(),
        ok: true,
        indexes: Vec::new(),
        failed: Vec::new(),
    };
    for name in names {
        match operate::backup(&*from, &*to, &name) {
            Ok(copied) => report.indexes.push(copied),
            Err(error) => {
                eprintln!("vectord: index {name:?} was not copied: {error}");
                let code = error.kind().code();
                report.failed.push(Failed { name, code, error: error.to_string() });
            }
        }
    }
    report.ok = report.failed.is_empty();
    output.print(&report, || report.text());
    Ok(report.ok)
}

impl Report {
    fn text(&self) -> String {
        let mut text = String::new();
        for Copied { name, rows, seq, digest: _, objects, bytes } in &self.indexes {
            let size = size(*bytes);
            writeln!(text, "{name}: {rows} rows at entry {seq}, {objects} objects, {size}, verified")
                .expect("a string takes everything");
        }
        let (copied, failed) = (self.indexes.len(), self.failed.len());
        text + &format!("{}: {copied} copied, {failed} not\n", self.destination)
    }
}
