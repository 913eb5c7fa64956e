//! More than the service can do: whoever is let in is answered, the rest is told to come again, nothing is lost.
//!
//! Fifteen seconds; `VECTORD_SOAK` seconds in `make soak`, which prints how long the answers took.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::service::{Answer, Service, client, soak, try_send, vectord, vectors};

const CLIENTS: usize = 64;
const DIMENSION: usize = 32;
const ROWS: usize = 20;

/// A service on `folder` that takes on little at once.
fn serve(folder: &Path) -> Service {
    configured(folder, "[vectord.limits]\nreads = 6\nwrites = 6\nbody_bytes = 4000000\n")
}

fn configured(folder: &Path, text: &str) -> Service {
    let file = folder.join("vectord.toml");
    std::fs::write(&file, text).unwrap();
    let store = folder.join("store");
    let args = ["serve", "--store", store.to_str().unwrap(), "--bind", "127.0.0.1:0", "--config"];
    Service::start(vectord(&[&args[..], &[file.to_str().unwrap()]].concat()))
}

/// What clients saw.
#[derive(Default)]
struct Seen {
    answered: AtomicUsize,
    refused: AtomicUsize,
    /// How long each success took.
    took: Mutex<Vec<Duration>>,
    wrong: Mutex<Vec<String>>,
    acknowledged: Mutex<Vec<String>>,
}

impl Seen {
    /// Takes an answer into account; true for a success. No answer at all is fine only while the service `ends`.
    fn note(&self, begun: Instant, answer: Option<Answer>, ends: &AtomicBool) -> bool {
        let Some(answer) = answer else {
            if !ends.load(Ordering::Acquire) {
                self.wrong.lock().unwrap().push("no answer".to_owned());
            }
            return false;
        };
        match answer.status {
            200..300 => {
                self.answered.fetch_add(1, Ordering::Relaxed);
                self.took.lock().unwrap().push(begun.elapsed());
                return true;
            }
            503 if answer.headers.contains_key("retry-after") => {
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
            status => self.wrong.lock().unwrap().push(format!("{status} {}", answer.text)),
        }
        false
    }
}

/// Clients that read and write as fast as they can, from `begin` until `ends`.
fn load(service: &Service, seen: &Seen, ends: &AtomicBool, while_loaded: impl FnOnce()) {
    let url = format!("{}/vectors/index/docs", service.url);
    let (rows, client) = (vectors(ROWS, DIMENSION), client());
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for me in 0..CLIENTS {
            let (url, rows, client, over) = (&url, &rows, client.clone(), &over);
            scope.spawn(move || {
                for turn in 0.. {
                    if over.load(Ordering::Acquire) {
                        return;
                    }
                    let begun = Instant::now();
                    if me % 2 == 0 {
                        let search = json!({"vector": rows[turn % ROWS], "k": 10, "exact": turn % 3 == 0});
                        let sent = client.post(format!("{url}/search")).body(search.to_string());
                        seen.note(begun, try_send(sent.header("Content-Type", "application/json")), ends);
                        continue;
                    }
                    let ids: Vec<String> = (0..ROWS).map(|at| format!("{me}-{turn}-{at}")).collect();
                    let items: Vec<_> =
                        ids.iter().zip(rows).map(|(id, row)| json!({"id": id, "vector": row})).collect();
                    // Some bodies are mostly air, so that they count.
                    let air = " ".repeat(if turn % 4 == 0 { 500_000 } else { 0 });
                    let body = format!("{{{air}\"items\":{}}}", json!(items));
                    let sent = client.post(format!("{url}/add")).body(body);
                    if seen.note(begun, try_send(sent.header("Content-Type", "application/json")), ends) {
                        seen.acknowledged.lock().unwrap().extend(ids);
                    }
                }
            });
        }
        while_loaded();
        over.store(true, Ordering::Release);
    });
}

