//! When rows are attached, and in what pieces: a function of row counts at entries of the log only.
//!
//! An entry that leaves few rows unattached waits for more; when enough pend, all of them become one
//! batch, to be attached in shuffled order. Rows of one piece do not see each other, so pieces start at
//! 32 rows and may double: a batch that is a cluster of its own still links to itself.
//!
//! Architecture invariant: a [`Schedule`] changes by [`Schedule::note`] alone. When batches are run, by
//! how many threads, and what came into the log meanwhile cannot be seen in it.

use std::collections::VecDeque;

use super::links::MAX_SLOTS;

/// Rows below which there is no graph: an exact scan is faster.
pub(super) const BIRTH: usize = 2048;

/// What the log fixes: the rows it has appended, and the batches they are attached in.
#[derive(Debug, Clone, Default)]
pub struct Schedule {
    /// Rows that the entries so far appended.
    pub(super) seen: usize,
    /// Slots below this are attached once every batch has run; the others wait for more rows.
    due: usize,
    /// Where each batch that may not have run yet ends; it begins where the one before it ended.
    batches: VecDeque<usize>,
}

impl Schedule {
    /// Of an index without rows.
    pub fn new() -> Self {
        Self::resumed(0, 0)
    }

    /// After entries that appended `seen` rows, `attached` of which their batches have attached.
    pub(super) fn resumed(seen: usize, attached: usize) -> Self {
        Self { seen, due: attached, batches: VecDeque::new() }
    }

    /// Takes notice of one entry of the log, which appended `rows` rows.
    ///
    /// # Panics
    /// If there are more rows than slots can number.
    pub fn note(&mut self, rows: usize) {
        self.seen += rows;
        let n = self.seen;
        assert!(n < MAX_SLOTS, "slots leave their top bit free");
        if n >= BIRTH && n - self.due >= patience(n) {
            self.due = n;
            self.batches.push_back(n);
        }
    }

    /// Slots below this are attached once all that is due is done.
    pub fn due(&self) -> usize {
        self.due
    }

    /// Forgets the batches that made the slots below `attached` attached ones.
    pub fn forget(&mut self, attached: usize) {
        while self.batches.front().is_some_and(|&end| end <= attached) {
            self.batches.pop_front();
        }
    }

    /// Where the batch ends that begins at `attached`.
    pub(super) fn batch(&self, attached: usize) -> Option<usize> {
        self.batches.iter().copied().find(|&end| end > attached)
    }
}

/// Rows that pend before they are attached to a graph of `rows` rows in all.
///
/// Every search scans them: a thousand would cost it more than its walk through the graph.
fn patience(rows: usize) -> usize {
    if rows < 4096 { 32 } else { 256 }
}

/// Rows of a build of `rows` that form its skeleton.
pub(super) fn skeleton(rows: usize) -> usize {
    (rows / 32).clamp(512, 2048).min(rows)
}

/// Rows of the next piece, after `done` rows of the same batch, when the graph links `linked`.
///
/// At most a quarter of the graph, so that a piece never outweighs what it attaches to; at most 5 %
/// of it beyond 1,024 rows, and 8,192.
pub(super) fn piece(done: usize, linked: usize) -> usize {
    done.min(linked / 4).max(32).min((linked / 20).max(1024)).min(8192)
}

/// The row count at which entry points are added and the oldest lists chosen again, after `last`.
pub(super) fn next_growth(last: usize) -> usize {
    last.saturating_mul(4)
}

/// The row count between two growth points at which searches are tried out again.
pub(super) fn half_way(growth: usize) -> usize {
    growth.saturating_mul(2)
}

/// Entry points that are added where rows come that are unlike all before them; and there are never more than so many.
pub(super) const ODD: usize = 8;
pub(super) const MOST_ENTRIES: usize = 256;

/// Entry points of a graph whose last growth point was at `growth` rows.
///
/// Each costs every search one row; on text 128 gave the recall of 256.
pub(super) fn entries(growth: usize) -> usize {
    let growths = (growth / BIRTH).ilog(4) as usize;
    32 + 8 * growths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_start_small_double_and_keep_their_bounds() {
        assert_eq!(piece(0, 50_000), 32);
        assert_eq!(piece(64, 50_000), 64);
        assert_eq!(piece(100_000, 40_000), 2000);
        assert_eq!(piece(100_000, 2000), 500);
        assert_eq!(piece(100_000, 1), 32);
        assert_eq!(piece(1 << 30, 1 << 30), 8192);
    }

    #[test]
    fn batches_end_at_entries_and_do_not_depend_on_when_they_are_forgotten() {
        let entries = [2000, 47, 1, 31, 1, 3000, 255, 1, 700];
        let (mut kept, mut forgetful) = (Schedule::new(), Schedule::new());
        for rows in entries {
            kept.note(rows);
            forgetful.note(rows);
            assert_eq!(forgetful.due(), kept.due());
            forgetful.forget(forgetful.due());
            assert_eq!(forgetful.batch(kept.due()), None);
        }
        assert_eq!(kept.batches, [2048, 2080, 5080, 5336, 6036]);
        assert_eq!(
            [0, 2048, 5080].map(|attached| kept.batch(attached)),
            [Some(2048), Some(2080), Some(5336)]
        );
    }
}
