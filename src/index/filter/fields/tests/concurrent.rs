//! Counting while another thread writes: every count was one of some moment.
//!
//! The writer goes on only as the readers do, so that they meet it at every kind of entry.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::sameness::empty;
use crate::index::{Batch, Filter, Operation};

const PAIRS: usize = 50;

#[test]
fn what_each_entry_keeps_is_what_every_count_sees() {
    let index = empty();
    let id = |at: usize| format!("r{at}");
    let text = |is: bool, at: usize| format!(r#"{{"on":{is},"at":{at}}}"#);
    let upsert = |seq: u64, rows: &[(usize, bool)]| {
        let ids: Vec<String> = rows.iter().map(|(at, _)| id(*at)).collect();
        let texts: Vec<String> = rows.iter().map(|(at, is)| text(*is, *at)).collect();
        let metadata = texts.iter().map(|text| Some(text.as_str())).collect();
        let ids = ids.iter().map(String::as_str).collect();
        index.apply(seq, &[Operation::Upsert(Batch { ids, metadata, vectors: &vec![1.0; rows.len()] })]);
    };
    upsert(1, &(0..2 * PAIRS).map(|at| (at, at % 2 == 0)).collect::<Vec<_>>());
    let (done, rounds) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let read = |reader: u32| {
            let (index, done, rounds) = (&index, &done, &rounds);
            move || {
                let on = Filter::parse(r#"{"on": true}"#).unwrap();
                let off = Filter::parse(r#"{"$not": {"on": true}}"#).unwrap();
                let mut round = 0_u32;
                while !done.load(Ordering::Acquire) {
                    assert_eq!(index.count(if round % 2 == reader { &on } else { &off }), PAIRS);
                    let fresh =
                        Filter::parse(&format!(r#"{{"on": true, "at": {{"$lt": {}}}}}"#, 1_000 + round));
                    assert_eq!(index.count(&fresh.unwrap()), PAIRS);
                    assert_eq!(index.ids_matching(&on).1.len(), PAIRS);
                    let values = index.values("on", 9).unwrap();
                    assert_eq!(values, [(false.into(), PAIRS), (true.into(), PAIRS)]);
                    round += 1;
                    rounds.fetch_add(1, Ordering::AcqRel);
                }
            }
        };
        let readers = [0, 1].map(|reader| scope.spawn(read(reader)));
        for entry in 0..1_000_u64 {
            // One that panicked has finished, and fails the test at the end of the scope.
            while rounds.load(Ordering::Acquire) < entry
                && !readers.iter().any(std::thread::ScopedJoinHandle::is_finished)
            {
                std::thread::yield_now();
            }
            let seq = entry + 2;
            let at = entry as usize * 7 % PAIRS * 2;
            let was = (entry as usize / PAIRS).is_multiple_of(2);
            match entry % 100 {
                0..60 => upsert(seq, &[(at, !was), (at + 1, was)]),
                60..99 => {
                    let (ids, texts) = ([id(at), id(at + 1)], [text(!was, at), text(was, at + 1)]);
                    let (ids, texts) =
                        (vec![&*ids[0], &*ids[1]], texts.iter().map(|text| Some(&**text)).collect());
                    index.apply(seq, &[Operation::SetMetadata(ids, texts)]);
                }
                _ => index.compact(seq),
            }
        }
        done.store(true, Ordering::Release);
    });
}
