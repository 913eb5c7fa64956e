//! `vectord doctor`.
//!
//! What is tried stands in the store layer; here it is shown and remembered.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::output::{Output, lines, size};
use crate::error::Result;
use crate::store::{self, Check, Probe, Store};

pub(in crate::cli) const HELP: &str = "\
Tries whether the store keeps the promises that several writers rely on: 32 threads race to create one key, what was
put is read and listed at once, what was deleted is gone, nothing is overwritten. Then 20 puts are timed.

It writes below _vectord/doctor/ and deletes that again; its verdict stays in _vectord/doctor.json. No index is read or
written, so it may run while the store is in use. A directory that is not there is made.

Exit status: 0 if several processes may write to the store, 1 if not (one at a time still may) or if it cannot be
reached, 2 for wrong flags.

JSON: {store, several_writers, put_if_absent, durable, max_object_bytes, free_bytes, put_p50_seconds,
put_max_seconds, checks: [{name, ok, meaning, seen}]}

Examples:
  vectord doctor ./vectors
  vectord doctor http://127.0.0.1:3211 --json";

#[derive(Debug, Args)]
pub(in crate::cli) struct Doctor {
    /// A directory or file:// URL, memory:, or the http:// or https:// address of a storaged
    #[arg(value_name = "STORE")]
    store: String,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Verdict {
    store: String,
    several_writers: bool,
    put_if_absent: bool,
    durable: bool,
    max_object_bytes: u64,
    free_bytes: Option<u64>,
    put_p50_seconds: f64,
    put_max_seconds: f64,
    checks: Vec<Checked>,
}

#[derive(Serialize)]
struct Checked {
    name: &'static str,
    ok: bool,
    meaning: &'static str,
    seen: Option<String>,
}

/// Whether several processes may write.
pub(in crate::cli) fn doctor(doctor: &Doctor) -> Result<bool> {
    let Doctor { store, output } = doctor;
    output.begin()?;
    let store = store::open(store)?;
    let verdict = Verdict::of(&*store, store::probe(&*store)?);
    let remembered = serde_json::to_vec(&verdict).expect("a struct of strings and numbers is always JSON");
    store::remember(&*store, &remembered)?;
    output.print(&verdict, || verdict.text());
    Ok(verdict.several_writers)
}

impl Verdict {
    fn of(store: &dyn Store, probe: Probe) -> Self {
        let Probe { checks, put_p50, put_max, several_writers, free_bytes } = probe;
        let store::Capabilities { put_if_absent, durable, cheap_stat: _, max_object_bytes } =
            store.capabilities();
        let checked = |Check { name, ok, meaning, seen }| Checked { name, ok, meaning, seen };
        Self {
            store: store.url(),
            several_writers,
            put_if_absent,
            durable,
            max_object_bytes,
            free_bytes,
            put_p50_seconds: put_p50.as_secs_f64(),
            put_max_seconds: put_max.as_secs_f64(),
            checks: checks.into_iter().map(checked).collect(),
        }
    }

    fn text(&self) -> String {
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        let mut text = format!("{}\n", self.store);
        for Checked { name, ok, meaning, seen } in &self.checks {
            let word = if *ok { "ok" } else { "FAILED" };
            writeln!(text, "  {word:<8}{name:<18}{meaning}").expect("a string takes everything");
            if let Some(seen) = seen {
                writeln!(text, "          {seen}").expect("a string takes everything");
            }
        }
        let milliseconds = |seconds: f64| format!("{:.1} ms", seconds * 1e3);
        let (p50, max) = (milliseconds(self.put_p50_seconds), milliseconds(self.put_max_seconds));
        text + &lines([
            ("durable", yes(self.durable)),
            ("one put", format!("{p50} (half of 20 take longer), {max} at most")),
            ("free", self.free_bytes.map_or_else(|| "not known".to_owned(), size)),
            (
                "one object",
                if self.max_object_bytes >= 1 << 50 {
                    "of any size".to_owned()
                } else {
                    format!("{} at most", size(self.max_object_bytes))
                },
            ),
        ]) + &format!("several writers: {}\n", yes(self.several_writers))
    }
}
