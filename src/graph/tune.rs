//! How many candidates a search needs: tried out on the graph itself, with rows of it as queries. And
//! whether codes still tell rows apart where they lie closest.
//!
//! The row that asks is not walked through, so that it is as new to the graph as a query from outside.
//! What is found depends on rows and lists alone, and on no machine: it is part of the state.

use super::asked::Walk;
use super::floatwise::FloatRuler;
use super::growing::Graph;
use super::met::Met;
use super::neighbour::Neighbour;
use super::pool::Pool;
use super::rows::RowsView;
use super::ruler::Ruler;
use super::scratch::Scratch;
use super::threads::Threads;
use super::walk::Ground;

/// The neighbours that are sought, and how many of them are to be found.
const K: usize = 10;
const RECALL: f64 = 0.97;

/// Rows that ask.
const QUERIES: usize = 96;

/// So many of them are compared with all rows at once, or search, in one step of each thread: the exact scan takes as many
/// through the cache together.
const TOGETHER: usize = 16;

/// What is tried, in this order. Less would serve some data, but not queries unlike any row.
const LADDER: [usize; 9] = [32, 40, 56, 80, 112, 160, 224, 320, 448];

/// Of the rows found, so many of the nearest must be among so many by code, nearly always. With four times the rows,
/// at the next growth point, that is what ten of twenty are now.
const NEAREST: usize = 3;
const BY_CODE: usize = 5;
const BLURRED: f64 = 0.05;

/// What a trial comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// So many candidates are enough.
    EfSearch(usize),
    /// The nearest rows are not the nearest codes.
    Blurred,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Trial {
    /// Rows that ask, and their neighbours, of those that were told yet.
    queries: Vec<u32>,
    nearest: Vec<Vec<Neighbour>>,
    /// What is being tried.
    rung: usize,
    /// Rows that asked on this rung, and the neighbours they found.
    asked: usize,
    found: usize,
    /// Those found on the rung before.
    below: usize,
    ef_search: Option<usize>,
    /// The very nearest that the last rung met, and those it did not know for such.
    met: usize,
    blurred: usize,
}

/// What one row was answered.
struct Answered {
    found: usize,
    met: usize,
    blurred: usize,
}

impl Trial {
    /// Lets a few more rows ask; the answer once all have asked enough.
    pub(super) fn step(&mut self, graph: &Graph, rows: &RowsView, threads: Threads) -> Option<Answer> {
        if self.queries.is_empty() {
            let linked: Vec<u32> = graph.tree.linked().collect();
            let queries = QUERIES.min(linked.len());
            self.queries = (0..queries).map(|at| linked[at * linked.len() / queries]).collect();
        }
        let few = TOGETHER * threads.count();
        if self.nearest.len() < self.queries.len() {
            let next = self.nearest.len()..self.queries.len().min(self.nearest.len() + few);
            self.nearest.extend(neighbours(graph, rows, &self.queries[next], threads));
            return None;
        }
        let ef = if self.ef_search.is_none() { LADDER[self.rung] } else { LADDER[LADDER.len() - 1] };
        let asking: Vec<usize> = (self.asked..self.queries.len().min(self.asked + few)).collect();
        let ask = |&at: &usize| ask(graph, rows, self.queries[at], &self.nearest[at], ef);
        for Answered { found, met, blurred } in threads.map(&asking, ask) {
            self.found += found;
            self.met += met;
            self.blurred += blurred;
        }
        self.asked += asking.len();
        if self.asked < self.queries.len() { None } else { self.climb(graph.codes.view().is_exact()) }
    }

