//! The `ef_search` that an index chooses: enough for recall@10 of 0.95, a part of the state, and only a default.

use vectord::index::{Distance, Index, Params, Parts, SearchOptions};

use crate::fed::{Fed, K};
use crate::support::numbers::Seeded;

const D: usize = 32;

#[test]
fn what_is_chosen_finds_what_queries_from_outside_ask_for() {
    for (distance, entry) in [(Distance::Cosine, 500), (Distance::Euclidean, 6_000), (Distance::Dot, 2_000)] {
        let mut rows = Seeded(1).clustered(6_300, D);
        let queries = rows.split_off(6_000);
        let fed = Fed::with(distance, &rows, entry);
        let (ef, recall) = (fed.index.ef_search(), fed.recall(&queries));
        assert!(recall >= 0.95, "{}: recall {recall} at {ef}", distance.name());
        assert!((10..=448).contains(&ef));
        assert_eq!(fed.index.stats().ef_search, ef);
    }
}

#[test]
fn harder_data_takes_more_candidates() {
    let easy = Fed::with(Distance::Euclidean, &Seeded(2).clustered(4_000, D), 4_000);
    let mut random = Seeded(3);
    let uniform: Vec<Vec<f32>> = (0..4_000).map(|_| random.vector(D)).collect();
    let hard = Fed::with(Distance::Euclidean, &uniform, 4_000);
    let [easy_ef, hard_ef] = [&easy, &hard].map(|fed| fed.index.ef_search());
    assert!(hard_ef > easy_ef, "{hard_ef} for uniform rows, {easy_ef} for clustered ones");
    let queries: Vec<Vec<f32>> = (0..150).map(|_| random.vector(D)).collect();
    assert!(hard.recall(&queries) >= 0.95);
}

#[test]
fn the_choice_is_stored_and_goes_on() {
    let rows = Seeded(4).clustered(5_000, D);
    let fed = Fed::with(Distance::Cosine, &rows, 1_000);
    let chosen = fed.index.ef_search();
    let loaded = fed.index.with_parts(|parts| Index::from_parts(*fed.index.params(), 5, parts).unwrap());
    assert_eq!((loaded.ef_search(), loaded.stats().ef_search), (chosen, chosen));
    assert_eq!(loaded.stats().codec, fed.index.stats().codec);
    for row in rows.iter().step_by(101) {
        let [before, after] =
            [&fed.index, &loaded].map(|index| index.search(row, &SearchOptions::new(K)).unwrap());
        assert_eq!((before.ids, before.distances), (after.ids, after.distances));
    }
}

#[test]
fn who_names_an_ef_gets_it() {
    let params = Params { ef_search: Some(33), ..Params::new(D as u32) };
    let mut fed = Fed::new(params);
    fed.add(&Seeded(5).clustered(3_000, D));
    assert_eq!((fed.index.ef_search(), fed.index.stats().ef_search), (33, 33));
    // What was found out is kept all the same: the same rows are the same graph.
    let mut automatic = Fed::new(Params::new(D as u32));
    automatic.add(&fed.rows);
    assert_eq!(fed.digest(), automatic.digest());
    // A search's own candidates go before the index's.
    let queries = Seeded(6).clustered(100, D);
    assert!(fed.recall_at(&queries, Some(10)) < fed.recall_at(&queries, Some(400)));
}

#[test]
fn an_index_without_a_graph_has_nothing_to_choose_by() {
    let mut fed = Fed::new(Params::new(D as u32));
    fed.add(&Seeded(7).clustered(500, D));
    assert_eq!(fed.index.stats().codec, "f32");
    fed.index.with_parts(|Parts { codes, .. }| assert!(codes.is_none()));
}
