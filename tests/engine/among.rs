//! Searches that leave rows out, searches within a distance, and what searches tell of themselves: through the
//! index, with dead rows, and while a compaction is under way.

use vectord::index::{Batch, Distance, Filter, Hits, Index, Operation, Params, Path, SearchOptions};

use crate::support::numbers::Seeded;

const DIMENSION: usize = 32;
const ROWS: usize = 6_000;

fn add(index: &Index, seq: u64, first: usize, rows: &[Vec<f32>]) {
    let ids: Vec<String> = (first..first + rows.len()).map(|id| id.to_string()).collect();
    let metadata: Vec<String> =
        (first..first + rows.len()).map(|id| format!(r#"{{"digit":{}}}"#, id % 10)).collect();
    let batch = Batch {
        ids: ids.iter().map(String::as_str).collect(),
        metadata: metadata.iter().map(|text| Some(text.as_str())).collect(),
        vectors: &rows.concat(),
    };
    index.apply(seq, &[Operation::Upsert(batch)]);
}

/// Answers of every way to leave rows out, each against the exact one.
fn check(index: &Index, queries: &[Vec<f32>], dead: impl Fn(usize) -> bool) {
    let (mut hits, mut all) = (0, 0);
    for query in queries {
        for digits in ["[3]", "[0, 1, 2, 3, 4, 5, 6, 7]", "[]"] {
            let filter = Filter::parse(&format!(r#"{{"digit": {{"$in": {digits}}}}}"#)).unwrap();
            for k in [10, 10_000] {
                let [near, truth] = [false, true].map(|exact| {
                    let filter = Some(filter.clone());
                    let asked =
                        SearchOptions { ef: Some(24), exact, filter, explain: true, ..SearchOptions::new(k) };
                    let mut found = index.search(query, &asked).unwrap();
                    let told = found.explanation.take().unwrap();
                    assert!(found.distances.is_sorted());
                    for (id, text) in found.ids.iter().zip(&found.metadata) {
                        assert!(!dead(id.parse().unwrap()), "a dead row was found");
                        assert!(asked.filter.as_ref().unwrap().matches(id, text.as_deref()));
                    }
                    assert_eq!(found.len(), k.min(told.matches.unwrap()));
                    assert_eq!(found.exact, told.exact);
                    assert!(told.exact || !exact);
                    found
                });
                if k > 10 {
                    assert_eq!(near, truth);
                }
                hits += near.ids.iter().filter(|id| truth.ids.iter().any(|other| other == *id)).count();
                all += truth.len();
            }
        }
        let ten = index.search(query, &SearchOptions { exact: true, ..SearchOptions::new(10) }).unwrap();
        let within = |distance: f32, k: usize| {
            index.search(query, &SearchOptions { within: Some(distance), ..SearchOptions::new(k) }).unwrap()
        };
        let ids = |hits: &Hits, most: usize| -> Vec<String> {
            hits.ids.iter().take(most).map(str::to_owned).collect()
        };
        let found = within(ten.distances[9], 100);
        assert!(found.len() >= 10 && found.exact);
        assert_eq!(ids(&found, 10), ids(&ten, 10));
        assert!(found.distances.iter().all(|&distance| distance <= ten.distances[9]));
        assert_eq!(ids(&within(ten.distances[9], 4), 4), ids(&ten, 4));
        assert!(within(-1e9, 4).is_empty());
    }
    assert!(hits as f64 >= 0.95 * all as f64, "{hits} of {all}");
}

#[test]
fn leaving_rows_out_holds_before_during_and_after_a_compaction() {
    for distance in Distance::ALL {
        let mut random = Seeded(3);
        let mut rows = random.clustered(ROWS + 620, DIMENSION);
        let queries = rows.split_off(ROWS + 600);
        let params = Params { distance, ..Params::new(DIMENSION as u32) };
        let index = Index::new(params, 0).unwrap().with_threads(2);
        add(&index, 1, 0, &rows[..1000]);
        check(&index, &queries[..3], |_| false);
        add(&index, 2, 1000, &rows[1000..ROWS]);
        index.attach_all();
        check(&index, &queries, |_| false);
        let gone: Vec<String> = (0..ROWS).step_by(3).map(|id| id.to_string()).collect();
        index.apply(3, &[Operation::Delete(gone.iter().map(String::as_str).collect())]);
        let dead = |id: usize| id < ROWS && id.is_multiple_of(3);
        check(&index, &queries, dead);
        index.compact(4);
        add(&index, 5, ROWS, &rows[ROWS..]);
        check(&index, &queries, dead);
        index.attach_some();
        check(&index, &queries, dead);
        index.attach_all();
        check(&index, &queries, dead);
    }
}

#[test]
fn a_search_tells_what_it_did() {
    let mut random = Seeded(4);
    let index = Index::new(Params::new(DIMENSION as u32), 0).unwrap().with_threads(2);
    add(&index, 1, 0, &random.clustered(1000, DIMENSION));
    let query = random.vector(DIMENSION);
    let explained = |options: SearchOptions| {
        let mut found = index.search(&query, &SearchOptions { explain: true, ..options }).unwrap();
        let told = found.explanation.take().unwrap();
        (found, told)
    };
    let (found, told) = explained(SearchOptions::new(5));
    assert_eq!(
        (found.exact, told.exact, told.path, told.scanned, told.ef),
        (true, true, Path::Exact, 1000, 0)
    );
    add(&index, 2, 1000, &random.clustered(ROWS, DIMENSION));
    index.attach_all();
    let options = SearchOptions { ef: Some(20), ..SearchOptions::new(5) };
    let (found, told) = explained(options.clone());
    assert_eq!(found, index.search(&query, &options).unwrap());
    assert_eq!((told.matches, told.exact, told.path, told.ef), (None, false, Path::Walk, 20));
    assert!((100..ROWS).contains(&told.distances), "{told:?}");
    let filter = Some(Filter::parse(r#"{"$id": "77"}"#).unwrap());
    let (found, told) = explained(SearchOptions { filter, ..options });
    assert_eq!((&found.ids[0], told.matches, told.path, told.scanned), ("77", Some(1), Path::Exact, 1));
    let reach = SearchOptions { within: Some(f32::NAN), ..SearchOptions::new(3) };
    assert!(index.search(&query, &reach).is_err());
}