fn run_for(time: Duration) -> impl FnOnce() {
    move || {
        let begun = Instant::now();
        while begun.elapsed() < time {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Every row that was acknowledged is there.
fn check_rows(service: &Service, acknowledged: &[String]) {
    for ids in acknowledged.chunks(1_000) {
        let found = service.post("/vectors/index/docs/get", &json!({"ids": ids})).ok();
        assert_eq!(found["items"].as_array().unwrap().len(), ids.len());
    }
}

#[test]
fn what_is_too_much_is_refused_and_what_was_acknowledged_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (seen, never) = (Seen::default(), AtomicBool::new(false));
    let service = serve(folder.path());
    service.create("docs", DIMENSION, "cosine");
    load(&service, &seen, &never, run_for(soak().unwrap_or(Duration::from_secs(15))));
    let wrong = seen.wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{:?}", &wrong[..wrong.len().min(5)]);
    let (answered, refused) = (seen.answered.into_inner(), seen.refused.into_inner());
    let mut took = seen.took.into_inner().unwrap();
    took.sort_unstable();
    let share = |share: f64| took.get((took.len() as f64 * share) as usize);
    println!("{answered} answered, {refused} refused; p50 {:?}, p99 {:?}", share(0.5), share(0.99));
    assert!(answered > 0 && refused > 0, "{answered} answered, {refused} refused");
    let peak = service.peak_memory();
    assert!(peak < 1 << 30, "{peak} bytes");
    let acknowledged = seen.acknowledged.into_inner().unwrap();
    check_rows(&service, &acknowledged);
    assert_eq!(service.get("/readyz").status, 200, "it is well after all");
}

#[test]
fn what_was_acknowledged_before_the_end_is_there_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let (seen, ends) = (Seen::default(), AtomicBool::new(false));
    let service = serve(folder.path());
    service.create("docs", DIMENSION, "cosine");
    load(&service, &seen, &ends, || {
        run_for(Duration::from_secs(1))();
        ends.store(true, Ordering::Release);
        service.signal(Signal::TERM);
        run_for(Duration::from_secs(1))();
    });
    let said = service.said();
    assert!(service.terminate().success(), "it ends in order: {said}");
    let wrong = seen.wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{:?}", &wrong[..wrong.len().min(5)]);
    let acknowledged = seen.acknowledged.into_inner().unwrap();
    assert!(!acknowledged.is_empty());
    check_rows(&serve(folder.path()), &acknowledged);
}

#[test]
fn reads_that_wait_hold_up_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let service = configured(folder.path(), "[vectord.limits]\nreads = 2\nwrites = 2\n");
    service.create("docs", DIMENSION, "cosine");
    let rows = vectors(1, DIMENSION);
    let path = "/vectors/index/docs";
    let add = || service.post(&format!("{path}/add"), &json!({"items": [{"id": "a", "vector": rows[0]}]}));
    add().ok();
    let waiting = thread::scope(|scope| {
        let wait = || service.get(&format!("{path}?min_seq=1000000"));
        let all: Vec<_> = (0..4).map(|_| scope.spawn(wait)).collect();
        // Two of them are let in and wait; the others are refused, and by then those two are there.
        while all.iter().filter(|one| one.is_finished()).count() < 2 {
            thread::sleep(Duration::from_millis(5));
        }
        for _ in 0..20 {
            let search = json!({"vector": rows[0], "exact": true});
            assert_eq!(service.post(&format!("{path}/search"), &search).ok()["results"][0]["id"], "a");
            service.post(&format!("{path}/recall"), &json!({"sample": 1})).ok();
            add().ok();
        }
        assert!(all.iter().any(|one| !one.is_finished()), "some have waited all the while");
        all.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
    });
    for answer in waiting {
        answer.problem(503, "unavailable");
    }
}

#[test]
fn a_full_store_takes_no_rows_and_gives_room_back() {
    let folder = tempfile::tempdir().unwrap();
    let service = configured(folder.path(), "[vectord]\nquota_bytes = 150000\n");
    service.create("docs", DIMENSION, "cosine");
    let rows = vectors(ROWS, DIMENSION);
    let add = |turn: usize| {
        let items: Vec<_> = rows
            .iter()
            .enumerate()
            .map(|(at, row)| json!({"id": format!("{turn}-{at}"), "vector": row}))
            .collect();
        service.post("/vectors/index/docs/add", &json!({"items": items}))
    };
    let (mut turn, mut taken) = (0, 0);
    let refused = loop {
        let answer = add(turn);
        turn += 1;
        if answer.status != 200 {
            break answer;
        }
        taken = answer.ok()["seq"].as_u64().unwrap();
        assert!(turn < 1_000, "the quota is never reached");
    };
    let told = refused.problem(507, "resource_exhausted");
    assert!(told.contains("quota_bytes") && told.contains("150000"), "{told}");
    assert_eq!(service.get("/vectors/index/docs").ok()["seq"], taken, "nothing was logged");
    service.post("/vectors/index/docs/delete", &json!({"ids": ["0-0"]})).ok();
    assert_eq!(service.delete("/vectors/index/docs").status, 204);
    service.create("docs", DIMENSION, "cosine");
    // The store is looked at again after a second at most.
    let begun = Instant::now();
    while add(0).status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(60), "room is found again");
        thread::sleep(Duration::from_millis(100));
    }
    assert!(service.get("/metrics").text.contains("quota"), "refusals are counted");
}
