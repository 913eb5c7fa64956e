//! A batch of rows on its way into the graph, in steps of bounded length.
//!
//! What the steps come to is fixed when the batch is: the rows up to its end, and the graph before it.
//! A step may do less or more, on one thread or on many, now or later: the graph after the batch is the same.

use std::sync::Arc;

use super::ahead::Ahead;
use super::attach::Piece;
use super::edges;
use super::growing::Graph;
use super::rows::RowsView;
use super::schedule;
use super::shuffle::shuffle;
use super::skeleton::Skeleton;
use super::threads::Threads;
use super::walk::Ground;

/// Mixed with the row count into the seed of each batch's permutation.
const SEED: u64 = 0x7665_6374_6f72_6400;

/// Rows gathered, in the time of one searched for.
const GATHERED: usize = 128;

/// What a step of the due work came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing was due.
    Idle,
    /// Something is done that no search finds yet.
    Worked,
    /// A new view finds more rows through the graph, or finds them better.
    Shown,
}

/// What is under way.
#[derive(Debug)]
pub(super) struct Batch {
    /// The row count at the entry that made it due: its slots end here.
    pub(super) end: usize,
    /// Its distinct rows that no row before it equals; in the order of attaching once all are gathered.
    slots: Vec<u32>,
    /// How many of them are attached.
    done: usize,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Copies are being told from the first of their bits; the next slot to look at.
    Gather(usize),
    /// The first rows of all are being linked.
    Skeleton(Skeleton),
    /// Rows are being attached.
    Attach(Piece),
    /// The lists of the oldest rows are being chosen again: theirs, and the new lists so far.
    Grow(Vec<u32>, Vec<Vec<u32>>),
    /// Nothing is left to do.
    Done,
}

impl Graph {
    /// Does a piece of the due work: about 20 ms of each thread's time, more only where one row takes more.
    ///
    /// # Panics
    /// If `rows` holds fewer rows than the entries announced.
    pub fn step(&mut self, rows: &RowsView, threads: Threads) -> Step {
        let Some(batch) = self.under_way.take().or_else(|| self.begin()) else { return Step::Idle };
        assert!(batch.end <= rows.len(), "rows were announced before they were there");
        let (batch, step) = self.advance(batch, rows, threads);
        self.under_way = batch;
        step
    }

    fn begin(&mut self) -> Option<Batch> {
        let end = self.schedule.batch(self.attached)?;
        // A batch half done and lost would go unseen into snapshots.
        assert_eq!(self.tree.slots(), self.attached, "an earlier step panicked");
        if end > self.links.slots() {
            self.links = Arc::new(self.links.grown(end.max(self.links.slots() * 2)));
        }
        self.tree.extend(end);
        self.ahead = Arc::new(Ahead::new(self.attached, end));
        Some(Batch { end, slots: Vec::new(), done: 0, stage: Stage::Gather(self.attached) })
    }

