//! How many candidates a search needs: tried out on the graph itself, with rows of it as queries. And
//! whether codes still tell rows apart where they lie closest.
//!
//! The row that asks is not walked through, so that it is as new to the graph as a query from outside.
//! What is found depends on rows and lists alone, and on no machine: it is part of the state.

use super::asked::Walk;
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
const RECALL: f64 = 0.97;

/// Rows that ask.
const QUERIES: usize = 96;

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
    asked: usize,
    /// Neighbours there were, and those found, per rung of the ladder.
    wanted: usize,
    found: [usize; LADDER.len()],
    /// The very nearest that the last rung met, and those it did not know for such.
    met: usize,
    blurred: usize,
}

/// What one row was answered.
struct Asking {
    wanted: usize,
    found: [usize; LADDER.len()],
    met: usize,
    blurred: usize,
}

impl Trial {
    /// Lets a few more rows ask; the answer once all have.
    pub(super) fn step(&mut self, graph: &Graph, rows: &RowsView, threads: Threads) -> Option<Answer> {
        let linked: Vec<u32> = graph.tree.linked().collect();
        let queries = QUERIES.min(linked.len());
        let to = queries.min(self.asked + 4 * threads.count());
        let asking: Vec<u32> = (self.asked..to).map(|at| linked[at * linked.len() / queries]).collect();
        for asking in threads.map(&asking, |&slot| ask(graph, rows, &linked, slot)) {
            let Asking { wanted, found, met, blurred } = asking;
            self.wanted += wanted;
            self.found.iter_mut().zip(found).for_each(|(sum, found)| *sum += found);
            self.met += met;
            self.blurred += blurred;
        }
        self.asked = to;
        let is_blurred = self.blurred as f64 > BLURRED * self.met as f64;
        (to == queries).then(|| if is_blurred { Answer::Blurred } else { Answer::EfSearch(self.ef_search()) })
    }

    /// Between the rungs around the recall, in proportion.
    fn ef_search(&self) -> usize {
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

/// How many neighbours `slot` has at most, how many of them each rung finds, and what the last makes of the nearest.
fn ask(graph: &Graph, rows: &RowsView, linked: &[u32], slot: u32) -> Asking {
    let (query, inverse_norm) = (rows.row(slot), rows.inverse_norm(slot));
    let key = |slot| Neighbour { key: rows.key_to(query, inverse_norm, slot), slot };
    let mut nearest = Nearest::new(K);
    linked.iter().filter(|&&other| other != slot).for_each(|&other| nearest.offer(key(other)));
    let nearest = nearest.into_sorted();
    let mut asking = Asking { wanted: nearest.len(), found: [0; LADDER.len()], met: 0, blurred: 0 };
    if nearest.is_empty() {
        return asking;
    }
    let codes = graph.codes.view();
    let bound = codes.bound(rows).min(graph.links.slots());
    let ground = Ground { links: &graph.links, entries: &graph.entries, bound };
    for (ef, sum) in LADDER.into_iter().zip(&mut asking.found) {
        graph.shelf.with(|scratch| {
            let Scratch { met, pool, probe, .. } = scratch;
            met.reset(bound);
            met.meet(std::iter::once(slot), 1, bound);
            pool.reset(ef);
            let precision = codes.at_query(rows, query, inverse_norm, probe, Asked { ground, met, pool });
            let among = |most: usize, wanted: usize| {
                let reach = nearest[wanted - 1].key;
                pool.nearest().take(most).filter(|near| key(near.slot).key <= reach).take(wanted).count()
            };
            *sum = among(2 * K, nearest.len());
            if ef == LADDER[LADDER.len() - 1] && !precision.is_exact() {
                let wanted = nearest.len().min(NEAREST);
                asking.met = among(usize::MAX, wanted);
                asking.blurred = asking.met - among(BY_CODE, wanted);
            }
        });
    }
    asking
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
