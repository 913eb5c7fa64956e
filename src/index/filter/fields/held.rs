//! The fields and answers that an index keeps, within a budget of bytes.
//!
//! Architecture invariant: nothing of it is part of the state. Whatever is not kept is found again, a field that
//! does not fit by looking at each record, and the answer is the same.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::super::ast::Filter;
use super::super::path::Path;
use super::answers::{Answers, Passing};
use super::matches::Matches;
use super::order::Order;
use super::source::Field;
use crate::index::view::View;

/// Bytes that fields and answers may take however small the index is.
const LEAST_BUDGET: usize = 64 << 20;

/// Part of the bytes of vectors that they may take where that is more.
const PART_OF_VECTORS: usize = 8;

/// Part of the budget that is for answers.
const PART_OF_ANSWERS: usize = 8;

/// What an index knows of its metadata, of one generation of records.
pub(in crate::index) struct Fields {
    generation: u64,
    /// Counts questions: what was used when.
    now: u64,
    /// In place of what follows from the size of the index.
    pub(super) budget: Option<usize>,
    held: HashMap<Path, Held>,
    order: Arc<Mutex<Order>>,
    order_bytes: usize,
    answers: Answers,
}

struct Held {
    field: Arc<Mutex<Kept>>,
    used: u64,
    bytes: usize,
}

/// A field, or that it takes too many bytes. Its lock is held while it is extended, so that it is done once.
#[derive(Default)]
pub(super) struct Kept {
    field: Field,
    /// The limit that it did not keep within; 0 while it did.
    refused: usize,
}

impl Kept {
    /// The field with all records of `view`; `None` if it takes more bytes than `limit`.
    pub(super) fn extended(&mut self, view: &View, path: &Path, limit: usize) -> Option<Field> {
        if self.refused > limit / 2 {
            return None;
        }
        if !self.field.covers(view) && !self.field.extend(view, path, limit) {
            *self = Self { field: Field::default(), refused: limit.max(1) };
            return None;
        }
        self.refused = 0;
        Some(self.field.clone())
    }
}

impl Fields {
    pub(in crate::index) fn new() -> Self {
        Self {
            generation: 0,
            now: 0,
            budget: None,
            held: HashMap::new(),
            order: Arc::default(),
            order_bytes: 0,
            answers: Answers::default(),
        }
    }

    /// Turns to the generation of `view`; false if that is over. The second is to be dropped without the lock.
    pub(super) fn turn_to(&mut self, view: &View) -> (bool, Option<Self>) {
        let generation = view.records.generation;
        if generation <= self.generation {
            return (generation == self.generation, None);
        }
        let next = Self { generation, budget: self.budget, ..Self::new() };
        (true, Some(std::mem::replace(self, next)))
    }

    /// What is known of the answer to `filter`.
    pub(super) fn answer(&mut self, filter: &Filter) -> Option<(Arc<Passing>, Arc<Matches>)> {
        self.now += 1;
        self.answers.get(filter, self.now)
    }

    pub(super) fn keep_answer(
        &mut self,
        view: &View,
        filter: &Filter,
        passing: Arc<Passing>,
        matches: Arc<Matches>,
    ) {
        if view.records.generation == self.generation {
            let limit = self.budget(view) / PART_OF_ANSWERS;
            self.answers.keep(filter, passing, matches, self.now, limit);
        }
    }

    /// The field of `path`, of the generation of `view`, and the bytes it may take; `None` if that is over.
    pub(super) fn field(&mut self, view: &View, path: &Path) -> Option<(Arc<Mutex<Kept>>, usize)> {
        if view.records.generation != self.generation {
            return None;
        }
        self.now += 1;
        let limit = self.field_limit(view);
        let new = || Held { field: Arc::default(), used: 0, bytes: 0 };
        let held = self.held.entry(path.clone()).or_insert_with(new);
        held.used = self.now;
        Some((Arc::clone(&held.field), limit))
    }

    /// The order of ids, of the generation of `view`; `None` if that is over, or it takes too many bytes.
    pub(super) fn order(&mut self, view: &View) -> Option<Arc<Mutex<Order>>> {
        let bytes = Order::bytes_of(view.ids.len());
        if view.records.generation != self.generation {
            return None;
        }
        if bytes > self.field_limit(view) / 2 {
            (self.order, self.order_bytes) = (Arc::default(), 0);
            return None;
        }
        self.order_bytes = self.order_bytes.max(bytes);
        self.make_room(view);
        Some(Arc::clone(&self.order))
    }

    /// Notes what `field` takes, and gives up others if that is too much.
    pub(super) fn note(&mut self, view: &View, path: &Path, field: &Arc<Mutex<Kept>>, bytes: usize) {
        if let Some(held) = self.held.get_mut(path).filter(|held| Arc::ptr_eq(&held.field, field)) {
            held.bytes = bytes;
        }
        self.make_room(view);
    }

    /// Gives up the fields not used for longest while there are too many bytes.
    fn make_room(&mut self, view: &View) {
        let limit = self.field_limit(view);
        while self.field_bytes() > limit {
            let filled = self.held.iter().filter(|(_, held)| held.bytes > 0);
            let Some((oldest, _)) = filled.min_by_key(|(_, held)| held.used) else { return };
            let oldest = oldest.clone();
            self.held.remove(&oldest);
        }
    }

    fn budget(&self, view: &View) -> usize {
        let vectors: usize = view.rows.vectors().iter().map(|piece| size_of_val(*piece)).sum();
        self.budget.unwrap_or_else(|| LEAST_BUDGET.max(vectors / PART_OF_VECTORS))
    }

    /// What all fields may take. Numbers of postings and places in texts have 31 bits.
    fn field_limit(&self, view: &View) -> usize {
        let budget = self.budget(view);
        (budget - budget / PART_OF_ANSWERS).min(1 << 31)
    }

    fn field_bytes(&self) -> usize {
        self.order_bytes + self.held.values().map(|held| held.bytes).sum::<usize>()
    }

    pub(in crate::index) fn bytes(&self) -> usize {
        self.field_bytes() + self.answers.bytes()
    }
}
