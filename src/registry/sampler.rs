//! Tries a share of the searches of an index again, exactly, in the background, to tell what searches find.
//!
//! The searches pay for a counter. One of an index is tried at a time, by a thread that starts with the first, gives way,
//! and rests until the trial is paid for (`allowance.rs`). No search is kept while it rests, since that would keep old
//! rows in memory: what is picked then is let go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::allowance::TRIALS;
use super::estimate::{Latest, LiveRecall, Tried};
use crate::index::{Trial, draw, give_way};

/// A thread that was offered nothing for so long ends; the next trial starts another.
const IDLE: Duration = Duration::from_secs(10);

/// What tries searches of one index; dropping it ends its thread.
pub(super) struct Sampler {
    /// A forked child has none of the threads, and a lock may be held there for ever.
    pid: u32,
    share: f64,
    searches: AtomicU64,
    shared: Arc<Shared>,
}

struct Shared {
    /// A trial is welcome. It is written under the lock of `desk`.
    open: AtomicBool,
    desk: Mutex<Desk>,
    changed: Condvar,
    latest: Mutex<Latest>,
}

#[derive(Default)]
struct Desk {
    trial: Option<Trial>,
    has_thread: bool,
    ended: bool,
}

impl Sampler {
    /// Tries about the share `share` of the searches; 0 is none of them.
    pub(super) fn new(share: f64) -> Self {
        let shared = Shared {
            open: AtomicBool::new(share > 0.0),
            desk: Mutex::default(),
            changed: Condvar::new(),
            latest: Mutex::default(),
        };
        Self { pid: std::process::id(), share, searches: AtomicU64::new(0), shared: Arc::new(shared) }
    }

    /// Counts `searches` more; answers whether one of them is to be tried, and can be now.
    pub(super) fn picks(&self, searches: usize) -> bool {
        self.draws(searches)
            && self.shared.open.load(Ordering::Relaxed)
            && TRIALS.owed().is_zero()
            && self.pid == std::process::id()
    }

    /// Which ones is a hash of the count: every n-th would be the same ones of queries that come round again.
    fn draws(&self, searches: usize) -> bool {
        if self.share == 0.0 {
            return false;
        }
        let count = self.searches.fetch_add(searches as u64, Ordering::Relaxed);
        unit(draw(count)) < self.share * searches as f64
    }

    /// Which of so many searches at once, at least one, is tried.
    pub(super) fn one_of(&self, searches: usize) -> usize {
        (draw(!self.searches.load(Ordering::Relaxed)) % searches as u64) as usize
    }

    /// Has the trial of a search that was picked carried out, unless another is under way.
    pub(super) fn offer(&self, trial: Option<Trial>) {
        let Some(trial) = trial else { return };
        let mut desk = self.shared.desk.lock();
        if !self.shared.open.load(Ordering::Relaxed) {
            return;
        }
        self.shared.open.store(false, Ordering::Relaxed);
        desk.trial = Some(trial);
        if desk.has_thread {
            self.shared.changed.notify_all();
            return;
        }
        let shared = Arc::clone(&self.shared);
        let thread = std::thread::Builder::new().name("vectord recall".to_owned());
        match thread.spawn(move || run(&shared)) {
            Ok(_) => desk.has_thread = true,
            Err(error) => {
                desk.trial = None;
                self.shared.open.store(true, Ordering::Relaxed);
                tracing::debug!(%error, "no thread to measure recall");
            }
        }
    }

    /// What was found out so far.
    pub(super) fn live_recall(&self) -> Option<LiveRecall> {
        if self.pid == std::process::id() { self.shared.latest.lock().live_recall() } else { None }
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        if self.pid == std::process::id() {
            let mut desk = self.shared.desk.lock();
            desk.ended = true;
            self.shared.changed.notify_all();
        }
    }
}

fn run(shared: &Shared) {
    give_way();
    while let Some(trial) = shared.next() {
        let begun = Instant::now();
        if let Some((share, of)) = trial.recall() {
            shared.latest.lock().push(Tried { share, of, filtered: trial.is_filtered() });
        }
        // The rows it kept may be the last of an index: freeing them counts, too.
        drop(trial);
        TRIALS.spend(begun.elapsed());
        shared.rest();
    }
}

