//! Searches among a set of rows against the plain scan of the set: any set, any distance, any codec, with copies,
//! and with rows that the graph does not hold yet.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use proptest::prelude::*;
use vectord::graph::{Among, Explanation, Graph, GraphView, Neighbour, Path, Rows, RowsView};
use vectord::graph::{Schedule, Step, Threads, scan};
use vectord::metric::{Distance, Space};

use crate::support::numbers::Seeded;

const D: usize = 24;

/// Rows and a graph that has come as far as it has.
struct Held {
    rows: RowsView,
    graph: GraphView,
    random: Seeded,
}

impl Held {
    /// `n` rows in clusters, one in twenty a copy of an earlier one, made into others by `change`; and `late` more,
    /// of which the graph attached some.
    fn new(distance: Distance, n: usize, late: usize, change: impl Fn(usize, f32) -> f32) -> Self {
        let mut random = Seeded(n as u64);
        let mut vectors: Vec<f32> = Vec::new();
        for (at, row) in random.clustered(n + late, D).into_iter().enumerate() {
            if at > 0 && random.below(20) == 0 {
                let from = random.below(at) * D;
                vectors.extend_from_within(from..from + D);
            } else {
                vectors.extend(row.into_iter().map(|value| change(at, value)));
            }
        }
        let mut rows = Rows::new(Space::new(distance, D));
        let mut schedule = Schedule::new();
        let mut graph = Graph::new(16, 100);
        rows.push(&vectors[..n * D]).unwrap();
        schedule.note(n);
        graph.follow(&schedule);
        while graph.step(&rows.view(), Threads::new(2)) != Step::Idle {}
        rows.push(&vectors[n * D..]).unwrap();
        schedule.note(late);
        graph.follow(&schedule);
        for _ in 0..late / 256 {
            graph.step(&rows.view(), Threads::ONE);
        }
        Self { rows: rows.view(), graph: graph.view(), random }
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    /// A row, moved a little.
    fn query(&mut self) -> (Vec<f32>, f32) {
        let at = self.random.below(self.len()) as u32;
        let query: Vec<f32> =
            self.rows.row(at).iter().map(|value| value * (1.0 + 0.3 * self.random.float())).collect();
        let norm = self.rows.space().distance().admit(&query).unwrap();
        (query, norm)
    }

    /// All rows by their distance from a query.
    fn ranked(&self, query: &[f32], norm: f32) -> Vec<u32> {
        scan(&self.rows, query, norm, self.len(), |_| true).iter().map(|near| near.slot).collect()
    }

    /// `count` of `slots`.
    fn some(&mut self, slots: &[u32], count: usize) -> Set {
        let mut slots = slots.to_vec();
        let count = count.min(slots.len());
        for at in 0..count {
            let other = at + self.random.below(slots.len() - at);
            slots.swap(at, other);
        }
        Set::of(self.len(), &slots[..count])
    }

    fn among(
        &self,
        query: &[f32],
        norm: f32,
        k: usize,
        ef: usize,
        set: &Set,
    ) -> (Vec<Neighbour>, Explanation) {
        let (found, explanation) = self.graph.search_among(&self.rows, query, norm, k, ef, set.among());
        assert_eq!(found.len(), k.min(set.count), "{explanation:?}");
        assert!(found.is_sorted_by(|a, b| a < b), "sorted, and no row twice");
        for near in &found {
            assert!(set.among().contains(near.slot));
            assert_eq!(near.key.to_bits(), self.rows.key_to(query, norm, near.slot).to_bits());
        }
        assert_eq!(
            (explanation.matches, explanation.exact),
            (Some(set.count), explanation.path == Path::Exact)
        );
        assert!(explanation.distances >= found.len());
        if explanation.exact {
            assert_eq!(found, scan(&self.rows, query, norm, k, |slot| set.among().contains(slot)));
        }
        (found, explanation)
    }
}

struct Set {
    words: Vec<u64>,
    count: usize,
}

impl Set {
    fn of(rows: usize, slots: &[u32]) -> Self {
        let mut words = vec![0; rows.div_ceil(64)];
        for slot in slots {
            words[*slot as usize / 64] |= 1 << (slot % 64);
        }
        Self { words, count: slots.len() }
    }

    fn among(&self) -> Among<'_> {
        Among::new(&self.words, self.count)
    }
}

/// Rows that are coded in each way, by name.
fn kinds(distance: Distance) -> Vec<(&'static str, Held)> {
    let integers = |_: usize, value: f32| (value.clamp(-1.3, 1.3) * 90.0 + 120.0).round();
    let scaled = |at: usize, value: f32| value * 10_f32.powi((at * 7919 % 13) as i32 - 6);
    let mut kinds = vec![
        ("sq8", Held::new(distance, 4000, 900, |_, value| value)),
        ("f32", Held::new(distance, 1500, 300, |_, value| value)),
    ];
    if distance == Distance::Euclidean {
        kinds.push(("u8", Held::new(distance, 4000, 900, integers)));
        kinds.push(("f32", Held::new(distance, 4000, 900, scaled)));
    }
    kinds
}

