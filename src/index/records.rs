//! Which metadata each row was given: with the row itself, and by every update since.
//!
//! Both lists only grow, so what was learnt about their texts stays true. Where texts or slots are numbered
//! again they begin anew, under another generation.

use super::versioned::Versioned;
use crate::graph::arena::{Arena, ArenaView};

/// Fewer updates than this are not worth a new generation. Tests come to it sooner.
const LEAST: usize = if cfg!(test) { 8 } else { 4096 };

/// Metadata that a row was given after it was added: as in `View::metadata_of`, 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Update {
    pub(super) slot: u32,
    pub(super) number: u32,
}

/// The writer's side.
pub(super) struct Records {
    generation: u64,
    first: Arena<u32>,
    updates: Arena<Update>,
}

/// The records there were when the view was taken.
#[derive(Clone)]
pub(super) struct RecordsView {
    /// Records of two views are the same, as far as both reach, exactly if this is.
    pub(super) generation: u64,
    /// Per slot the metadata that the row was added with, as in `View::metadata_of`. It still has it unless an
    /// update says otherwise.
    pub(super) first: ArenaView<u32>,
    pub(super) updates: ArenaView<Update>,
}

impl Records {
    pub(super) fn new(generation: u64) -> Self {
        Self { generation, first: Arena::new(), updates: Arena::new() }
    }

    /// Notes what the next slot has.
    pub(super) fn append(&mut self, number: u32) {
        self.first.push(number);
    }

    pub(super) fn update(&mut self, slot: u32, number: u32) {
        self.updates.push(Update { slot, number });
    }

    /// Whether there are so many updates that rows should count as added with what they have.
    pub(super) fn are_outdated(&self) -> bool {
        self.updates.len() >= LEAST && self.updates.len() * 2 >= self.first.len()
    }

    /// Begins anew: every slot was added with what it has now.
    pub(super) fn renew(&mut self, metadata_of: &Versioned<u32>) {
        let mut first = Arena::with_capacity(metadata_of.len());
        (0..metadata_of.len()).for_each(|slot| first.push(metadata_of.get(slot)));
        *self = Self { generation: self.generation + 1, first, updates: Arena::new() };
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn view(&self) -> RecordsView {
        RecordsView { generation: self.generation, first: self.first.view(), updates: self.updates.view() }
    }
}

impl RecordsView {
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.first) + size_of_val(&*self.updates)
    }
}
