//! The thread that follows what other processes write, for every live index of a store.
//!
//! Where the store can wake it (a directory), it sleeps until something appears; it looks from time to time all
//! the same, because a watch may miss what another host wrote. Elsewhere it asks, ever less often while nothing
//! comes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::thread::Thread;
use std::time::Duration;

use parking_lot::Mutex;

use super::core::Core;
use crate::frame;
use crate::store::{Store, Watch};

/// Between two looks at everything, where the store wakes us.
const WATCHED: Duration = Duration::from_millis(200);
/// Between two looks, where it cannot: at first, and when nothing came for long.
const ASKED_FIRST: Duration = Duration::from_millis(250);
const ASKED_LAST: Duration = Duration::from_secs(2);
/// Looking at an index costs about two microseconds: the pause grows with their number to keep that below 1 %.
const PAUSE_PER_INDEX: Duration = Duration::from_micros(200);
/// Every so many looks, also for floors and for repairs.
const THOROUGH: u64 = 10;

/// The follower of one store; dropping it ends its thread.
pub(super) struct Follower {
    shared: Arc<Shared>,
    waker: Option<Waker>,
    thread: Thread,
}

#[derive(Default)]
struct Shared {
    cores: Mutex<Vec<Weak<Core>>>,
    ended: AtomicBool,
}

impl Follower {
    /// Starts following on `store`. `None` if there is no thread to be had: reads that must be fresh still are.
    pub(super) fn start(store: &Arc<dyn Store>) -> Option<Self> {
        let watch = store.watch().unwrap_or_else(|error| {
            tracing::warn!(store = store.url(), %error, "the store is not watched, and is asked instead");
            None
        });
        let waker = watch.as_ref().map(|watch| watch.waker());
        let shared = Arc::<Shared>::default();
        let mine = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("vectord follower".into());
        match thread.spawn(move || run(&mine, watch)) {
            Ok(thread) => Some(Self { shared, waker, thread: thread.thread().clone() }),
            Err(error) => {
                tracing::warn!(store = store.url(), %error, "no thread to follow other processes");
                None
            }
        }
    }

    /// Follows `core` as long as it lives.
    pub(super) fn add(&self, core: &Arc<Core>) {
        self.shared.cores.lock().push(Arc::downgrade(core));
        self.wake();
    }

    fn wake(&self) {
        match &self.waker {
            Some(waker) => waker.wake_by_ref(),
            None => self.thread.unpark(),
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        self.wake();
    }
}

fn run(shared: &Shared, mut watch: Option<Box<dyn Watch>>) {
    let mut watched = BTreeSet::new();
    let mut named = Vec::new();
    let mut pause = ASKED_FIRST;
    for round in 0_u64.. {
        if shared.ended.load(Ordering::Acquire) {
            return;
        }
        let cores: Vec<Arc<Core>> = {
            let mut cores = shared.cores.lock();
            cores.retain(|core| core.strong_count() > 0);
            cores.iter().filter_map(Weak::upgrade).collect()
        };
        if let Some(watch) = &mut watch {
            renew(&mut **watch, &mut watched, &cores);
        }
        let mut found = false;
        let thorough = round % THOROUGH == 0;
        // After a wake only where something appeared; at a time-out, and from time to time, everywhere.
        let everywhere = thorough || named.is_empty();
        for core in cores.iter().filter(|core| everywhere || named.contains(&frame::log_prefix(&core.name))) {
            found |= look(core, thorough, watch.is_some());
        }
        let least = PAUSE_PER_INDEX * cores.len() as u32;
        // The last handle of an index may go meanwhile: then it is closed here, and not held on to.
        drop(cores);
        if let Some(watch) = &mut watch {
            named = watch.wait(WATCHED.max(least));
        } else {
            pause = if found { ASKED_FIRST } else { (pause * 2).min(ASKED_LAST) };
            std::thread::park_timeout(pause.max(least));
        }
    }
}

/// Watches the logs of `cores`, and no others.
fn renew(watch: &mut dyn Watch, watched: &mut BTreeSet<String>, cores: &[Arc<Core>]) {
    let wanted: BTreeSet<String> = cores.iter().map(|core| frame::log_prefix(&core.name)).collect();
    watched.retain(|prefix| {
        let keep = wanted.contains(prefix);
        if !keep {
            watch.remove(prefix);
        }
        keep
    });
    for prefix in wanted {
        if watched.contains(&prefix) {
            continue;
        }
        match watch.add(&prefix) {
            Ok(()) => drop(watched.insert(prefix)),
            Err(error) => tracing::debug!(prefix, %error, "not watched, and asked from time to time"),
        }
    }
}

/// Looks whether others wrote to an index; answers whether they did.
fn look(core: &Core, thorough: bool, cheap: bool) -> bool {
    let repaired = if thorough { core.recover() } else { Ok(()) };
    let followed = repaired.and_then(|()| core.follow(thorough || cheap));
    followed.and_then(|found| core.remap().map(|()| found)).unwrap_or_else(|error| {
        tracing::debug!(index = core.name, %error, "cannot follow");
        false
    })
}
