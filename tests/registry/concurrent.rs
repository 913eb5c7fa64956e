//! Searches while another thread writes: every result existed at that search's seq, and what was acknowledged
//! before it is found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

use vectord::registry::{Batch, Params, Registry, SearchOptions};

use crate::support::numbers::Seeded;

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
                    let options = SearchOptions { ef: None, exact, ..SearchOptions::new(20) };
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
        ids.sort_unstable();
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

/// One version of a row: when it came, and when it was replaced or deleted.
struct Version {
    id: usize,
    vector: Vec<f32>,
    from: u64,
    until: u64,
}

/// What a search found: the number of the version whose own vector it asked for, and those of the versions it got.
struct Seen {
    asked: usize,
    acknowledged: u64,
    seq: u64,
    nearest: f32,
    found: Vec<usize>,
}

/// Writes 2,000 rows a second for so long; every 20 rows bring 15 new ids and replace 5, and 8 are deleted.
fn load(seconds: f64) -> (Vec<Version>, BTreeMap<u64, usize>, Vec<Seen>) {
    let live =
        Registry::open_unshared("memory:").unwrap().create("docs", Params::new(DIMENSION as u32)).unwrap();
    let (done, seen) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    // The versions so far and the seq of the last acknowledged: what a searcher may count on.
    let told: RwLock<(Vec<Version>, u64)> = RwLock::default();
    let mut lengths = BTreeMap::new();
    std::thread::scope(|scope| {
        for searcher in 0..2 {
            let (live, done, seen, told) = (live.clone(), &done, &seen, &told);
            scope.spawn(move || {
                let mut random = Seeded(300 + searcher);
                while !done.load(Ordering::Acquire) {
                    let (asked, vector, acknowledged) = {
                        let (versions, seq) = &*told.read().unwrap();
                        let Some(last) = versions.len().checked_sub(1) else { continue };
                        let back =
                            if random.below(2) == 0 { random.below(100) } else { random.below(last + 1) };
                        let asked = last.saturating_sub(back);
                        (asked, versions[asked].vector.clone(), *seq)
                    };
                    let hits = live.search(&vector, &SearchOptions::new(5)).unwrap();
                    let found = hits.metadata.iter().flatten().map(|text| text.parse().unwrap()).collect();
                    let nearest = hits.distances.first().copied().unwrap_or(f32::NAN);
                    seen.lock().unwrap().push(Seen { asked, acknowledged, seq: hits.seq, nearest, found });
                }
            });
        }
        let mut random = Seeded(8);
        let mut living: Vec<Option<usize>> = Vec::new();
        let begun = Instant::now();
        for tick in 0_u32.. {
            let due = Duration::from_millis(50) * tick;
            if due.as_secs_f64() > seconds {
                break;
            }
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
            let known = living.len();
            let ids: BTreeSet<usize> = (0..100)
                .map(|at| if at % 4 == 0 && known > 0 { random.below(known) } else { known + at })
                .collect();
            let vectors: Vec<Vec<f32>> = ids.iter().map(|_| random.vector(DIMENSION)).collect();
            let first = told.read().unwrap().0.len();
            let mut rows = Batch::builder(ids.len(), DIMENSION as u32);
            for ((id, vector), version) in ids.iter().zip(&vectors).zip(first..) {
                rows.push_row(&format!("r{id}"), Some(&version.to_string()), vector).unwrap();
            }
            let added = live.add(rows.finish().unwrap(), None).unwrap();
            lengths.insert(added.seq, added.length);
            living.resize(known + 100, None);
            let mut write = told.write().unwrap();
            for (version, (id, vector)) in ids.into_iter().zip(vectors).enumerate() {
                write.0.push(Version { id, vector, from: added.seq, until: u64::MAX });
                if let Some(old) = living[id].replace(first + version) {
                    write.0[old].until = added.seq;
                }
            }
            write.1 = added.seq;
            drop(write);
            let gone: BTreeSet<usize> = (0..40).map(|_| random.below(living.len())).collect();
            let deleted = live.delete(&gone.iter().map(|id| format!("r{id}")).collect::<Vec<_>>()).unwrap();
            lengths.insert(deleted.seq, deleted.length);
            let mut write = told.write().unwrap();
            for id in gone {
                if let Some(old) = living[id].take() {
                    write.0[old].until = deleted.seq;
                }
            }
            write.1 = deleted.seq;
        }
        println!("{seconds:.0} seconds of load took {:.0}", begun.elapsed().as_secs_f64());
        done.store(true, Ordering::Release);
    });
    assert_eq!(live.validate().unwrap(), Vec::<String>::new());
    (told.into_inner().unwrap().0, lengths, seen.into_inner().unwrap())
}

#[test]
fn under_a_steady_load_nothing_acknowledged_is_missing_and_nothing_found_is_gone() {
    let soak = std::env::var("VECTORD_SOAK").ok().and_then(|seconds| seconds.parse().ok());
    let (versions, lengths, seen) = load(soak.map_or(4.0, |seconds: f64| seconds.min(60.0)));
    let is_alive = |version: &Version, seq: u64| version.from <= seq && seq < version.until;
    let (mut asked, mut missing) = (0, 0);
    for Seen { asked: at, acknowledged, seq, nearest, found } in &seen {
        assert!(seq >= acknowledged, "a search at {seq} did not see {acknowledged}");
        for &version in found {
            assert!(is_alive(&versions[version], *seq), "a row that was gone or not there yet, at {seq}");
        }
        let ids: BTreeSet<usize> = found.iter().map(|&version| versions[version].id).collect();
        assert_eq!(ids.len(), found.len(), "an id came twice");
        let (_, &length) = lengths.range(..=seq).next_back().unwrap();
        assert_eq!(found.len(), length.min(5), "at {seq}");
        if is_alive(&versions[*at], *seq) {
            asked += 1;
            missing += usize::from(found[0] != *at || *nearest > 1e-6);
        }
    }
    println!(
        "{} rows, {} searches, {missing} of {asked} did not find their own row",
        versions.len(),
        seen.len()
    );
    assert!(asked > 100 && missing * 1000 <= asked, "{missing} of {asked} rows were missing");
    let compacted = lengths.keys().zip(lengths.keys().skip(1)).any(|(seq, next)| next - seq > 1);
    assert!(compacted, "an entry that nobody wrote was a compaction");
}
