//! The graph as its writer holds it: grown by the due work of the log's entries, viewed by readers.
//!
//! What the log fixes is its [`Schedule`]; the work, in `batch.rs`, may run later. Architecture invariant:
//! with all that is due done, a graph is a function of the rows and of the entries' sizes alone.

use std::sync::Arc;

use super::ahead::Ahead;
use super::batch::{Batch, Step};
use super::codes::Codes;
use super::copies::Copies;
use super::links::Links;
use super::rows::RowsView;
use super::schedule::Schedule;
use super::scratch::Shelf;
use super::search::{EF_SEARCH, GraphView};
use super::threads::Threads;
use super::tree::Tree;

/// A proximity graph over rows, with its writer's tables.
#[derive(Debug)]
pub struct Graph {
    pub(super) ef_construction: usize,
    pub(super) schedule: Schedule,
    /// Slots below this are linked, or hang off a linked row they are a copy of.
    pub(super) attached: usize,
    /// The attached rows of the batch under way.
    pub(super) ahead: Arc<Ahead>,
    pub(super) under_way: Option<Batch>,
    /// The last row count at which entry points were added; 0 before there is a graph.
    pub(super) growth: usize,
    pub(super) entries: Arc<[u32]>,
    /// The candidates that searches take unless told otherwise.
    pub(super) ef_search: usize,
    pub(super) codes: Codes,
    pub(super) links: Arc<Links>,
    pub(super) tree: Tree,
    pub(super) copies: Copies,
    pub(super) shelf: Arc<Shelf>,
}

impl Graph {
    /// No graph yet; `m` in 2..=128 links per row are sought, 2m kept, and `ef_construction` (at least
    /// 1) rows are weighed for each new one.
    pub fn new(m: usize, ef_construction: usize) -> Self {
        assert!((2..=255).contains(&m), "hnsw_rs takes no other m: {m}");
        Self {
            ef_construction: ef_construction.max(1),
            schedule: Schedule::new(),
            attached: 0,
            ahead: Arc::default(),
            under_way: None,
            growth: 0,
            entries: Arc::from([]),
            ef_search: EF_SEARCH,
            codes: Codes::default(),
            links: Arc::new(Links::new(2 * m, 0)),
            tree: Tree::default(),
            copies: Copies::default(),
            shelf: Arc::default(),
        }
    }

    /// Takes notice of one entry of the log, which appended `entry_rows` rows, and does what is due at
    /// once, on this thread.
    ///
    /// # Panics
    /// If `rows` holds fewer rows than the entries so far appended.
    pub fn grow(&mut self, rows: &RowsView, entry_rows: usize) {
        self.schedule.note(entry_rows);
        assert!(
            self.schedule.seen <= rows.len(),
            "an entry of {entry_rows} rows was announced before its rows"
        );
        while self.step(rows, Threads::ONE) != Step::Idle {}
    }

    /// What the log fixed up to the last entry heard of.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Hears of the entries of the log up to those of `schedule`, which goes on from this graph's own.
    pub fn follow(&mut self, schedule: &Schedule) {
        self.schedule.clone_from(schedule);
    }

    /// Slots below this are attached.
    pub fn attached(&self) -> usize {
        self.attached
    }

    /// What readers search.
    pub fn view(&self) -> GraphView {
        GraphView {
            attached: self.attached,
            ahead: Arc::clone(&self.ahead),
            entries: Arc::clone(&self.entries),
            ef_search: self.ef_search,
            codes: self.codes.view(),
            links: Arc::clone(&self.links),
            asker: None,
            shelf: Arc::clone(&self.shelf),
            bytes: self.codes.bytes() + self.links.bytes() + self.tree.bytes() + self.copies.bytes(),
        }
    }
}
