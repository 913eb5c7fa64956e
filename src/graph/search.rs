//! The graph as readers hold it, and the search: walk, copies, tail, and exactness when in doubt.
//!
//! It takes no lock and writes nothing but marks of its own.

use std::sync::Arc;

use super::ahead::Ahead;
use super::links::Links;
use super::neighbour::Neighbour;
use super::rows::RowsView;
use super::scan::{Nearest, scan};
use super::scratch::Shelf;
use super::walk::Ground;

/// Candidates a search keeps unless told otherwise: recall@10 of at least 0.95 on sentence embeddings.
pub const EF_SEARCH: usize = 64;

/// How often a search that found too few alive rows widens before it scans, and by how much.
const WIDENINGS: usize = 2;
const WIDER: usize = 4;

/// A reader's graph, as attached when it was taken. Cheap to clone.
#[derive(Debug, Clone)]
pub struct GraphView {
    /// Slots below this are found by walking.
    pub(super) attached: usize,
    /// Those of the others that are.
    pub(super) ahead: Arc<Ahead>,
    pub(super) entries: Arc<[u32]>,
    pub(super) links: Arc<Links>,
    pub(super) shelf: Arc<Shelf>,
    /// Bytes in memory when the view was taken, the writer's tables included.
    pub(super) bytes: usize,
}

impl GraphView {
    /// Whether there is a graph: without one every search is a scan, and exact.
    pub fn is_built(&self) -> bool {
        self.attached() > 0
    }

    /// How many slots are found by walking; the others are found by scanning.
    pub fn attached(&self) -> usize {
        self.attached + self.ahead.len()
    }

    /// Whether all that makes the slots below `due` attached ones is done.
    pub fn is_attached_to(&self, due: usize) -> bool {
        self.attached >= due
    }

    /// Whether `slot` is found by walking.
    #[inline]
    pub(super) fn holds(&self, slot: u32) -> bool {
        (slot as usize) < self.attached || self.ahead.contains(slot)
    }

    /// The rows that `slot` is linked to, nearest first; none for a row of the tail and for a copy of another.
    pub fn neighbours(&self, slot: u32) -> Vec<u32> {
        if (slot as usize) < self.attached { self.links.neighbours(slot).collect() } else { Vec::new() }
    }

    /// About the `k` alive rows nearest to `query`, sorted by key, then slot; keys are exact.
    ///
    /// `inverse_norm` is what `Distance::admit` returned for the query. `ef` candidates are kept (at
    /// least `k`). `live_hint` is the number of slots `alive` says yes to: never fewer than
    /// `min(k, live_hint)` results come back if so many are alive. `rows` must be taken from the same
    /// rows as the graph, not before it.
    #[allow(clippy::too_many_arguments, reason = "each is a part of the question, and callers name them")]
    pub fn search(
        &self,
        rows: &RowsView,
        query: &[f32],
        inverse_norm: f32,
        k: usize,
        ef: usize,
        alive: impl Fn(u32) -> bool,
        live_hint: usize,
    ) -> Vec<Neighbour> {
        let wanted = k.min(live_hint).min(rows.len());
        if wanted == 0 {
            return Vec::new();
        }
        // Dead rows take places among the candidates: make up for them.
        let share = (rows.len() / live_hint.clamp(1, rows.len())).min(WIDER);
        let mut ef = ef.max(k).saturating_mul(share);
        for _ in 0..=WIDENINGS {
            if ef >= self.attached() {
                break;
            }
            let found = self.walk(rows, query, inverse_norm, k, ef, &alive);
            if found.len() >= wanted {
                return found;
            }
            ef = ef.saturating_mul(WIDER);
        }
        scan(rows, query, inverse_norm, k, alive)
    }

    fn walk(
        &self,
        rows: &RowsView,
        query: &[f32],
        inverse_norm: f32,
        k: usize,
        ef: usize,
        alive: impl Fn(u32) -> bool,
    ) -> Vec<Neighbour> {
        let mut nearest = Nearest::new(k);
        let end = rows.len() as u32;
        let tail = self.attached.min(rows.len()) as u32..end;
        nearest.scan(rows, tail, query, inverse_norm, |slot| !self.ahead.contains(slot) && alive(slot));
        let ground = Ground { rows, links: &self.links, entries: &self.entries };
        self.shelf.with(|scratch| {
            ground.walk(query, inverse_norm, ef, scratch);
            for Neighbour { key, slot } in scratch.pool.neighbours() {
                for slot in self.links.copies(slot, end) {
                    let neighbour = Neighbour { key, slot };
                    // Copies have one key and ascending slots: the rest of the chain is no nearer.
                    if !nearest.wants(neighbour) {
                        break;
                    }
                    // What this view does not hold yet was scanned.
                    if self.holds(slot) && alive(slot) {
                        nearest.offer(neighbour);
                    }
                }
            }
        });
        nearest.into_sorted()
    }
}
