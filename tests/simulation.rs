//! The real log, committer and registry over a simulated store: seeded, and the same each time.
//!
//! A seed decides what three writers and a reader do, which of their store calls goes first, and what
//! happens to each: lost, late, told wrongly, damaged, or its process killed. Afterwards an oracle knows the
//! true order of all entries, and holds every answer and every read against it. `VECTORD_SEED=n` runs one
//! seed and prints its steps; `VECTORD_SOAK=seconds` runs new seeds for that long.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod simulation {
    #![allow(unreachable_pub, reason = "one test binary")]

    pub mod batch;
    pub mod call;
    pub mod client;
    pub mod counts;
    pub mod faults;
    pub mod journal;
    pub mod model;
    pub mod oracle;
    pub mod process;
    pub mod run;
    pub mod store;
    pub mod turnstile;
    pub mod world;

    /// The index that all are about.
    pub const NAME: &str = "docs";
}
mod support;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use simulation::counts::Table;
use simulation::run::{How, run};

const SEEDS: u64 = 2_000;

/// Runs the seeds on two threads; returns the table and the seeds that failed.
fn run_all(seeds: u64) -> (Table, Vec<(u64, String)>) {
    let next = AtomicU64::new(0);
    let results = Mutex::new((Table::default(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    let ran = run(seed, How::default());
                    let mut results = results.lock().unwrap();
                    results.0.add(&ran.counts);
                    if let Some(violation) = ran.violation {
                        results.1.push((seed, violation));
                    }
                }
            });
        }
    });
    results.into_inner().unwrap()
}

#[test]
fn no_seed_loses_doubles_or_hides_a_batch() {
    if let Ok(seed) = std::env::var("VECTORD_SEED") {
        let ran = run(seed.parse().unwrap(), How { traced: true, ..How::default() });
        println!("{}", ran.trace.join("\n"));
        assert_eq!(ran.violation, None);
        return;
    }
    let begun = std::time::Instant::now();
    let (table, failed) = run_all(SEEDS);
    println!("{SEEDS} seeds in {:.0?}\n{table}", begun.elapsed());
    let mut kinds: std::collections::BTreeMap<String, (usize, u64, String)> = Default::default();
    for (seed, violation) in &failed {
        let kind: String = violation.chars().filter(|c| !c.is_ascii_digit()).take(40).collect();
        let k = kinds.entry(kind).or_insert((0, *seed, violation.chars().take(600).collect()));
        k.0 += 1;
    }
    for (_, (n, seed, violation)) in &kinds {
        println!("{n} x, first seed {seed}: {violation}");
    }
    assert!(failed.is_empty(), "{} seeds failed", failed.len());
}
