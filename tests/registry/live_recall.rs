//! The live estimate of recall: what it counts, and that it tells what searches find.
//!
//! Trials are carried out when the background comes to it: the tests search until it has.

use std::sync::Arc;
use std::time::{Duration, Instant};

use vectord::registry::{Batch, Filter, LiveIndex, LiveRecall, Params, Registry, SearchOptions, Settings};
use vectord::store::Memory;

use crate::support::numbers::Seeded;

const DIMENSION: usize = 32;
const PATIENCE: Duration = Duration::from_secs(60);

fn live(rows: usize, live_recall: f64) -> (Registry, LiveIndex) {
    let settings = Settings { live_recall, follow: false, ..Settings::default() };
    let registry = Registry::on_with(Arc::new(Memory::new()), settings);
    let live = registry.create("tried", Params::new(DIMENSION as u32)).unwrap();
    let mut random = Seeded(5);
    let mut batch = Batch::builder(rows, DIMENSION as u32);
    for row in 0..rows {
        let metadata = format!(r#"{{"half":{}}}"#, row % 2);
        batch.push_row(&row.to_string(), Some(&metadata), &random.vector(DIMENSION)).unwrap();
    }
    live.add(batch.finish().unwrap(), None).unwrap();
    live.digest().unwrap();
    (registry, live)
}

fn told(live: &LiveIndex) -> Option<LiveRecall> {
    live.stats().unwrap().live_recall
}

/// The worst search there is, through the graph.
fn hasty() -> SearchOptions {
    SearchOptions { ef: Some(1), ..SearchOptions::new(10) }
}

#[test]
fn the_estimate_is_what_searches_find() {
    let (_registry, live) = live(6_000, 1.0);
    let mut random = Seeded(6);
    let queries: Vec<Vec<f32>> = (0..300).map(|_| random.vector(DIMENSION)).collect();
    let filtered = SearchOptions { filter: Some(Filter::parse(r#"{"half": 1}"#).unwrap()), ..hasty() };
    let asked = [hasty(), filtered];
    let (mut shares, mut approximate) = ([0.0; 2], 0);
    for query in &queries {
        for (share, options) in shares.iter_mut().zip(&asked) {
            let truth = live.search(query, &SearchOptions { exact: true, ..options.clone() }).unwrap();
            let found = live.search(query, options).unwrap();
            approximate += usize::from(!found.exact);
            let hits = found.ids.iter().filter(|id| truth.ids.iter().any(|other| other == *id)).count();
            *share += hits as f64 / truth.len() as f64 / queries.len() as f64;
        }
    }
    assert!(approximate > 590, "hardly a search of these is exact: {approximate}");
    assert!(shares[0] < 0.97, "too easy: {shares:?}");
    let begun = Instant::now();
    let enough =
        |told: LiveRecall| told.all.queries >= 120 && told.filtered.is_some_and(|told| told.queries >= 40);
    let found = loop {
        for query in &queries {
            for options in &asked {
                live.search(query, options).unwrap();
            }
        }
        match told(&live) {
            Some(told) if enough(told) => break told,
            told => assert!(begun.elapsed() < PATIENCE, "{told:?}"),
        }
    };
    let LiveRecall { all, filtered } = found;
    let filtered = filtered.unwrap();
    assert!((filtered.recall - shares[1]).abs() < 0.1, "{filtered:?} {shares:?}");
    assert!((all.recall - f64::midpoint(shares[0], shares[1])).abs() < 0.1, "{all:?} {shares:?}");
    for estimate in [all, filtered] {
        assert!(estimate.low <= estimate.recall && estimate.recall <= estimate.high, "{estimate:?}");
        assert!(estimate.high - estimate.low < 0.15, "{estimate:?}");
    }
    assert!(filtered.queries < all.queries);
}

#[test]
fn batches_and_searches_by_id_are_tried_too() {
    let (_registry, live) = live(4_000, 1.0);
    let mut random = Seeded(7);
    // Few enough that a walk is sooner than a scan.
    let queries: Vec<f32> = (0..3).flat_map(|_| random.vector(DIMENSION)).collect();
    let many = live.search_many(&queries, &hasty()).unwrap();
    assert!(many.into_iter().all(|hits| !hits.exact));
    let by_id = live.search_by_id("7", &hasty()).unwrap();
    assert!(!by_id.exact);
    for search in [&(|| drop(live.search_many(&queries, &hasty()).unwrap())) as &dyn Fn(), &|| {
        drop(live.search_by_id("7", &hasty()).unwrap());
    }] {
        let queries = |told: Option<LiveRecall>| told.map_or(0, |told| told.all.queries);
        let (begun, before) = (Instant::now(), queries(told(&live)));
        // One more may be of the searches before.
        while queries(told(&live)) < before + 2 {
            search();
            assert!(begun.elapsed() < PATIENCE);
        }
    }
}

#[test]
fn exact_answers_do_not_count() {
    let (_registry, small) = live(500, 1.0);
    let (_other, large) = live(4_000, 1.0);
    let mut random = Seeded(8);
    for _ in 0..50 {
        let query = random.vector(DIMENSION);
        assert!(small.search(&query, &SearchOptions::new(10)).unwrap().exact);
        let rare = Some(Filter::parse(r#"{"$id": {"$in": ["1", "2"]}}"#).unwrap());
        for options in [
            SearchOptions { exact: true, ..SearchOptions::new(10) },
            SearchOptions { within: Some(0.5), ..SearchOptions::new(10) },
            SearchOptions { filter: rare, ..SearchOptions::new(10) },
        ] {
            assert!(large.search(&query, &options).unwrap().exact);
        }
    }
    assert_eq!((told(&small), told(&large)), (None, None));
}

#[test]
fn nothing_is_tried_where_it_is_switched_off() {
    let (_registry, live) = live(4_000, 0.0);
    let mut random = Seeded(9);
    for _ in 0..500 {
        live.search(&random.vector(DIMENSION), &hasty()).unwrap();
    }
    assert_eq!(told(&live), None);
}