    fn advance(&mut self, mut batch: Batch, rows: &RowsView, threads: Threads) -> (Option<Batch>, Step) {
        let budget = rows_in_a_step(rows.space().dimension());
        let ef = self.ef_construction;
        match &mut batch.stage {
            Stage::Gather(at) => {
                let from = *at;
                *at = batch.end.min(from + budget * GATHERED);
                let to = *at;
                self.gather(rows, from..to, &mut batch.slots);
                if to < batch.end {
                    return (Some(batch), Step::Worked);
                }
                shuffle(&mut batch.slots, SEED ^ batch.end as u64);
                batch.stage = if self.growth == 0 {
                    let first = &batch.slots[..schedule::skeleton(batch.slots.len())];
                    Stage::Skeleton(Skeleton::new(rows, first, self.links.width() / 2, ef))
                } else {
                    self.next_piece(&batch)
                };
            }
            Stage::Skeleton(skeleton) => {
                if skeleton.insert(budget) {
                    return (Some(batch), Step::Worked);
                }
                batch.done = schedule::skeleton(batch.slots.len());
                self.growth = schedule::BIRTH;
                let roots = schedule::entries(self.growth).min(batch.done);
                skeleton.finish(rows, &self.links, &mut self.tree, roots);
                self.entries = batch.slots[..roots].into();
                self.show(&batch.slots[..batch.done], batch.end);
                batch.stage = self.next_piece(&batch);
                return (Some(batch), Step::Shown);
            }
            Stage::Attach(piece) => {
                let ground = Ground { rows, links: &self.links, entries: &self.entries };
                let budget = (budget * threads.count(), threads);
                if !piece.step(ground, &mut self.tree, &self.shelf, ef, budget) {
                    return (Some(batch), Step::Worked);
                }
                let end = batch.done + piece.len();
                self.show(&batch.slots[batch.done..end], batch.end);
                batch.done = end;
                batch.stage = self.next_piece(&batch);
                return (Some(batch), Step::Shown);
            }
            Stage::Grow(oldest, lists) => {
                let end = oldest.len().min(lists.len() + budget * threads.count());
                let choose = |&slot: &u32| edges::choose_again(rows, &self.links, &self.tree, slot);
                lists.extend(threads.map(&oldest[lists.len()..end], choose));
                if end < oldest.len() {
                    return (Some(batch), Step::Worked);
                }
                for (&slot, list) in oldest.iter().zip(lists) {
                    self.links.replace(slot, list.iter().copied());
                }
                self.add_entries();
                batch.stage = self.next_growth(batch.end);
                return (Some(batch), Step::Shown);
            }
            Stage::Done => {
                self.attached = batch.end;
                self.ahead = Arc::default();
                self.schedule.forget(self.attached);
                return (None, Step::Shown);
            }
        }
        (Some(batch), Step::Worked)
    }

    /// Adds to `slots` those of `range` that are the first of their bits; the others hang off the first.
    fn gather(&mut self, rows: &RowsView, range: std::ops::Range<usize>, slots: &mut Vec<u32>) {
        for slot in range.start as u32..range.end as u32 {
            match self.copies.add(rows, &self.links, slot) {
                None => slots.push(slot),
                Some(first) if self.tree.has(first) => Arc::make_mut(&mut self.ahead).insert(slot),
                Some(_) => {}
            }
        }
    }

    /// Lets searches find `slots`, linked rows, and their copies up to the end of the batch.
    fn show(&mut self, slots: &[u32], end: usize) {
        let ahead = Arc::make_mut(&mut self.ahead);
        for &slot in slots {
            self.links.copies(slot, end as u32).for_each(|copy| ahead.insert(copy));
        }
    }

    /// What comes after `done` rows of the batch.
    fn next_piece(&self, batch: &Batch) -> Stage {
        let Batch { end, slots, done, .. } = batch;
        if *done == slots.len() {
            return self.next_growth(*end);
        }
        let linked = self.copies.len() - (slots.len() - done);
        let to = slots.len().min(done + schedule::piece(*done, linked));
        Stage::Attach(Piece::new(&slots[*done..to]))
    }

    /// What comes after all rows are attached, `n` in all: where their count passed a growth point, the
    /// lists are chosen again that were made when the graph was a quarter as large.
    fn next_growth(&self, n: usize) -> Stage {
        if n < schedule::next_growth(self.growth) {
            return Stage::Done;
        }
        let oldest: Vec<u32> = self.tree.linked().take_while(|&slot| (slot as usize) < self.growth).collect();
        Stage::Grow(oldest, Vec::new())
    }

    /// Passes a growth point: adds entry points, spread over all rows of the time.
    fn add_entries(&mut self) {
        let mut spread: Vec<u32> = self.tree.linked().filter(|slot| !self.entries.contains(slot)).collect();
        self.growth = schedule::next_growth(self.growth);
        shuffle(&mut spread, SEED ^ self.growth as u64);
        let added = schedule::entries(self.growth).saturating_sub(self.entries.len());
        self.entries = self.entries.iter().copied().chain(spread.into_iter().take(added)).collect();
    }
}

/// Rows of `dimension` components that one thread searches for in about 15 ms.
fn rows_in_a_step(dimension: usize) -> usize {
    (64 * 512 / (dimension + 128)).max(1)
}
