//! Passing a growth point: what was fitted to fewer rows is fitted again, and searches are tried out.
//!
//! Where the log has brought four times the rows of the last one, rows are measured anew, lists sorted by
//! the new measure, the oldest lists chosen again, and entry points added.

use super::attach::Budget;
use super::batch::{Batch, SEED, Stage, Step};
use super::choice::floats;
use super::codes::Codes;
use super::edges;
use super::growing::Graph;
use super::measure::Measure;
use super::rows::RowsView;
use super::schedule;
use super::shuffle::shuffle;
use super::tune::{Answer, Trial};

/// Lists sorted again, in the time of one row searched for.
const RESORTED: usize = 32;

/// Lists on their way to a new order.
#[derive(Debug)]
pub(super) struct Resorting {
    /// Those of slots below this are sorted.
    done: usize,
    /// Those of slots below this are then chosen again.
    doubted: usize,
}

/// Linked rows and, for the first of them, their new lists.
#[derive(Debug, Default)]
pub(super) struct Growth {
    oldest: Vec<u32>,
    lists: Vec<Vec<u32>>,
}

impl Graph {
    /// Whether lists are not all sorted by the present measure yet.
    pub(super) fn is_resorting(&self) -> bool {
        self.under_way.as_ref().is_some_and(|batch| matches!(batch.stage, Stage::Resort(_)))
    }

    /// What comes after rows were measured by `before` and are measured anew.
    pub(super) fn measured_anew(&self, batch: &Batch, before: &Measure) -> Stage {
        let measure = self.codes.measure();
        // Where codes were given up, no list was well chosen.
        let is_given_up =
            matches!(before, Measure::Bytes { .. }) && matches!(measure, Measure::Floats { .. });
        let doubted = if is_given_up { self.tree.slots() } else { self.growth };
        if measure == before {
            return self.after_resorting(batch, doubted);
        }
        Stage::Resort(Resorting { done: 0, doubted })
    }

    /// Sorts some more lists by the present measure.
    pub(super) fn resort(
        &mut self,
        batch: &Batch,
        mut resorting: Resorting,
        rows: &RowsView,
        budget: Budget,
    ) -> (Stage, Step) {
        let Resorting { done, doubted } = &mut resorting;
        let to = self.tree.slots().min(*done + budget.rows * budget.threads.count() * RESORTED);
        let linked: Vec<u32> = (*done as u32..to as u32).filter(|&slot| self.tree.has(slot)).collect();
        let codes = self.codes.view();
        let links = &self.links;
        budget.threads.map(&linked, |&slot| codes.measure_rows(rows, edges::Resort { links, slot }));
        *done = to;
        let is_done = to == self.tree.slots();
        let stage = if is_done { self.after_resorting(batch, *doubted) } else { Stage::Resort(resorting) };
        (stage, Step::Worked)
    }

    /// The batch goes on, or where it is attached, the lists of slots below `doubted` are chosen again.
    fn after_resorting(&self, batch: &Batch, doubted: usize) -> Stage {
        if !batch.is_attached() {
            return self.next_piece(batch);
        }
        let oldest: Vec<u32> = self.tree.linked().take_while(|&slot| (slot as usize) < doubted).collect();
        Stage::Grow(Growth { oldest, lists: Vec::new() })
    }

    /// Chooses the oldest lists again, all on the links as they were before, and adds entry points.
    pub(super) fn grow_older(
        &mut self,
        batch: &Batch,
        mut growth: Growth,
        rows: &RowsView,
        budget: Budget,
    ) -> (Stage, Step) {
        let Growth { oldest, lists } = &mut growth;
        let end = oldest.len().min(lists.len() + budget.rows * budget.threads.count());
        let (codes, links, tree) = (self.codes.view(), &self.links, &self.tree);
        let choose = |&slot: &u32| codes.measure_rows(rows, edges::ChooseAgain { links, tree, slot });
        lists.extend(budget.threads.map(&oldest[lists.len()..end], choose));
        if end < oldest.len() {
            return (Stage::Grow(growth), Step::Worked);
        }
        for (&slot, list) in oldest.iter().zip(lists) {
            self.links.replace(slot, list.iter().copied());
        }
        self.add_entries(batch);
        (Stage::Tune(Trial::default()), Step::Shown)
    }

    /// Lets some more rows ask for their neighbours; the last of them decide what searches take.
    ///
    /// Where codes lose too many of them, they are given up.
    pub(super) fn tune(
        &mut self,
        batch: &Batch,
        mut trial: Trial,
        rows: &RowsView,
        budget: Budget,
    ) -> (Stage, Step) {
        match trial.step(self, rows, budget.threads) {
            None => (Stage::Tune(trial), Step::Worked),
            Some(Answer::Blurred) => (Stage::Code(Codes::new(floats(rows, batch.end), 0)), Step::Worked),
            Some(Answer::EfSearch(ef_search)) => {
                self.ef_search = ef_search;
                (Stage::Done, Step::Worked)
            }
        }
    }

    /// Passes growth points, up to the last in the batch: adds entry points, spread over all rows of the time. Those of an
    /// odd batch are its own.
    fn add_entries(&mut self, batch: &Batch) {
        let mut spread: Vec<u32> = self.tree.linked().filter(|slot| !self.entries.contains(slot)).collect();
        while schedule::next_growth(self.growth) <= batch.end {
            self.growth = schedule::next_growth(self.growth);
        }
        shuffle(&mut spread, SEED ^ self.growth as u64);
        let added = schedule::entries(self.growth).saturating_sub(self.entries.len());
        let odd = batch.odd().iter().copied().filter(|slot| !self.entries.contains(slot));
        let added: Vec<u32> = spread.into_iter().take(added).collect();
        let odd = odd
            .filter(|slot| !added.contains(slot))
            .take(schedule::MOST_ENTRIES - self.entries.len().min(schedule::MOST_ENTRIES));
        self.entries = self.entries.iter().copied().chain(odd).chain(added.iter().copied()).collect();
    }
}
