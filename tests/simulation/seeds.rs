//! Which seeds are run: those that failed last time, those that once failed, then 0, 1, 2..
//!
//! Seeds that fail are written to `target/simulation/failed-seeds.txt`.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::counts::Table;
use super::run::{How, run};
use crate::support::numbers::Seeded;

/// Seeds that once failed; `#` begins a comment.
const ONCE_FAILED: &str = include_str!("seeds.txt");

fn kept() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/simulation/failed-seeds.txt")
}

fn numbers(text: &str) -> impl Iterator<Item = u64> {
    text.lines().filter_map(|line| line.split('#').next()?.trim().parse().ok())
}

/// What many seeds did.
#[derive(Default)]
pub struct Summary {
    pub table: Table,
    /// The seeds that failed, and why.
    pub failed: Vec<(u64, String)>,
}

/// Runs each of `seeds` until the time is over, on two threads.
pub fn run_each(seeds: impl Iterator<Item = u64> + Send, how: How, ends: Option<Instant>) -> Summary {
    let (next, summary) = (Mutex::new(seeds), Mutex::new(Summary::default()));
    let one_thread = || {
        while ends.is_none_or(|ends| Instant::now() < ends) {
            let Some(seed) = next.lock().unwrap().next() else { return };
            let ran = run(seed, how);
            let mut summary = summary.lock().unwrap();
            summary.table.add(&ran.counts);
            summary.failed.extend(ran.violation.map(|violation| (seed, violation)));
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(one_thread);
        scope.spawn(one_thread);
    });
    summary.into_inner().unwrap()
}

/// The seeds of a test run: at least the first `many`, or for `soak`.
pub fn run_all(many: u64, soak: Option<Duration>) -> Summary {
    let failed_before = fs::read_to_string(kept()).unwrap_or_default();
    let known: Vec<u64> = numbers(&failed_before).chain(numbers(ONCE_FAILED)).collect();
    let summary = match soak {
        None => run_each(known.into_iter().chain(0..many), How::default(), None),
        Some(time) => {
            let mut random = Seeded(std::process::id().into());
            let drawn = std::iter::from_fn(move || Some(random.next()));
            run_each(known.into_iter().chain(drawn), How::default(), Some(Instant::now() + time))
        }
    };
    let mut seeds: Vec<u64> = summary.failed.iter().map(|(seed, _)| *seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    fs::create_dir_all(kept().parent().unwrap()).unwrap();
    let lines: Vec<String> = seeds.iter().map(u64::to_string).collect();
    fs::write(kept(), lines.join("\n")).unwrap();
    summary
}

/// After how many of the seeds 0, 1, 2.. below `many` one fails, and why.
#[cfg(feature = "bugs")]
pub fn first_failure(many: u64, how: How) -> Option<(u64, String)> {
    (0..many).find_map(|seed| run(seed, how).violation.map(|violation| (seed + 1, violation)))
}
