//! Links pointing back at newly attached rows: each target's list takes in its new sources.
//!
//! Grouped by target, so that one list is one task and the order of work cannot show.

use super::links::Links;
use super::neighbour::Near;
use super::prune::prune;
use super::ruler::{Gauge, Job, Probe, Ruler};
use super::scratch::Scratch;
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

/// Adds each of `groups`, edges of one target none of which may exist yet, sorted, to the target's list.
///
/// Each source must pass the rule by which lists are chosen, and drops what it keeps from passing: so a
/// list is what choosing among all that were ever offered would have left, at the price of one ruler per
/// source. It writes these lists and reads no others, so groups may be added in any order or at once.
pub(super) struct Add<'a> {
    pub(super) links: &'a Links,
    pub(super) tree: &'a Tree,
    pub(super) groups: &'a [&'a [Edge]],
    pub(super) scratch: &'a mut Scratch,
}

impl Job for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<G: Gauge>(self, gauge: G) {
        let Self { links, tree, groups, scratch: Scratch { probe, second_probe, list, .. } } = self;
        for (at, group) in groups.iter().enumerate() {
            let target = group[0].target;
            let from_target = gauge.at(target, probe);
            // What is read two groups from now is asked for where it is known, then what that leads to.
            if let Some(later) = groups.get(at + 2) {
                links.prefetch(later[0].target);
                from_target.prefetch(later[0].target);
            }
            if let Some(next) = groups.get(at + 1) {
                links.neighbours(next[0].target).for_each(|slot| from_target.prefetch(slot));
                next.iter().for_each(|edge| from_target.prefetch(edge.source.slot));
            }
            list.clear();
            list.extend(links.neighbours(target).map(|slot| Near { key: from_target.key(slot), slot }));
            let is_child = |slot: u32| tree.parent(slot) == target;
            for &Edge { source, .. } in *group {
                let from_source = gauge.at(source.slot, second_probe);
                insert(gauge, from_source, source, list, is_child);
            }
            while list.len() > links.width() {
                let farthest = list.iter().rposition(|near| !is_child(near.slot));
                list.remove(farthest.expect("at most half of a list are children"));
            }
            links.replace(target, list.iter().map(|near| near.slot));
        }
    }
}

/// Puts `source` in its place in `list`, unless a nearer row covers it, and drops what it covers.
#[inline(always)]
fn insert<G: Gauge>(
    gauge: G,
    from_source: impl Ruler,
    source: Near,
    list: &mut Vec<Near>,
    is_child: impl Fn(u32) -> bool,
) {
    let covers = |near: Near, key: u32| gauge.covers(from_source.key(near.slot), key);
    let at = list.partition_point(|near| *near < source);
    if !is_child(source.slot) && list[..at].iter().any(|&near| covers(near, source.key)) {
        return;
    }
    let mut end = at;
    for farther in at..list.len() {
        let near = list[farther];
        if is_child(near.slot) || !covers(near, near.key) {
            list[end] = near;
            end += 1;
        }
    }
    list.truncate(end);
    list.insert(at, source);
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
        prune(
            gauge,
            &mut Vec::new(),
            &candidates,
            links.width(),
            |child| tree.parent(child) == slot,
            &mut chosen,
        );
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
