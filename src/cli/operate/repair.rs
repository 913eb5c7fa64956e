//! `vectord repair`.
//!
//! Without --quarantine it only looks; with it the registry does what the operator said.

use std::fmt::Write as _;

use clap::Args;

use super::output::{Output, lines};
use crate::error::Result;
use crate::registry::operate::{self, Damage, Diagnosis, Finding, Quarantine};
use crate::store;

pub(in crate::cli) const HELP: &str = "\
Says where an index stops being readable, and the command to type. With --quarantine N it carries that out: entry N is
given up, and the index goes on after it.

N must be the first entry that is damaged (or missing while later ones are there) and that no snapshot covers; anything
else is refused. The damaged bytes are copied to _vectors/NAME/quarantine/N.lhl1, a record of what was lost (the writer,
the operations and ids that can still be read) to N.json beside it, and a snapshot of the state before N is placed at N,
which makes every process pass the entry over. Entries after N count as before. Nothing is deleted or overwritten. What
entry N held was acknowledged to its writer and is lost: it has to be added again.

Before you give an entry up: a process that still has the index open and is past N heals it without loss by a checkpoint
(a newer snapshot; a process that ends in order makes one where its log is long enough); so does a good copy of the object from a backup, put in its place. End or
restart the processes that use the index afterwards.

Exit status: 0 if nothing is wrong or N was given up, 1 if something is wrong or it was refused, 2 for wrong flags.

JSON: {name, readable_at, rows, damage: {seq, object, why, bytes, next_entry_exists} or null, damaged_snapshots:
[{object, what}], advice}; with --quarantine {name, seq, why, bytes, writer_id, writer_batch, ops: [{kind, count,
idempotency_key, op_index, ids}], next_entry_exists, lost, objects, dry_run}

Examples:
  vectord repair ./vectors docs
  vectord repair ./vectors docs --quarantine 17 --dry-run
  vectord repair ./vectors docs --quarantine 17";

#[derive(Debug, Args)]
pub(in crate::cli) struct Repair {
    /// A directory or file:// URL, or the http:// or https:// address of a storaged
    #[arg(value_name = "STORE")]
    store: String,
    /// The index
    #[arg(value_name = "NAME")]
    name: String,
    /// Give up entry N
    #[arg(long, value_name = "N")]
    quarantine: Option<u64>,
    /// Say what --quarantine would do, and do nothing
    #[arg(long, requires = "quarantine")]
    dry_run: bool,
    #[command(flatten)]
    output: Output,
}

/// Whether the index is whole, or was made so.
pub(in crate::cli) fn repair(repair: &Repair) -> Result<bool> {
    let Repair { store, name, quarantine, dry_run, output } = repair;
    output.begin()?;
    let store = store::open_existing(store)?;
    if let Some(seq) = quarantine {
        let done = operate::quarantine(&*store, name, *seq, *dry_run)?;
        output.print(&done, || given_up(&done));
        return Ok(true);
    }
    let diagnosis = operate::diagnose(&*store, name)?;
    output.print(&diagnosis, || told(&diagnosis));
    Ok(diagnosis.damage.is_none() && diagnosis.damaged_snapshots.is_empty())
}

fn told(diagnosis: &Diagnosis) -> String {
    let Diagnosis { name, readable_at, rows, damage, damaged_snapshots, advice } = diagnosis;
    let mut text =
        format!("{name}\n") + &lines([("readable", format!("{rows} rows at entry {readable_at}"))]);
    if let Some(Damage { object, why, next_entry_exists, .. }) = damage {
        let after = if *next_entry_exists { "entries follow it" } else { "no entry follows it" };
        text += &lines([("damage", format!("{object}: {why}; {after}"))]);
    }
    for Finding { object, what } in damaged_snapshots {
        text += &lines([("damage", format!("{object}: {what}"))]);
    }
    text + &lines([("advice", advice.clone())])
}

fn given_up(done: &Quarantine) -> String {
    let Quarantine { name, seq, why, lost, objects, dry_run, ops, .. } = done;
    let (did, wrote) = if *dry_run { ("would be given up", "would write") } else { ("given up", "wrote") };
    let mut text = format!("{name}: entry {seq} {did}: {why}\n") + &lines([("lost", lost.clone())]);
    let ids: usize = ops.iter().map(|op| op.ids.len()).sum();
    if ids > 0 {
        text += &lines([("ids", format!("{ids}, in the record"))]);
    }
    for object in objects {
        writeln!(text, "  {wrote:<12}{object}").expect("a string takes everything");
    }
    text
}
