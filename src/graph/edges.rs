//! Links pointing back at newly attached rows: each target's list takes in its new sources.
//!
//! Grouped by target, so that one list is one task and the order of work cannot show.

use super::links::Links;
use super::neighbour::Neighbour;
use super::prune::prune;
use super::rows::RowsView;
use super::tree::Tree;

/// A link to be: from `target`'s list to `source`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    pub(super) target: u32,
    pub(super) source: Neighbour,
}

impl Edge {
    /// From `target`'s list to `slot`, at `key` from each other.
    pub(super) fn new(target: u32, key: f32, slot: u32) -> Self {
        Self { target, source: Neighbour { key, slot } }
    }
}

/// Adds `group`, edges of one target none of which may exist yet, sorted, to its list.
///
/// It writes this list and reads no other, so groups may be added in any order or at once.
pub(super) fn add(rows: &RowsView, links: &Links, tree: &Tree, group: &[Edge]) {
    let target = group[0].target;
    let old = links.neighbours(target).count();
    if old + group.len() <= links.width() {
        insert(rows, links, target, group);
        return;
    }
    let mut list: Vec<Neighbour> =
        links.neighbours(target).map(|slot| Neighbour { key: rows.key(target, slot), slot }).collect();
    list.extend(group.iter().map(|edge| edge.source));
    list.sort_unstable();
    let mut chosen = Vec::with_capacity(links.width());
    prune(rows, &list, links.width(), |slot| tree.parent(slot) == target, &mut chosen);
    links.replace(target, chosen.iter().map(|neighbour| neighbour.slot));
}

/// Puts each source where its key belongs in a list with room for all; few keys are computed again.
fn insert(rows: &RowsView, links: &Links, target: u32, group: &[Edge]) {
    let mut list: Vec<u32> = Vec::with_capacity(links.width());
    list.extend(links.neighbours(target));
    for Edge { source, .. } in group {
        let at = list.partition_point(|&slot| Neighbour { key: rows.key(target, slot), slot } < *source);
        list.insert(at, source.slot);
    }
    links.replace(target, list);
}

/// The list of `slot` chosen again, among what it links to and what those link to in turn.
pub(super) fn choose_again(rows: &RowsView, links: &Links, tree: &Tree, slot: u32) -> Vec<u32> {
    let mut near: Vec<u32> = links.neighbours(slot).collect();
    near.extend(links.neighbours(slot).flat_map(|near| links.neighbours(near)));
    near.sort_unstable();
    near.dedup();
    let mut candidates: Vec<Neighbour> = near
        .into_iter()
        .filter(|&near| near != slot)
        .map(|near| Neighbour { key: rows.key(slot, near), slot: near })
        .collect();
    candidates.sort_unstable();
    let mut chosen = Vec::with_capacity(links.width());
    prune(rows, &candidates, links.width(), |child| tree.parent(child) == slot, &mut chosen);
    chosen.into_iter().map(|near| near.slot).collect()
}
