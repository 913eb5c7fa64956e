//! Links pointing back at newly attached rows: each target's list takes in its new sources.
//!
//! Grouped by target, so that one list is one task and the order of work cannot show.

use super::links::Links;
use super::neighbour::Near;
use super::prune::prune;
use super::ruler::{Gauge, Job, Probe, Ruler};
use super::tree::Tree;

/// A link to be: from `target`'s list to `source`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    pub(super) target: u32,
    pub(super) source: Near,
}

impl Edge {
    /// From `target`'s list to `slot`, at `key` from each other.
    pub(super) fn new(target: u32, key: u32, slot: u32) -> Self {
        Self { target, source: Near { key, slot } }
    }
}

/// Adds `group`, edges of one target none of which may exist yet, sorted, to its list.
///
/// It writes this list and reads no other, so groups may be added in any order or at once.
pub(super) struct Add<'a> {
    pub(super) links: &'a Links,
    pub(super) tree: &'a Tree,
    pub(super) group: &'a [Edge],
}

impl Job for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<G: Gauge>(self, gauge: G) {
        let Self { links, tree, group } = self;
        let target = group[0].target;
        let mut probe = Probe::default();
        let ruler = gauge.at(target, &mut probe);
        if links.neighbours(target).count() + group.len() <= links.width() {
            insert(ruler, links, target, group);
            return;
        }
        let mut list: Vec<Near> =
            links.neighbours(target).map(|slot| Near { key: ruler.key(slot), slot }).collect();
        list.extend(group.iter().map(|edge| edge.source));
        list.sort_unstable();
        let mut chosen = Vec::with_capacity(links.width());
        prune(gauge, &mut probe, &list, links.width(), |slot| tree.parent(slot) == target, &mut chosen);
        links.replace(target, chosen.iter().map(|near| near.slot));
    }
}

/// Puts each source where its key belongs in a list with room for all; few keys are computed again.
#[inline(always)]
fn insert(ruler: impl Ruler, links: &Links, target: u32, group: &[Edge]) {
    let mut list: Vec<u32> = Vec::with_capacity(links.width());
    list.extend(links.neighbours(target));
    for Edge { source, .. } in group {
        let at = list.partition_point(|&slot| Near { key: ruler.key(slot), slot } < *source);
        list.insert(at, source.slot);
    }
    links.replace(target, list);
}

/// The list of `slot` chosen again, among what it links to and what those link to in turn.
pub(super) struct ChooseAgain<'a> {
    pub(super) links: &'a Links,
    pub(super) tree: &'a Tree,
    pub(super) slot: u32,
}

impl Job for ChooseAgain<'_> {
    type Output = Vec<u32>;

    #[inline(always)]
    fn run<G: Gauge>(self, gauge: G) -> Vec<u32> {
        let Self { links, tree, slot } = self;
        let mut near: Vec<u32> = links.neighbours(slot).collect();
        near.extend(links.neighbours(slot).flat_map(|near| links.neighbours(near)));
        near.sort_unstable();
        near.dedup();
        near.retain(|&near| near != slot);
        let mut probe = Probe::default();
        let candidates = sorted(gauge.at(slot, &mut probe), near);
        let mut chosen = Vec::with_capacity(links.width());
        prune(gauge, &mut probe, &candidates, links.width(), |child| tree.parent(child) == slot, &mut chosen);
        chosen.into_iter().map(|near| near.slot).collect()
    }
}

/// Sorts the list of `slot`, which was sorted by other measures.
pub(super) struct Resort<'a> {
    pub(super) links: &'a Links,
    pub(super) slot: u32,
}

impl Job for Resort<'_> {
    type Output = ();

    #[inline(always)]
    fn run<G: Gauge>(self, gauge: G) {
        let Self { links, slot } = self;
        let mut probe = Probe::default();
        let list = sorted(gauge.at(slot, &mut probe), links.neighbours(slot));
        links.replace(slot, list.into_iter().map(|near| near.slot));
    }
}

#[inline(always)]
fn sorted(ruler: impl Ruler, slots: impl IntoIterator<Item = u32>) -> Vec<Near> {
    let mut near: Vec<Near> = slots.into_iter().map(|slot| Near { key: ruler.key(slot), slot }).collect();
    near.sort_unstable();
    near
}