#[test]
fn what_is_found_among_any_set_is_of_it_sorted_exact_and_never_short() {
    let mut paths = [0; 3];
    for distance in Distance::ALL {
        for (codec, mut held) in kinds(distance) {
            assert_eq!(held.graph.codec(), codec, "{distance:?}");
            let all: Vec<u32> = (0..held.len() as u32).collect();
            for at in 0..160 {
                let (query, norm) = held.query();
                let count = [0, 1, 3, 9, 40, 200, 700, 1500, 2500, 4000, 4899][at % 11].min(held.len());
                let from = match at % 4 {
                    0 | 1 => all.clone(),
                    2 => held.ranked(&query, norm)[..count].to_vec(),
                    _ => held.ranked(&query, norm)[held.len() / 8..].to_vec(),
                };
                let set = held.some(&from, count);
                for (k, ef) in [(1, 1), (10, 10), (10, 16), (30, 12), (set.count + 5, 4)] {
                    let (_, explanation) = held.among(&query, norm, k, ef, &set);
                    paths[explanation.path as usize] += 1;
                }
            }
        }
    }
    assert!(paths[..2].iter().all(|&taken| taken > 50), "exact, walk: {paths:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn scanning_a_set_is_the_plain_scan_of_it_and_within_is_that_cut(
        seed in any::<u64>(),
        share in 0.0..1.0_f64,
        k in 1..400_usize,
        at in 0..400_usize,
    ) {
        for distance in Distance::ALL {
            for held in made(distance).iter() {
                let mut random = Seeded(seed);
                let slots: Vec<u32> =
                    (0..held.len() as u32).filter(|_| f64::from(random.float()) < 2.0 * share - 1.0).collect();
                let set = Set::of(held.len(), &slots);
                let query = held.rows.row(random.below(held.len()) as u32).to_vec();
                let norm = distance.admit(&query).unwrap();
                let contains = |slot| set.among().contains(slot);
                let all = scan(&held.rows, &query, norm, held.len(), contains);
                let found = held.graph.scan_among(&held.rows, &query, norm, k, set.among());
                prop_assert_eq!(&found[..], &all[..k.min(all.len())]);
                let finish = |near: &Neighbour| held.rows.space().finish(near.key);
                let reach = all.get(at).map_or(0.1, finish);
                for reach in [reach, reach.next_down(), reach.next_up()] {
                    let found = held.graph.within(&held.rows, &query, norm, reach, k, set.among());
                    let inside = all.iter().filter(|near| finish(near) <= reach).count();
                    prop_assert_eq!(&found[..], &all[..inside.min(k)]);
                }
            }
        }
    }
}

/// The kinds of a distance, made once: it takes a while.
fn made(distance: Distance) -> Rc<Vec<Held>> {
    thread_local!(static MADE: RefCell<BTreeMap<&'static str, Rc<Vec<Held>>>> = RefCell::default());
    let make = || Rc::new(kinds(distance).into_iter().map(|(_, held)| held).collect());
    MADE.with_borrow_mut(|made| Rc::clone(made.entry(distance.name()).or_insert_with(make)))
}

#[test]
fn recall_holds_among_random_near_and_far_sets_of_every_size() {
    let mut paths = [0; 3];
    for distance in Distance::ALL {
        let mut held = Held::new(distance, 20_000, 500, |_, value| value);
        let (n, ef) = (held.len(), held.graph.ef_search());
        for share in [1.0, 0.5, 0.12, 0.05, 0.01, 0.001] {
            let count = (share * n as f64) as usize;
            for kind in ["random", "near", "nearly near", "not nearest", "far"] {
                let (mut hits, mut all) = (0, 0);
                for _ in 0..8 {
                    let (query, norm) = held.query();
                    let ranked = held.ranked(&query, norm);
                    let from = match kind {
                        "random" => &ranked[..],
                        "near" => &ranked[..count],
                        "nearly near" => &ranked[..(4 * count).min(n)],
                        "not nearest" => &ranked[n / 50..],
                        _ => &ranked[(n - count).min(n - n / 10)..],
                    };
                    let set = held.some(from, count);
                    let (_, narrow) = held.among(&query, norm, 10, 10, &set);
                    paths[narrow.path as usize] += 1;
                    let (found, _) = held.among(&query, norm, 10, ef, &set);
                    let truth = scan(&held.rows, &query, norm, 10, |slot| set.among().contains(slot));
                    hits += found.iter().filter(|near| near.key <= truth[truth.len() - 1].key).count();
                    all += truth.len();
                }
                let recall = hits as f64 / all as f64;
                assert!(recall >= 0.95, "{distance:?}, {kind}, {share}: {recall}");
            }
        }
    }
    assert!(paths.iter().all(|&taken| taken > 20), "exact, walk, two-hop: {paths:?}");
}