    /// All rows have asked on this rung.
    fn climb(&mut self, is_exact: bool) -> Option<Answer> {
        let last = LADDER.len() - 1;
        let was_last = self.ef_search.is_some() || self.rung == last;
        if self.ef_search.is_none() {
            let wanted: usize = self.nearest.iter().map(Vec::len).sum();
            self.ef_search = self.ef_search(RECALL * wanted as f64);
        }
        if let Some(ef_search) = self.ef_search
            && (was_last || is_exact)
        {
            let is_blurred = self.blurred as f64 > BLURRED * self.met as f64;
            return Some(if is_blurred { Answer::Blurred } else { Answer::EfSearch(ef_search) });
        }
        (self.met, self.blurred) = (0, 0);
        (self.below, self.found, self.asked) = (self.found, 0, 0);
        self.rung += 1;
        None
    }

    /// Between this rung and the one before, in proportion; `None` where this one is not enough.
    fn ef_search(&self, enough: f64) -> Option<usize> {
        if (self.found as f64) < enough {
            return (self.rung == LADDER.len() - 1).then_some(LADDER[self.rung]);
        }
        let Some(before) = self.rung.checked_sub(1) else { return Some(LADDER[0]) };
        let (below, above) = (self.below as f64, self.found as f64);
        let share = (enough - below) / (above - below);
        Some(LADDER[before] + ((LADDER[self.rung] - LADDER[before]) as f64 * share).ceil() as usize)
    }
}

/// The nearest rows to each of `slots`, of those linked, but for itself.
fn neighbours(graph: &Graph, rows: &RowsView, slots: &[u32], threads: Threads) -> Vec<Vec<Neighbour>> {
    let queries: Vec<f32> = slots.iter().flat_map(|&slot| rows.row(slot)).copied().collect();
    let inverse_norms: Vec<f32> = slots.iter().map(|&slot| rows.inverse_norm(slot)).collect();
    // Rows that came since the batch began are not in the tree yet.
    let is_linked = |slot: u32| (slot as usize) < graph.tree.slots() && graph.tree.has(slot);
    let found = graph.codes.view().scan_many(rows, &queries, &inverse_norms, K + 1, is_linked, threads);
    let others = |(mut nearest, &slot): (Vec<Neighbour>, &u32)| {
        nearest.retain(|near| near.slot != slot);
        nearest.truncate(K);
        nearest
    };
    found.into_iter().zip(slots).map(others).collect()
}

/// How many of the neighbours of `slot` are found among `ef` candidates, and what codes make of the nearest.
fn ask(graph: &Graph, rows: &RowsView, slot: u32, nearest: &[Neighbour], ef: usize) -> Answered {
    if nearest.is_empty() {
        return Answered { found: 0, met: 0, blurred: 0 };
    }
    let query = FloatRuler { rows, query: rows.row(slot), inverse_norm: rows.inverse_norm(slot) };
    let codes = graph.codes.view();
    let bound = codes.bound(rows).min(graph.links.slots());
    let ground = Ground { links: &graph.links, entries: &graph.entries, bound, asker: Some(slot) };
    graph.shelf.with(|scratch| {
        let Scratch { met, pool, probe, .. } = scratch;
        met.reset(bound);
        pool.reset(ef);
        let precision = codes.at_query(query, probe, Asked { ground, met, pool });
        let among = |most: usize, wanted: usize| {
            let reach = nearest[wanted - 1].key;
            let is_within = |slot: u32| query.exact(slot) <= reach;
            pool.nearest().take(most).filter(|near| is_within(near.slot)).take(wanted).count()
        };
        let found = among(2 * K, nearest.len());
        if ef < LADDER[LADDER.len() - 1] || precision.is_exact() {
            return Answered { found, met: 0, blurred: 0 };
        }
        let wanted = nearest.len().min(NEAREST);
        let met = among(usize::MAX, wanted);
        Answered { found, met, blurred: met - among(BY_CODE, wanted) }
    })
}

struct Asked<'a> {
    ground: Ground<'a>,
    met: &'a mut Met,
    pool: &'a mut Pool,
}

impl Walk for Asked<'_> {
    #[inline(always)]
    fn run<R: Ruler>(self, ruler: R) {
        self.ground.walk(ruler, self.met, self.pool);
    }
}
