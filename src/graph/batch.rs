//! A batch of rows on its way into the graph, in steps of bounded length.
//!
//! What the steps come to is fixed when the batch is: the rows up to its end, and the graph before it.
//! A step may do less or more, on one thread or on many, now or later: the graph after the batch is the same.

use std::sync::Arc;

use super::ahead::Ahead;
use super::attach::{Budget, Piece, Site};
use super::choice::{choose, still_serves};
use super::codes::Codes;
use super::growing::Graph;
use super::growth::{Growth, Resorting};
use super::rows::RowsView;
use super::schedule;
use super::shuffle::shuffle;
use super::skeleton::Skeleton;
use super::threads::Threads;
use super::tune::Trial;
use super::walk::Ground;

/// Mixed with the row count into the seed of each batch's permutation.
pub(super) const SEED: u64 = 0x7665_6374_6f72_6400;

/// Rows gathered and coded, in the time of one searched for.
const GATHERED: usize = 64;

/// The candidates weighed for each row of a skeleton: its lists are chosen again as rows are attached to it.
const SKELETON_EF: usize = 64;

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
    /// Whether rows are measured anew on its account, the graph being no larger than four times what it was
    /// fitted to.
    is_odd: bool,
    pub(super) stage: Stage,
}

#[derive(Debug)]
pub(super) enum Stage {
    /// Copies are being told from the first of their bits; the next slot to look at.
    Gather(usize),
    /// How rows are measured is to be chosen.
    Choose,
    /// Rows are being coded for a new measure.
    Code(Codes),
    /// The first rows of all are being linked.
    Skeleton(Box<Skeleton>),
    /// Rows are being attached.
    Attach(Piece),
    /// Lists are being sorted by a new measure.
    Resort(Resorting),
    /// The lists of the oldest rows are being chosen again.
    Grow(Growth),
    /// Searches are being tried out.
    Tune(Trial),
    /// Nothing is left to do but to say so.
    Done,
}

impl Batch {
    /// Rows of it that walks should begin at, because no older row leads to them.
    pub(super) fn odd(&self) -> &[u32] {
        if self.is_odd { &self.slots[..self.slots.len().min(schedule::ODD)] } else { &[] }
    }

    /// Whether all of its rows are attached.
    pub(super) fn is_attached(&self) -> bool {
        self.done == self.slots.len()
    }
}

impl Graph {
    /// Does a piece of the due work: about 20 ms of each thread's time, more only where one row takes more.
    ///
    /// # Panics
    /// If `rows` holds fewer rows than the entries announced, or an earlier step panicked.
    pub fn step(&mut self, rows: &RowsView, threads: Threads) -> Step {
        let Some(mut batch) = self.under_way.take().or_else(|| self.begin()) else { return Step::Idle };
        assert!(batch.end <= rows.len(), "rows were announced before they were there");
        let budget = Budget { rows: rows_in_a_step(rows.space().dimension()), threads };
        let (stage, step) = match std::mem::replace(&mut batch.stage, Stage::Done) {
            Stage::Gather(from) => self.gather(&mut batch, from, rows, budget),
            Stage::Choose => {
                let measure = choose(rows, batch.end, budget.threads);
                (Stage::Code(Codes::new(measure, batch.end)), Step::Worked)
            }
            Stage::Code(codes) => self.code(&batch, codes, rows, budget),
            Stage::Skeleton(skeleton) => self.build(&mut batch, skeleton, rows, budget),
            Stage::Attach(piece) => self.attach(&mut batch, piece, rows, budget),
            Stage::Resort(resorting) => self.resort(&batch, resorting, rows, budget),
            Stage::Grow(growth) => self.grow_older(&batch, growth, rows, budget),
            Stage::Tune(trial) => self.tune(&batch, trial, rows, budget),
            Stage::Done => {
                self.finish(batch.end);
                return Step::Shown;
            }
        };
        batch.stage = stage;
        self.under_way = Some(batch);
        step
    }

    fn begin(&mut self) -> Option<Batch> {
        let end = self.schedule.batch(self.attached)?;
        // A batch half done and lost would go unseen into snapshots.
        assert_eq!(self.tree.slots(), self.attached, "an earlier step panicked");
        if end > self.links.slots() {
            // A quarter more than before: lists are resident memory from the first, unlike the room of arenas.
            self.links = Arc::new(self.links.grown(end.max(self.links.slots() / 4 * 5)));
        }
        self.tree.extend(end);
        self.ahead = Arc::new(Ahead::new(self.attached, end));
        Some(Batch { end, slots: Vec::new(), done: 0, is_odd: false, stage: Stage::Gather(self.attached) })
    }

    fn finish(&mut self, end: usize) {
        self.attached = end;
        self.ahead = Arc::default();
        self.schedule.forget(end);
    }

