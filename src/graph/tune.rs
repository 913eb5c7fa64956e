//! How many candidates a search needs: tried out on the graph itself, with rows of it as queries.
//!
//! The row that asks is not walked through, so that it is as new to the graph as a query from outside.
//! What is found depends on rows and lists alone, and on no machine: it is part of the state.

use super::codes::Walk;
use super::growing::Graph;
use super::met::Met;
use super::neighbour::Neighbour;
use super::pool::Pool;
use super::rows::RowsView;
use super::ruler::Ruler;
use super::scan::Nearest;
use super::scratch::Scratch;
use super::threads::Threads;
use super::walk::Ground;

/// The neighbours that are sought, and how many of them are to be found.
const K: usize = 10;
const RECALL: f64 = 0.96;

/// Rows that ask.
const QUERIES: usize = 96;

/// What is tried, in this order.
const LADDER: [usize; 12] = [10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448];

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Trial {
    asked: usize,
    /// Neighbours there were, and those found, per rung of the ladder.
    wanted: usize,
    found: [usize; LADDER.len()],
}

impl Trial {
    /// Lets a few more rows ask; the answer once all have.
    pub(super) fn step(&mut self, graph: &Graph, rows: &RowsView, threads: Threads) -> Option<usize> {
        let linked: Vec<u32> = graph.tree.linked().collect();
        let queries = QUERIES.min(linked.len());
        let to = queries.min(self.asked + 4 * threads.count());
        let asking: Vec<u32> = (self.asked..to).map(|at| linked[at * linked.len() / queries]).collect();
        for (wanted, found) in threads.map(&asking, |&slot| ask(graph, rows, &linked, slot)) {
            self.wanted += wanted;
            self.found.iter_mut().zip(found).for_each(|(sum, found)| *sum += found);
        }
        self.asked = to;
        (to == queries).then(|| self.answer())
    }

    /// Between the rungs around the recall, in proportion.
    fn answer(&self) -> usize {
        let enough = RECALL * self.wanted as f64;
        let Some(rung) = self.found.iter().position(|&found| found as f64 >= enough) else {
            return LADDER[LADDER.len() - 1];
        };
        if rung == 0 {
            return LADDER[0];
        }
        let (below, above) = (self.found[rung - 1] as f64, self.found[rung] as f64);
        let share = (enough - below) / (above - below);
        LADDER[rung - 1] + ((LADDER[rung] - LADDER[rung - 1]) as f64 * share).ceil() as usize
    }
}

/// How many neighbours `slot` has at most, and how many of them each rung finds.
fn ask(graph: &Graph, rows: &RowsView, linked: &[u32], slot: u32) -> (usize, [usize; LADDER.len()]) {
    let (query, inverse_norm) = (rows.row(slot), rows.inverse_norm(slot));
    let key = |slot| Neighbour { key: rows.key_to(query, inverse_norm, slot), slot };
    let mut nearest = Nearest::new(K);
    linked.iter().filter(|&&other| other != slot).for_each(|&other| nearest.offer(key(other)));
    let nearest = nearest.into_sorted();
    let Some(&farthest) = nearest.last() else { return (0, [0; LADDER.len()]) };
    let codes = graph.codes.view();
    let bound = codes.bound(rows).min(graph.links.slots());
    let ground = Ground { links: &graph.links, entries: &graph.entries, bound };
    let found = LADDER.map(|ef| {
        graph.shelf.with(|scratch| {
            let Scratch { met, pool, probe, .. } = scratch;
            met.reset(bound);
            met.meet(std::iter::once(slot), 1, bound);
            pool.reset(ef);
            codes.at_query(rows, query, inverse_norm, probe, Asked { ground, met, pool });
            let again = pool.nearest().take(2 * K).map(|near| key(near.slot));
            again.filter(|near| near.key <= farthest.key).take(nearest.len()).count()
        })
    });
    (nearest.len(), found)
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