impl Shared {
    /// The next trial; `None` if there is none for long, or the index is gone.
    fn next(&self) -> Option<Trial> {
        let mut desk = self.desk.lock();
        let until = Instant::now() + IDLE;
        while desk.trial.is_none() && !desk.ended {
            if self.changed.wait_until(&mut desk, until).timed_out() {
                break;
            }
        }
        let trial = desk.trial.take().filter(|_| !desk.ended);
        desk.has_thread = trial.is_some();
        trial
    }

    /// Waits until nothing is owed, here and elsewhere in the process.
    fn rest(&self) {
        let mut desk = self.desk.lock();
        loop {
            let owed = TRIALS.owed();
            if owed.is_zero() || desk.ended {
                break;
            }
            self.changed.wait_for(&mut desk, owed);
        }
        self.open.store(true, Ordering::Relaxed);
    }
}

/// From 0 up to 1.
fn unit(drawn: u64) -> f64 {
    (drawn >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{Batch, Hits, Index, Operation, Params, SearchOptions};

    fn index() -> Arc<Index> {
        const ROWS: usize = 3_000;
        let index = Index::new(Params::new(8), 0).expect("good parameters");
        let ids: Vec<String> = (0..ROWS).map(|row| row.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let vectors: Vec<f32> = (0..ROWS as u64 * 8).map(|at| unit(draw(at)) as f32 - 0.5).collect();
        let batch = Batch { metadata: vec![None; ROWS], ids, vectors: &vectors };
        index.apply(1, &[Operation::Upsert(batch)]);
        index.attach_all();
        Arc::new(index)
    }

    fn search(index: &Index) -> Hits {
        index.search(&[1.0; 8], &SearchOptions::new(5)).unwrap()
    }

    /// Waits for what the background does.
    fn until(done: impl Fn() -> bool) {
        let begun = Instant::now();
        while !done() {
            assert!(begun.elapsed() < Duration::from_secs(60), "it does not come");
            std::thread::yield_now();
        }
    }

    #[test]
    fn about_the_share_that_was_asked_for_is_drawn() {
        for (share, least, most) in
            [(0.01, 800, 1_200), (0.5, 49_000, 51_000), (1.0, 100_000, 100_000), (0.0, 0, 0)]
        {
            let sampler = Sampler::new(share);
            let drawn = (0..100_000).filter(|_| sampler.draws(1)).count();
            assert!((least..=most).contains(&drawn), "{drawn} at {share}");
            assert!(sampler.one_of(7) < 7);
        }
        let batches = Sampler::new(0.01);
        let drawn = (0..10_000).filter(|_| batches.draws(10)).count();
        assert!((800..=1_200).contains(&drawn), "{drawn}");
    }

    #[test]
    fn neither_thread_nor_rows_stay_when_the_index_goes() {
        let (sampler, index) = (Sampler::new(1.0), index());
        let options = SearchOptions::new(5);
        assert!(!sampler.shared.desk.lock().has_thread, "no thread before the first trial");
        sampler.offer(index.trial(&[1.0; 8], &options, &search(&index)));
        until(|| sampler.live_recall().is_some());
        // It rests: what is offered now is let go.
        sampler.shared.open.store(false, Ordering::Relaxed);
        sampler.offer(index.trial(&[1.0; 8], &options, &search(&index)));
        assert!(sampler.shared.desk.lock().trial.is_none());
        let (shared, rows) = (Arc::downgrade(&sampler.shared), Arc::downgrade(&index));
        drop(sampler);
        drop(index);
        until(|| shared.strong_count() == 0 && rows.strong_count() == 0);
    }

    #[test]
    fn a_trial_of_rows_that_changed_is_none() {
        let index = index();
        let hits = search(&index);
        let options = SearchOptions::new(5);
        let trial = index.trial(&[1.0; 8], &options, &hits).unwrap();
        index.apply(2, &[Operation::Delete(vec!["7"])]);
        assert!(index.trial(&[1.0; 8], &options, &hits).is_none());
        // One that was taken before is of the rows before.
        assert_eq!(trial.recall().unwrap().1, 5);
        drop(index);
        assert!(trial.recall().is_none());
    }
}
