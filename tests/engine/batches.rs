//! Many queries at once: the answers of one at a time, in order, whoever searches for them.

use vectord::error::ErrorKind;
use vectord::index::{Batch, Distance, Hits, Index, Operation, Params, SearchOptions};

use crate::support::numbers::Seeded;

const DIMENSION: usize = 20;

/// `n` rows around sixty centres, with copies.
fn clustered(n: usize, random: &mut Seeded) -> Vec<f32> {
    let centres: Vec<f32> = (0..60 * DIMENSION).map(|_| random.float()).collect();
    let mut vectors: Vec<f32> = Vec::with_capacity(n * DIMENSION);
    for row in 0..n {
        if row > 0 && random.below(20) == 0 {
            let from = random.below(row) * DIMENSION;
            vectors.extend_from_within(from..from + DIMENSION);
        } else {
            let centre = random.below(60) * DIMENSION;
            vectors.extend((0..DIMENSION).map(|i| centres[centre + i] + 0.3 * random.float()));
        }
    }
    vectors
}

/// An index of `n` rows of which every ninth is deleted again, attached but for the last few.
fn index(distance: Distance, n: usize, threads: usize) -> Index {
    let params = Params { distance, ..Params::new(DIMENSION as u32) };
    let index = Index::new(params, 0).unwrap().with_threads(threads);
    let vectors = clustered(n, &mut Seeded(3));
    let ids: Vec<String> = (0..n).map(|row| row.to_string()).collect();
    let pieces = ids.chunks(n - n / 20).zip(vectors.chunks((n - n / 20) * DIMENSION));
    for (seq, (ids, vectors)) in (1..).zip(pieces) {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let batch = Batch { metadata: vec![None; ids.len()], ids, vectors };
        index.apply(seq, &[Operation::Upsert(batch)]);
        index.attach_all();
    }
    let deleted: Vec<&str> = ids.iter().step_by(9).map(String::as_str).collect();
    index.apply(9, &[Operation::Delete(deleted)]);
    index
}

#[test]
fn a_batch_has_the_answers_of_its_queries_one_by_one_by_any_number_of_threads() {
    let queries = clustered(150, &mut Seeded(4));
    for distance in Distance::ALL {
        for n in [500, 9000] {
            for threads in [1, 2, 4] {
                let index = index(distance, n, threads);
                for (k, ef, exact) in
                    [(1, Some(20), false), (10, None, false), (10, None, true), (n + 1, None, true)]
                {
                    let options = SearchOptions { ef, exact, ..SearchOptions::new(k) };
                    for count in [0, 1, 2, 31, 150] {
                        let queries = &queries[..count * DIMENSION];
                        let lists = index.search_many(queries, &options).unwrap();
                        assert_eq!(lists.len(), count);
                        let found: Vec<Hits> = lists.collect();
                        for (query, found) in queries.chunks(DIMENSION).zip(&found) {
                            // A batch may be answered exactly where a query alone is not; it says so.
                            let options = SearchOptions { exact: found.exact, ..options.clone() };
                            assert!(found.exact || !exact);
                            assert_same(found, &index.search(query, &options).unwrap());
                        }
                    }
                }
            }
        }
    }
}

fn assert_same(found: &Hits, expected: &Hits) {
    assert_eq!(found, expected);
    let bits = |hits: &Hits| hits.distances.iter().map(|distance| distance.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(found), bits(expected));
}

#[test]
fn a_query_that_is_refused_is_named_and_nothing_is_searched() {
    let index = index(Distance::Cosine, 300, 2);
    let mut queries = clustered(40, &mut Seeded(5));
    queries[33 * DIMENSION + 2] = f32::NAN;
    let error = index.search_many(&queries, &SearchOptions::new(3)).err().unwrap();
    assert_eq!((error.kind(), error.item().unwrap().index), (ErrorKind::InvalidArgument, 33));
}
