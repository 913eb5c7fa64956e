//! How many threads attach rows, and the pools they come from: never rayon's global one.
//!
//! Pools are made on first use and live as long as the process. A forked child has none of the
//! threads, only the memory that speaks of them: it makes its own, and never uses or drops those it
//! inherited. No lock guards the pools, because a fork could leave it locked for ever.

use std::mem::ManuallyDrop;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// The number of threads that work on one graph, and whether they give way to others. What they make does not
/// depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threads {
    count: usize,
    gives_way: bool,
}

/// More threads than this are not asked for: one who names a million means all there are.
const MOST: usize = 256;

/// The pools made so far, by this process or by those it was forked from.
static POOLS: ArcSwapOption<Pool> = ArcSwapOption::const_empty();

struct Pool {
    pid: u32,
    threads: Threads,
    workers: ManuallyDrop<ThreadPool>,
    older: Option<Arc<Pool>>,
}

impl Threads {
    /// The calling thread alone.
    pub const ONE: Self = Self { count: 1, gives_way: false };

    /// `count` threads, at least one and at most 256.
    pub fn new(count: usize) -> Self {
        Self { count: count.clamp(1, MOST), gives_way: false }
    }

    /// As many as `VECTORD_THREADS` says, else as there are cores.
    pub fn from_environment() -> Self {
        let asked = std::env::var("VECTORD_THREADS").ok().and_then(|text| text.trim().parse().ok());
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::new(asked.filter(|&count| count > 0).unwrap_or_else(cores))
    }

    /// As many, which run when nobody who waits for an answer wants the processor.
    #[must_use]
    pub fn giving_way(self) -> Self {
        Self { gives_way: true, ..self }
    }

    pub(super) fn count(self) -> usize {
        self.count
    }

    /// `work` of each item, in the order of the items.
    pub fn map<T: Sync, R: Send>(self, items: &[T], work: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
        let pool = if self.count > 1 && items.len() > 1 { Pool::of(self) } else { None };
        match pool {
            Some(pool) => pool.workers.install(|| items.par_iter().map(work).collect()),
            None => items.iter().map(work).collect(),
        }
    }

    /// Sorts `items`, of which equal ones cannot be told apart.
    pub(super) fn sort<T: Ord + Send>(self, items: &mut [T]) {
        match if self.count > 1 { Pool::of(self) } else { None } {
            Some(pool) => pool.workers.install(|| items.par_sort_unstable()),
            None => items.sort_unstable(),
        }
    }
}

/// Lets other threads have the processor first, of whatever process; for good.
///
/// On Linux, where priorities are of threads. A refusal changes no result.
pub fn give_way() {
    #[cfg(target_os = "linux")]
    {
        /// About a tenth of the share of a thread that does not.
        const NICE: i32 = 10;
        let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
    }
}

impl Pool {
    /// This process's pool of `threads`; `None` where the system gives no threads.
    fn of(threads: Threads) -> Option<Arc<Self>> {
        let pid = std::process::id();
        let is_this = |pool: &Arc<Self>| (pool.pid, pool.threads) == (pid, threads);
        let mut pools = std::iter::successors(POOLS.load_full(), |pool| pool.older.clone());
        if let Some(known) = pools.find(is_this) {
            return Some(known);
        }
        let work = if threads.gives_way { "attach" } else { "search" };
        let named = move |at| format!("vectord-{work}-{at}");
        // Of two that are made at once both stay; either serves.
        let begin = move |_| {
            if threads.gives_way {
                give_way();
            }
        };
        let builder = ThreadPoolBuilder::new().num_threads(threads.count).start_handler(begin);
        let workers = builder.thread_name(named).build().ok()?;
        let workers = ManuallyDrop::new(workers);
        let mut pool = Arc::new(Self { pid, threads, workers, older: POOLS.load_full() });
        loop {
            let older = pool.older.clone();
            let found = POOLS.compare_and_swap(&older, Some(Arc::clone(&pool)));
            if found.as_ref().map(Arc::as_ptr) == older.as_ref().map(Arc::as_ptr) {
                return Some(pool);
            }
            let latest = arc_swap::Guard::into_inner(found);
            Arc::get_mut(&mut pool).expect("a pool not taken in is nobody else's").older = latest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items_whatever_the_number_of_threads() {
        let items: Vec<u64> = (0..10_000).collect();
        let expected: Vec<u64> = items.iter().map(|item| item * item).collect();
        for threads in [0, 1, 2, 4] {
            let threads = Threads::new(threads);
            assert_eq!(threads.map(&items, |item| item * item), expected);
            let mut mixed: Vec<u64> = items.iter().map(|item| item * 7919 % 10_000).collect();
            threads.sort(&mut mixed);
            assert_eq!(mixed, items);
        }
    }

    #[test]
    fn a_pool_is_made_once() {
        let [first, second] =
            [(); 2].map(|()| Pool::of(Threads::new(3))).map(|pool| pool.expect("this system has threads"));
        assert!(Arc::ptr_eq(&first, &second));
    }
}
