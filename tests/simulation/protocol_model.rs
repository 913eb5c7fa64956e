//! The protocol of the log, without its code: random schedules of a model of it lose nothing.
//!
//! Every store operation is one step, and any process, or a request thought lost, may take the next. The
//! model knows put-if-absent, get, exists, list and delete, no clock and no compare-and-swap. What makes
//! the protocol hold is left out in three variants, each of which must be caught. The real code runs
//! through `claims.rs`.

mod collector;
mod process;
mod reader;
mod schedule;
mod world;
mod writer;

use std::collections::BTreeMap;

use self::schedule::{Ran, run};
use self::world::Rules;

/// What many schedules did.
struct Summary {
    sums: Ran,
    /// How many broke each promise.
    broken: BTreeMap<&'static str, usize>,
    /// The first that broke one: its seed, its promise, its steps.
    first: Option<String>,
}

/// Runs the schedules of seeds `0..schedules`.
fn schedules(rules: Rules, schedules: u64) -> Summary {
    let (mut sums, mut broken, mut first) = (Ran::default(), BTreeMap::new(), None);
    for seed in 0..schedules {
        let ran = run(rules, seed);
        sums.add(&ran);
        if let Some(violation) = ran.violation {
            *broken.entry(violation.promise()).or_default() += 1;
            first.get_or_insert_with(|| format!("seed {seed}: {violation:?}\n{}", ran.trace.join("\n")));
        }
    }
    let Ran { steps, acknowledged, deleted, overtaken, late, .. } = &sums;
    let failed: usize = broken.values().sum();
    println!(
        "{schedules} schedules, {steps} steps: {acknowledged} acknowledged, {deleted} entries deleted, \
         {overtaken} overtaken, {late} late arrivals; {failed} broken {broken:?}"
    );
    Summary { sums, broken, first }
}

#[test]
fn the_protocol_holds_in_every_schedule() {
    for kept in [1, 2] {
        let Summary { sums, first, .. } = schedules(Rules { kept, ..Rules::PROTOCOL }, 20_000);
        assert!(first.is_none(), "{}", first.unwrap());
        assert!(
            sums.acknowledged > 100_000 && sums.late > 10_000 && sums.deleted > 3_000,
            "they do too little"
        );
        assert!(sums.overtaken > 200, "they are too kind");
    }
}

#[test]
fn without_the_floor_check_schedules_lose_data() {
    let Summary { broken, .. } = schedules(Rules { checks_floor: false, ..Rules::PROTOCOL }, 6_000);
    assert!(!broken.is_empty());
}

#[test]
fn deleting_before_the_floor_loses_data() {
    let Summary { broken, .. } = schedules(Rules { floor_first: false, ..Rules::PROTOCOL }, 6_000);
    assert!(!broken.is_empty());
}

#[test]
fn one_overwritten_snapshot_key_makes_indexes_unopenable() {
    let Summary { broken, .. } = schedules(Rules { immutable_snapshots: false, ..Rules::PROTOCOL }, 6_000);
    assert!(broken.contains_key("UNRECOVERABLE"), "{broken:?}");
}
