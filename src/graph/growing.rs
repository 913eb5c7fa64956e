//! The graph as its writer holds it: grown entry by entry of the log, viewed by readers.
//!
//! Its state after an entry is a function of the rows and of the entries' sizes alone. Under dot no
//! graph is built: its searches are exact scans.

use std::sync::Arc;

use super::attach::attach;
use super::copies::Copies;
use super::edges;
use super::links::{Links, MAX_SLOTS};
use super::rows::RowsView;
use super::schedule;
use super::scratch::Shelf;
use super::search::GraphView;
use super::shuffle::shuffle;
use super::skeleton;
use super::tree::Tree;
use super::walk::Ground;
use crate::metric::{Distance, Space};

/// Mixed with the row count into the seed of each batch's permutation.
const SEED: u64 = 0x7665_6374_6f72_6400;

/// A proximity graph over rows, with its writer's tables.
#[derive(Debug)]
pub struct Graph {
    pub(super) space: Space,
    pub(super) ef_construction: usize,
    /// Rows that the entries seen so far appended.
    pub(super) seen: usize,
    /// Slots below this are linked, or hang off a linked row they are a copy of; the others are the tail.
    pub(super) attached: usize,
    /// The last row count at which entry points were added; 0 before there is a graph.
    pub(super) growth: usize,
    pub(super) entries: Arc<[u32]>,
    pub(super) links: Arc<Links>,
    pub(super) tree: Tree,
    pub(super) copies: Copies,
    pub(super) shelf: Arc<Shelf>,
}

impl Graph {
    /// No graph yet; `m` in 2..=128 links per row are sought, 2m kept, and `ef_construction` (at least
    /// 1) rows are weighed for each new one.
    pub fn new(space: Space, m: usize, ef_construction: usize) -> Self {
        assert!((2..=255).contains(&m), "hnsw_rs takes no other m: {m}");
        Self {
            space,
            ef_construction: ef_construction.max(1),
            seen: 0,
            attached: 0,
            growth: 0,
            entries: Arc::from([]),
            links: Arc::new(Links::new(2 * m, 0)),
            tree: Tree::default(),
            copies: Copies::default(),
            shelf: Arc::default(),
        }
    }

    /// Takes notice of one entry of the log, which appended `entry_rows` rows, and attaches what is due.
    ///
    /// # Panics
    /// If `rows` holds fewer rows than the entries so far appended.
    pub fn grow(&mut self, rows: &RowsView, entry_rows: usize) {
        self.seen += entry_rows;
        let n = self.seen;
        assert!(n <= rows.len(), "an entry of {entry_rows} rows was announced before its rows");
        assert!(n < MAX_SLOTS, "slots leave their top bit free");
        let is_due = n >= schedule::BIRTH && n - self.attached >= schedule::patience(n);
        if self.space.distance() == Distance::Dot || !is_due {
            return;
        }
        if n > self.links.slots() {
            self.links = Arc::new(self.links.grown(n.max(self.links.slots() * 2)));
        }
        self.tree.extend(n);
        let mut batch: Vec<u32> = (self.attached as u32..n as u32)
            .filter(|&slot| self.copies.add(rows, &self.links, slot))
            .collect();
        shuffle(&mut batch, SEED ^ n as u64);
        let mut done = 0;
        if self.growth == 0 {
            done = schedule::skeleton(batch.len());
            self.growth = schedule::BIRTH;
            let roots = schedule::entries(self.growth).min(done);
            skeleton::build(rows, &self.links, &mut self.tree, &batch[..done], roots, self.ef_construction);
            self.entries = batch[..roots].into();
        }
        while done < batch.len() {
            let linked = self.copies.len() - (batch.len() - done);
            let end = batch.len().min(done + schedule::piece(done, linked));
            let ground = Ground { rows, links: &self.links, entries: &self.entries };
            attach(ground, &mut self.tree, &self.shelf, self.ef_construction, &batch[done..end]);
            done = end;
        }
        self.attached = n;
        self.reach_growth_points(rows);
    }

    /// Where the row count passed growth points: adds entry points, spread over all rows of the time, and
    /// chooses the lists again that were made when the graph was a quarter as large.
    fn reach_growth_points(&mut self, rows: &RowsView) {
        while self.attached >= schedule::next_growth(self.growth) {
            let linked: Vec<u32> = self.tree.linked().collect();
            let oldest = linked.partition_point(|&slot| (slot as usize) < self.growth);
            edges::choose_again(rows, &self.links, &self.tree, &linked[..oldest]);
            let mut spread: Vec<u32> =
                linked.into_iter().filter(|slot| !self.entries.contains(slot)).collect();
            self.growth = schedule::next_growth(self.growth);
            shuffle(&mut spread, SEED ^ self.growth as u64);
            let added = schedule::entries(self.growth).saturating_sub(self.entries.len());
            self.entries = self.entries.iter().copied().chain(spread.into_iter().take(added)).collect();
        }
    }

    /// What readers search.
    pub fn view(&self) -> GraphView {
        GraphView {
            attached: self.attached,
            entries: Arc::clone(&self.entries),
            links: Arc::clone(&self.links),
            shelf: Arc::clone(&self.shelf),
            bytes: self.links.bytes() + self.tree.bytes() + self.copies.bytes(),
        }
    }
}