    /// Tells the slots that are the first of their bits from the others, which hang off the first.
    fn gather(&mut self, batch: &mut Batch, from: usize, rows: &RowsView, budget: Budget) -> (Stage, Step) {
        let to = batch.end.min(from + budget.rows * GATHERED);
        for slot in from as u32..to as u32 {
            match self.copies.add(rows, &self.links, slot) {
                None => batch.slots.push(slot),
                Some(first) if self.tree.has(first) => Arc::make_mut(&mut self.ahead).insert(slot),
                Some(_) => {}
            }
        }
        self.codes.extend(rows, to, budget.threads);
        if to < batch.end {
            return (Stage::Gather(to), Step::Worked);
        }
        shuffle(&mut batch.slots, SEED ^ batch.end as u64);
        // Before its rows are linked by codes that are not for them.
        let serves = || still_serves(&self.codes.view(), rows, self.attached..batch.end, budget.threads);
        batch.is_odd = self.growth > 0 && !batch.slots.is_empty() && !serves();
        if self.growth == 0 || batch.is_odd {
            return (Stage::Choose, Step::Worked);
        }
        // Searches scan codes faster than rows.
        (self.next_piece(batch), Step::Shown)
    }

    /// Codes rows by a new measure; once all are, it is the measure.
    fn code(&mut self, batch: &Batch, mut codes: Codes, rows: &RowsView, budget: Budget) -> (Stage, Step) {
        let to = batch.end.min(codes.len() + budget.rows * budget.threads.count() * GATHERED);
        codes.extend(rows, to, budget.threads);
        if codes.is_coding() && to < batch.end {
            return (Stage::Code(codes), Step::Worked);
        }
        let before = std::mem::replace(&mut self.codes, codes);
        if self.growth > 0 {
            return (self.measured_anew(batch, before.measure()), Step::Worked);
        }
        let first = &batch.slots[..schedule::skeleton(batch.slots.len())];
        let skeleton = Skeleton::new(first, self.links.width() / 2, self.ef_construction.min(SKELETON_EF));
        (Stage::Skeleton(Box::new(skeleton)), Step::Worked)
    }

    fn build(
        &mut self,
        batch: &mut Batch,
        mut skeleton: Box<Skeleton>,
        rows: &RowsView,
        budget: Budget,
    ) -> (Stage, Step) {
        let codes = self.codes.view();
        if skeleton.insert(rows, &codes, budget) {
            return (Stage::Skeleton(skeleton), Step::Worked);
        }
        batch.done = schedule::skeleton(batch.slots.len());
        self.growth = schedule::BIRTH;
        let roots = schedule::entries(self.growth).min(batch.done);
        skeleton.finish(rows, &codes, &self.links, &mut self.tree, roots);
        self.entries = batch.slots[..roots].into();
        self.show(&batch.slots[..batch.done], batch.end);
        (self.next_piece(batch), Step::Shown)
    }

    fn attach(
        &mut self,
        batch: &mut Batch,
        mut piece: Piece,
        rows: &RowsView,
        budget: Budget,
    ) -> (Stage, Step) {
        let codes = self.codes.view();
        let bound = codes.bound(rows).min(self.links.slots());
        let ground = Ground { links: &self.links, entries: &self.entries, bound, asker: None };
        let site = Site { rows, codes: &codes, ground, shelf: &self.shelf, ef: self.ef_construction };
        if !piece.step(site, &mut self.tree, budget) {
            return (Stage::Attach(piece), Step::Worked);
        }
        let end = batch.done + piece.len();
        self.show(&batch.slots[batch.done..end], batch.end);
        batch.done = end;
        (self.next_piece(batch), Step::Shown)
    }

    /// Lets searches find `slots`, linked rows, and their copies up to the end of the batch.
    fn show(&mut self, slots: &[u32], end: usize) {
        let ahead = Arc::make_mut(&mut self.ahead);
        for &slot in slots {
            self.links.copies(slot, end as u32).for_each(|copy| ahead.insert(copy));
        }
    }

    /// What comes after `done` rows of the batch.
    pub(super) fn next_piece(&self, batch: &Batch) -> Stage {
        let Batch { end, slots, done, .. } = batch;
        if batch.is_attached() {
            // The measure was chosen, and the lists made, with all rows at hand that there are.
            let is_first = slots.len() == self.copies.len();
            return match (is_first, *end >= schedule::next_growth(self.growth)) {
                (true, true) => Stage::Grow(Growth::default()),
                (true, false) => Stage::Tune(Trial::default()),
                (false, true) => Stage::Choose,
                (false, false) if batch.is_odd => Stage::Grow(Growth::default()),
                (false, false) if (self.attached + 1..=*end).contains(&schedule::half_way(self.growth)) => {
                    Stage::Tune(Trial::default())
                }
                (false, false) => Stage::Done,
            };
        }
        let linked = self.copies.len() - (slots.len() - done);
        let to = slots.len().min(done + schedule::piece(*done, linked));
        Stage::Attach(Piece::new(&slots[*done..to]))
    }
}

/// Rows of `dimension` components that one thread searches for in about 15 ms.
fn rows_in_a_step(dimension: usize) -> usize {
    (64 * 512 / (dimension + 128)).max(1)
}
