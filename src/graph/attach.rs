//! Linking a piece of rows to a graph: search, choose, link back.
//!
//! A piece is searched for in the graph as it was before the piece, so its rows may be taken in any
//! order or at once, and their own lists be written, to which nothing leads yet. They are then taken into the
//! tree in order, and lists that are linked back from may again be written in any order or at once. All of it may
//! stop after any step: only the one who attaches writes the graph.

use super::codes::{CodesView, Key};
use super::edges::{self, Edge};
use super::neighbour::Near;
use super::prune::prune;
use super::rows::RowsView;
use super::ruler::{Gauge, Job};
use super::scratch::{Scratch, Shelf};
use super::threads::Threads;
use super::tree::Tree;
use super::walk::Ground;

/// Lists linked back from that cost about as much as one row searched for.
const LISTS: usize = 8;

/// Lists that one thread links back from in one go.
const GROUPS: usize = 32;

/// How much one step may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    /// What costs each thread about as much as searching for so many rows.
    pub(super) rows: usize,
    pub(super) threads: Threads,
}

/// What rows are attached to, and by which measure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) rows: &'a RowsView,
    pub(super) codes: &'a CodesView,
    pub(super) ground: Ground<'a>,
    pub(super) shelf: &'a Shelf,
    pub(super) ef: usize,
}

/// A row and the list chosen for it.
#[derive(Debug)]
struct Plan {
    slot: u32,
    list: Vec<Near>,
}

/// A piece on its way into a graph that links at least one row.
#[derive(Debug)]
pub(super) struct Piece {
    /// Distinct rows, not linked before.
    slots: Vec<u32>,
    plans: Vec<Plan>,
    /// Plans whose rows stand in the tree, and whose links back are being written.
    linked: usize,
    /// Whether none in the next plan's list has room for a child of the tree; its links back are written.
    is_stuck: bool,
    /// Links back, sorted by target.
    edges: Vec<Edge>,
    /// Edges that are written.
    written: usize,
}

impl Piece {
    pub(super) fn new(slots: &[u32]) -> Self {
        let plans = Vec::with_capacity(slots.len());
        Self { slots: slots.to_vec(), plans, linked: 0, is_stuck: false, edges: Vec::new(), written: 0 }
    }

    /// Its rows.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Does what the budget allows; true when the piece is attached.
    pub(super) fn step(&mut self, site: Site<'_>, tree: &mut Tree, Budget { rows, threads }: Budget) -> bool {
        let rows = rows * threads.count();
        if self.plans.len() < self.slots.len() {
            let end = self.slots.len().min(self.plans.len() + rows);
            let next = &self.slots[self.plans.len()..end];
            let plan = |&slot: &u32| {
                site.shelf.with(|scratch| {
                    let Site { ground, ef, .. } = site;
                    site.codes.measure_rows(site.rows, Choose { ground, slot, ef, scratch })
                })
            };
            self.plans.extend(threads.map(next, plan));
        } else if self.written == self.edges.len() {
            self.link(site, tree, threads);
        } else {
            self.link_back(site, tree, rows * LISTS, threads);
        }
        self.linked == self.plans.len()
            && self.plans.len() == self.slots.len()
            && self.written == self.edges.len()
    }

    /// Gives the rows parents, up to one that must wait for the links back.
    fn link(&mut self, Site { rows, codes, ground, .. }: Site<'_>, tree: &mut Tree, threads: Threads) {
        let links = ground.links;
        self.edges.clear();
        self.written = 0;
        while let Some(Plan { slot, list }) = self.plans.get(self.linked) {
            let parent = if self.is_stuck {
                // The way down leads through links of this very piece, which are written now.
                let parent = tree.descend(links, list[0].slot);
                self.edges.push(Edge::new(parent, codes.measure_rows(rows, Key(parent, *slot)), *slot));
                self.is_stuck = false;
                parent
            } else {
                self.edges.extend(list.iter().map(|near| Edge::new(near.slot, near.key, *slot)));
                let host = list.iter().map(|near| near.slot).find(|&near| tree.has_room(near, links.width()));
                let Some(parent) = host else {
                    self.is_stuck = true;
                    break;
                };
                parent
            };
            tree.set(*slot, parent);
            self.linked += 1;
        }
        threads.sort(&mut self.edges);
    }

    /// Writes links back to about `lists` lists.
    fn link_back(&mut self, site: Site<'_>, tree: &Tree, lists: usize, threads: Threads) {
        let links = site.ground.links;
        let groups: Vec<&[Edge]> =
            self.edges[self.written..].chunk_by(|a, b| a.target == b.target).take(lists).collect();
        let some: Vec<&[&[Edge]]> = groups.chunks(GROUPS).collect();
        threads.map(&some, |groups| {
            site.shelf.with(|scratch| {
                site.codes.measure_rows(site.rows, edges::Add { links, tree, groups, scratch });
            });
        });
        self.written += groups.iter().map(|group| group.len()).sum::<usize>();
    }
}

/// Searches for a row, and writes the list chosen for it among what was found.
struct Choose<'a> {
    ground: Ground<'a>,
    slot: u32,
    ef: usize,
    scratch: &'a mut Scratch,
}

impl Job for Choose<'_> {
    type Output = Plan;

    #[inline(always)]
    fn run<G: Gauge>(self, gauge: G) -> Plan {
        let Self { ground, slot, ef, scratch: Scratch { met, pool, probe, probes, .. } } = self;
        met.reset(ground.bound);
        pool.reset(ef);
        ground.walk(gauge.at(slot, probe), met, pool);
        let candidates: Vec<Near> = pool.nearest().collect();
        let mut list = Vec::with_capacity(ground.links.width());
        prune(gauge, probes, &candidates, ground.links.width(), |_| false, &mut list);
        // Nothing leads to the row yet, and no other task writes its list.
        ground.links.replace(slot, list.iter().map(|near| near.slot));
        Plan { slot, list }
    }
}
