//! Searches while another thread writes: every result existed at that search's seq.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use support::numbers::Seeded;
use vectord::registry::{Batch, Params, Registry, SearchOptions};

const DIMENSION: usize = 16;
const IDS: usize = 3_000;

/// Per id the versions it had: (seq, version), the version told by its metadata.
type History = BTreeMap<String, Vec<(u64, Option<usize>)>>;

fn version_at(history: &History, id: &str, seq: u64) -> Option<usize> {
    let versions = history.get(id)?;
    versions.iter().rev().find(|(at, _)| *at <= seq)?.1
}

#[test]
fn every_result_existed_at_its_searchs_seq() {
    let live =
        Registry::open_unshared("memory:").unwrap().create("docs", Params::new(DIMENSION as u32)).unwrap();
    let (done, seen) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let mut history = History::new();
    std::thread::scope(|scope| {
        for searcher in 0..2 {
            let (live, done, seen) = (live.clone(), &done, &seen);
            scope.spawn(move || {
                let mut random = Seeded(100 + searcher);
                while !done.load(Ordering::Acquire) {
                    let exact = random.below(4) == 0;
                    let options = SearchOptions { k: 20, ef: None, exact };
                    let hits = live.search(&random.vector(DIMENSION), &options).unwrap();
                    seen.lock().unwrap().push(hits);
                }
            });
        }
        let mut random = Seeded(7);
        let mut version = 0;
        for _ in 0..120 {
            let n = 1 + random.below(100);
            let mut rows = Batch::builder(n, DIMENSION as u32);
            let mut ids = Vec::new();
            for _ in 0..n {
                let id = format!("r{}", random.below(IDS));
                version += 1;
                rows.push_row(&id, Some(&version.to_string()), &random.vector(DIMENSION)).unwrap();
                ids.push((id, version));
            }
            let seq = live.add(rows.finish().unwrap(), None).unwrap().seq;
            for (id, version) in ids {
                history.entry(id).or_default().push((seq, Some(version)));
            }
            let gone: Vec<_> = (0..random.below(20)).map(|_| format!("r{}", random.below(IDS))).collect();
            let seq = live.delete(&gone).unwrap().seq;
            for id in gone {
                history.entry(id).or_default().push((seq, None));
            }
        }
        done.store(true, Ordering::Release);
    });
    let seen = seen.into_inner().unwrap();
    assert!(seen.len() > 100, "{} searches ran", seen.len());
    let mut alive_at = BTreeMap::new();
    for hits in &seen {
        let mut ids: Vec<_> = hits.ids.iter().collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), hits.ids.len(), "an id came twice: old and new of an upsert");
        assert!(hits.distances.is_sorted());
        for (id, metadata) in hits.ids.iter().zip(&hits.metadata) {
            let found: Option<usize> = metadata.as_ref().map(|text| text.parse().unwrap());
            assert_eq!(found, version_at(&history, id, hits.seq), "{id} at seq {}", hits.seq);
        }
        let alive = *alive_at.entry(hits.seq).or_insert_with(|| {
            history.keys().filter(|id| version_at(&history, id, hits.seq).is_some()).count()
        });
        assert_eq!(hits.len(), alive.min(20), "at seq {}", hits.seq);
    }
    assert_eq!(live.validate().unwrap(), Vec::<String>::new());
}
