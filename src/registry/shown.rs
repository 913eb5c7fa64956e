//! What readers and the background see of an index: reached without a lock, also while it is being written.
//!
//! The index itself is replaced only when the log left this process behind and it started again from a snapshot.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};

use super::sampler::Sampler;
use crate::error::{Error, ErrorKind};
use crate::index::{Index, give_way};

/// With more due rows than this to scan, each of which costs every search a look, writers help to attach.
const SCANNED: usize = 4_096;

/// Rows that are attached in the time of one written, then. So writes slow down after a compaction, but go on, and
/// at most an eighth as many rows as are being attached again come to be scanned.
const OWED: usize = 8;

/// The shared face of an index.
pub(super) struct Shown {
    index: ArcSwap<Index>,
    /// The index was dropped, here or by another process.
    dropped: AtomicBool,
    /// Why writes are refused: a damaged entry, a second writer on a store that cannot decide races.
    halted: ArcSwapOption<Error>,
    /// A thread is attaching rows.
    attaching: AtomicBool,
    /// Time spent attaching that is not yet counted as replay.
    attach_nanos: AtomicU64,
    /// No floor up to this one calls for vectors to be read from a newer snapshot.
    remapped: AtomicU64,
    /// What tries some of the searches again.
    pub(super) sampler: Arc<Sampler>,
}

impl Shown {
    /// Of its searches, the share `live_recall` is tried again.
    pub(super) fn new(index: Index, live_recall: f64) -> Arc<Self> {
        Arc::new(Self {
            index: ArcSwap::from_pointee(index),
            dropped: AtomicBool::new(false),
            halted: ArcSwapOption::empty(),
            attaching: AtomicBool::new(false),
            attach_nanos: AtomicU64::new(0),
            remapped: AtomicU64::new(0),
            sampler: Arc::new(Sampler::new(live_recall)),
        })
    }

    pub(super) fn index(&self) -> Arc<Index> {
        self.index.load_full()
    }

    pub(super) fn replace(&self, index: Index) {
        self.index.store(Arc::new(index));
    }

    /// Whether snapshots below `floor` may be gone, so that it is time to read vectors from a newer one; true
    /// once for each floor.
    pub(super) fn outgrows_map(&self, floor: u64) -> bool {
        self.remapped.fetch_max(floor, Ordering::AcqRel) < floor
    }

    pub(super) fn is_dropped(&self) -> bool {
        self.dropped.load(Ordering::Acquire)
    }

    pub(super) fn drop_it(&self) {
        self.dropped.store(true, Ordering::Release);
    }

    pub(super) fn halted(&self) -> Option<Error> {
        self.halted.load().as_deref().cloned()
    }

    /// The damage behind which nothing can be read, if that is why writes are refused.
    pub(super) fn damage(&self) -> Option<Error> {
        self.halted().filter(|error| error.kind() == ErrorKind::Corrupt)
    }

    pub(super) fn halt(&self, error: Option<Error>) {
        self.halted.store(error.map(Arc::new));
    }

    /// Attaches what is due in a thread of its own, unless one is at it. What has no thread is attached when a
    /// snapshot is taken; until then it is searched exactly.
    pub(super) fn attach(self: &Arc<Self>, name: &str) {
        if self.index.load().pending() == 0 || self.attaching.swap(true, Ordering::AcqRel) {
            return;
        }
        let shown = Arc::downgrade(self);
        let thread = std::thread::Builder::new().name(format!("attach {name}"));
        let started = thread.spawn(move || {
            give_way();
            // The last handle may go while this runs: then the rest is not worth attaching.
            while let Some(shown) = shown.upgrade() {
                if shown.attach_some() {
                    continue;
                }
                shown.attaching.store(false, Ordering::Release);
                // What became due between the last look and this store has no thread yet.
                let more = shown.index.load().pending() > 0;
                if !more || shown.attaching.swap(true, Ordering::AcqRel) {
                    return;
                }
            }
        });
        if let Err(error) = started {
            self.attaching.store(false, Ordering::Release);
            tracing::warn!(index = name, %error, "no thread to attach rows");
        }
    }

    /// Attaches a piece of what is due; answers whether more is.
    fn attach_some(&self) -> bool {
        let begun = Instant::now();
        let more = self.index.load_full().attach_some();
        self.attach_nanos.fetch_add(begun.elapsed().as_nanos() as u64, Ordering::Relaxed);
        more
    }

    /// Attaches, in this thread, what is due by now.
    pub(super) fn attach_present(&self) {
        let begun = Instant::now();
        self.index.load_full().attach_present();
        self.attach_nanos.fetch_add(begun.elapsed().as_nanos() as u64, Ordering::Relaxed);
    }

    /// Attaches, in this thread, what writers who appended `rows` rows owe: until no more than a few rows are
    /// scanned by every search, and at most [`OWED`] rows for each of theirs.
    pub(super) fn keep_pace(&self, rows: usize) {
        let end = self.index.load().pending().saturating_sub(rows * OWED);
        let is_owed = || {
            let index = self.index.load();
            index.backlog() > SCANNED && index.pending() > end
        };
        while is_owed() && self.attach_some() {}
    }

    /// The time spent attaching since this was asked last.
    pub(super) fn take_attach_time(&self) -> Duration {
        Duration::from_nanos(self.attach_nanos.swap(0, Ordering::Relaxed))
    }
}
