//! The real log, committer and registry over a simulated store: seeded, and the same each time.
//!
//! A seed decides what three writers and a reader do, which of their store calls goes first, and what
//! happens to each: lost, late, told wrongly, damaged, or its process killed. Afterwards an oracle knows the
//! true order of all entries, and holds every answer and every read against it. `VECTORD_SEED=n` runs one
//! seed and prints its steps; `VECTORD_SOAK=seconds` runs new seeds for that long.

use std::time::{Duration, Instant};

use crate::counts::Event;
use crate::run::{How, run};
use crate::seeds::{Summary, run_all};

const SEEDS: u64 = 2_000;

/// What must happen in at least one seed of a hundred, or the seeds prove little.
const COMMON: &[&[Event]] = &[
    &[Event::OvertakenReading],
    &[Event::OvertakenWriting],
    &[Event::LostAnswer],
    &[Event::LateWon],
    &[Event::LateRefused],
    &[Event::LateSnapshot],
    &[Event::FloorRace],
    &[Event::Rebase],
    &[Event::Compaction],
    &[Event::CreatedAgain],
    &[Event::Killed],
    &[Event::DeletedPassing],
    &[Event::PassedAgain],
];

fn environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

#[test]
fn no_seed_loses_doubles_or_hides_a_batch() {
    if let Some(seed) = environment("VECTORD_SEED") {
        let ran = run(seed, How { traced: true, ..How::default() });
        println!("{}", ran.trace.join("\n"));
        assert_eq!(ran.violation, None);
        return;
    }
    let begun = Instant::now();
    let Summary { table, failed } = run_all(SEEDS, environment("VECTORD_SOAK").map(Duration::from_secs));
    println!("{} seeds in {:.0?}\n{table}", table.seeds, begun.elapsed());
    for (seed, violation) in failed.iter().take(10) {
        println!("VECTORD_SEED={seed}: {violation:.600}");
    }
    assert!(failed.is_empty(), "{} seeds failed", failed.len());
    for event in COMMON {
        assert!(table.share(event) >= 1.0, "{event:?} in {:.1} % of the seeds only", table.share(event));
    }
}

#[test]
fn a_seed_is_the_same_schedule_every_time() {
    let traced = How { traced: true, ..How::default() };
    for seed in 0..20 {
        let (first, second) = (run(seed, traced), run(seed, traced));
        let differs = first.trace.iter().zip(&second.trace).position(|(one, other)| one != other);
        assert_eq!(differs.map(|at| (&first.trace[at], &second.trace[at])), None, "seed {seed}");
        assert_eq!((first.trace.len(), first.counts), (second.trace.len(), second.counts), "seed {seed}");
    }
}

/// The simulation is worth what it finds: each bug that such logs have had is found by it.
#[cfg(feature = "bugs")]
mod bugs {
    use super::*;
    use crate::seeds::first_failure;
    use vectord::log::Bug;

    /// Finds `bug` by what users see alone, and tells after how many seeds.
    fn is_found(bug: Bug) {
        let how = How { bug: Some(bug), only_outcomes: true, ..How::default() };
        let found = first_failure(SEEDS, how);
        let (seeds, violation) = found.unwrap_or_else(|| panic!("{bug:?} was not found in {SEEDS} seeds"));
        println!("{bug:?} found in {seeds} seeds: {violation:.300}");
    }

    #[test]
    fn bugs_no_floor_check_is_found() {
        is_found(Bug::NoFloorCheck);
    }

    #[test]
    fn bugs_delete_before_floor_is_found() {
        is_found(Bug::DeleteBeforeFloor);
    }

    #[test]
    fn bugs_ack_before_fsync_is_found() {
        is_found(Bug::AckBeforeFsync);
    }

    #[test]
    fn bugs_exists_is_conflict_is_found() {
        is_found(Bug::ExistsIsConflict);
    }

    #[test]
    fn bugs_pass_unknown_is_found() {
        is_found(Bug::PassUnknown);
    }

    #[test]
    fn bugs_overwritten_snapshot_is_found() {
        is_found(Bug::OverwrittenSnapshot);
    }

    #[test]
    fn bugs_ours_by_writer_is_found() {
        is_found(Bug::OursByWriter);
    }

    #[test]
    fn bugs_passed_once_is_found() {
        is_found(Bug::PassedOnce);
    }
}
