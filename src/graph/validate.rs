//! Every invariant of the graph, checked the slow way; tests call it after each step.
//!
//! A search never needs it: whatever it finds broken is a bug of the writer.

use std::collections::{HashSet, VecDeque};

use super::codes::KeysFrom;
use super::growing::Graph;
use super::rows::RowsView;
use super::tree::ROOT;

impl Graph {
    /// What is broken, one sentence each; empty for a sound graph.
    ///
    /// Checked: bounds, no self or repeated links, nearest first, a tree rooted in entry points whose
    /// links exist, each alive attached slot reachable as a linked row or a copy of one, chains of equal
    /// bits in ascending order. It may be asked between any two steps.
    pub fn validate(&self, rows: &RowsView, alive: impl Fn(u32) -> bool) -> Vec<String> {
        let mut broken = Vec::new();
        let seen = self.schedule.seen;
        if self.end() > seen || seen > rows.len() || self.end() > self.links.slots() {
            broken.push(format!(
                "{} attached of {seen} seen, {} rows, room for {}",
                self.end(),
                rows.len(),
                self.links.slots()
            ));
            return broken;
        }
        for slot in self.tree.linked() {
            self.validate_list(rows, slot, &mut broken);
        }
        let reachable = self.reachable();
        let mut found = HashSet::new();
        for &slot in &reachable {
            for (copy, next) in self.chain(slot).zip(self.chain(slot).skip(1)) {
                let is_equal =
                    rows.row(copy).iter().zip(rows.row(next)).all(|(a, b)| a.to_bits() == b.to_bits());
                if next <= copy || !is_equal {
                    broken.push(format!("slot {next} is chained to {copy}, of which it is no later copy"));
                }
            }
            for slot in self.chain(slot) {
                if !found.insert(slot) {
                    broken.push(format!("slot {slot} stands in two chains"));
                }
            }
        }
        let view = self.view();
        let held = (0..self.end() as u32).filter(|&slot| view.holds(slot));
        for slot in held.filter(|slot| !found.contains(slot) && alive(*slot)) {
            broken.push(format!("slot {slot} cannot be reached"));
        }
        broken
    }

    /// Where the batch under way ends, else what is attached.
    fn end(&self) -> usize {
        self.under_way.as_ref().map_or(self.attached, |batch| batch.end)
    }

    fn chain(&self, slot: u32) -> impl Iterator<Item = u32> {
        self.links.copies(slot, self.end() as u32)
    }

    fn validate_list(&self, rows: &RowsView, slot: u32, broken: &mut Vec<String>) {
        let view = self.view();
        let list: Vec<u32> = self.links.neighbours(slot).collect();
        // A row of a piece that is half attached may be linked to before it has a parent.
        let is_linked =
            |near: u32| (near as usize) < self.end() && (self.tree.has(near) || !view.holds(near));
        if let Some(bad) = list.iter().find(|&&near| !is_linked(near)) {
            broken.push(format!("slot {slot} links to {bad}, which is not in the graph"));
            return;
        }
        if list.contains(&slot) {
            broken.push(format!("slot {slot} links to itself"));
        }
        if list.iter().collect::<HashSet<_>>().len() != list.len() {
            broken.push(format!("slot {slot} has a link twice"));
        }
        let keys = || view.codes.measure_rows(rows, KeysFrom(slot, list.iter().copied()));
        if !self.is_resorting() && !keys().is_sorted() {
            broken.push(format!("the list of slot {slot} is not nearest first"));
        }
        let parent = self.tree.parent(slot);
        if parent == ROOT && !self.entries.contains(&slot) {
            broken.push(format!("slot {slot} is a root and no entry point"));
        }
        // Nor may the links back to it be written.
        if parent != ROOT && view.holds(slot) && !self.links.neighbours(parent).any(|child| child == slot) {
            broken.push(format!("slot {slot} has lost the link of its parent {parent}"));
        }
    }

    /// Linked slots a walk can reach, found breadth first from the entry points.
    fn reachable(&self) -> Vec<u32> {
        let mut seen = vec![false; self.end()];
        let mut queue: VecDeque<u32> = VecDeque::new();
        let mut order = Vec::new();
        let mut meet = |slot: u32, queue: &mut VecDeque<u32>| {
            if seen.get_mut(slot as usize).is_some_and(|seen| !std::mem::replace(seen, true)) {
                queue.push_back(slot);
            }
        };
        self.entries.iter().for_each(|&slot| meet(slot, &mut queue));
        while let Some(slot) = queue.pop_front() {
            order.push(slot);
            self.links.neighbours(slot).for_each(|near| meet(near, &mut queue));
        }
        order
    }
}
