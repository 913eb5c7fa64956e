//! The first rows of a graph, linked by hnsw_rs, and the tree that proves they can be reached.
//!
//! hnsw_rs sees slots, not vectors: a point of `i` zero-sized values stands for the i-th row given.
//! Inserts are serial, which it needs to be deterministic and free of deadlocks; only the lists of its
//! lowest layer are taken, without the foreign or repeated links it may leave there.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::{Arc, OnceLock};

use hnsw_rs::prelude::{Distance, Hnsw};

use super::attach::Budget;
use super::codes::{CodesView, KeysFrom, Squares};
use super::edges::{self, Edge};
use super::links::Links;
use super::rows::RowsView;
use super::scratch::Scratch;
use super::tree::{ROOT, Tree};

/// hnsw_rs accepts no other number of layers.
const LAYERS: usize = 16;

/// A value of no size: a slice of `i` of them names the i-th row.
#[derive(Debug, Clone, Copy)]
struct Slot;

static SLOTS: [Slot; u32::MAX as usize] = [Slot; u32::MAX as usize];

/// Squared distances between the rows that slices of [`Slot`] name: of each to those before it.
///
/// hnsw_rs asks for about half of them, one by one; all at once cost less, and no thread but one may insert.
struct SlotDistance {
    squares: Arc<[OnceLock<Vec<f32>>]>,
}

impl Distance<Slot> for SlotDistance {
    fn eval(&self, a: &[Slot], b: &[Slot]) -> f32 {
        let (first, last) = (a.len().min(b.len()), a.len().max(b.len()));
        let squares = self.squares[last].get().expect("a row is measured before it is taken in");
        // From itself a row is no distance.
        squares.get(first).copied().unwrap_or(0.0)
    }
}

/// The rows of a skeleton, some of which hnsw_rs has taken in.
pub(super) struct Skeleton {
    slots: Vec<u32>,
    squares: Arc<[OnceLock<Vec<f32>>]>,
    inserted: usize,
    hnsw: ManuallyDrop<Hnsw<'static, Slot, SlotDistance>>,
}

impl Skeleton {
    /// Of `slots`, distinct rows none of which is linked yet, in a graph of `m` links per row.
    pub(super) fn new(slots: &[u32], m: usize, ef_construction: usize) -> Self {
        let squares: Arc<[_]> = slots.iter().map(|_| OnceLock::new()).collect();
        let distance = SlotDistance { squares: Arc::clone(&squares) };
        let hnsw = Hnsw::new(m, slots.len(), LAYERS, ef_construction, distance);
        Self { slots: slots.to_vec(), squares, inserted: 0, hnsw: ManuallyDrop::new(hnsw) }
    }

    /// Takes in some more rows; false when there are no more.
    pub(super) fn insert(&mut self, rows: &RowsView, codes: &CodesView, budget: Budget) -> bool {
        let end = self.slots.len().min(self.inserted + budget.rows);
        let points: Vec<usize> = (self.inserted..end).collect();
        budget.threads.map(&points, |&point| {
            let (others, slot) = (&self.slots[..point], self.slots[point]);
            self.squares[point].get_or_init(|| codes.measure_rows(rows, Squares { slot, others }));
        });
        for point in self.inserted..end {
            self.hnsw.insert((&SLOTS[..point], point));
        }
        self.inserted = end;
        end < self.slots.len()
    }

    /// Links the rows, all of which were taken in; the first `roots` of them become roots.
    pub(super) fn finish(
        &self,
        rows: &RowsView,
        codes: &CodesView,
        links: &Links,
        tree: &mut Tree,
        roots: usize,
    ) {
        let slots = &self.slots[..];
        for point in self.hnsw.get_point_indexation() {
            let slot = slots[point.get_origin_id()];
            let lowest = point.get_neighborhood_id().swap_remove(0);
            let near = lowest.iter().map(|near| slots[near.get_origin_id()]).filter(|&near| near != slot);
            let mut list = codes.measure_rows(rows, KeysFrom(slot, near));
            list.sort_unstable();
            list.dedup();
            links.replace(slot, list.iter().map(|near| near.slot));
        }
        for &root in &slots[..roots] {
            tree.set(root, ROOT);
        }
        span(rows, codes, links, tree, slots, &slots[..roots]);
    }
}

impl Drop for Skeleton {
    fn drop(&mut self) {
        // SAFETY: nothing touches the field after the drop it is taken in.
        let hnsw = unsafe { ManuallyDrop::take(&mut self.hnsw) };
        // Its drop uses rayon, whose global pool has no threads in a forked child: it would wait for ever.
        match rayon::ThreadPoolBuilder::new().num_threads(1).build() {
            Ok(pool) => pool.install(move || drop(hnsw)),
            Err(_) => std::mem::forget(hnsw),
        }
    }
}

impl fmt::Debug for Skeleton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Skeleton").field("inserted", &self.inserted).finish_non_exhaustive()
    }
}

/// Grows the tree from `roots` along the shortest links first, as Prim does: short links are those
/// pruning would keep anyway. Rows it cannot reach are linked from the nearest row it did.
fn span(rows: &RowsView, codes: &CodesView, links: &Links, tree: &mut Tree, slots: &[u32], roots: &[u32]) {
    let mut heap = BinaryHeap::new();
    let mut reached = Vec::with_capacity(slots.len());
    let mut fresh = roots.to_vec();
    let mut orphans = slots.iter().copied();
    loop {
        while let Some(slot) = fresh.pop() {
            reached.push(slot);
            let unmet = links.neighbours(slot).filter(|&near| !tree.has(near));
            let keys = codes.measure_rows(rows, KeysFrom(slot, unmet));
            heap.extend(keys.into_iter().map(|near| Reverse((near, slot))));
        }
        if let Some(Reverse((near, parent))) = heap.pop() {
            // The link may be gone since it was put here: making room for an orphan prunes.
            let is_linked = || links.neighbours(parent).any(|slot| slot == near.slot);
            if !tree.has(near.slot) && tree.has_room(parent, links.width()) && is_linked() {
                tree.set(near.slot, parent);
                fresh.push(near.slot);
            }
            continue;
        }
        let Some(orphan) = orphans.find(|&slot| !tree.has(slot)) else { return };
        let hosts = reached.iter().copied().filter(|&host| tree.has_room(host, links.width()));
        let keys = codes.measure_rows(rows, KeysFrom(orphan, hosts));
        let nearest = keys.into_iter().min().expect("a tree has leaves, and a leaf has room");
        tree.set(orphan, nearest.slot);
        if links.neighbours(nearest.slot).all(|near| near != orphan) {
            let groups = &[&[Edge::new(nearest.slot, nearest.key, orphan)][..]];
            codes.measure_rows(rows, edges::Add { links, tree, groups, scratch: &mut Scratch::default() });
        }
        fresh.push(orphan);
    }
}
