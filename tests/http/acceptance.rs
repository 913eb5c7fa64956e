//! What the service must do whatever happens to it: the runs that the Go service was accepted by, and kills.
//!
//! Every test starts the real binary, most of them on a directory and again behind a `vectord storaged`.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::{Value, json};

use crate::service::{Answer, Place, Service, client, send, soak, try_send, vectors};

fn on_every_place(test: impl Fn(&Place)) {
    test(&Place::directory());
    test(&Place::storaged());
}

fn items(prefix: &str, vectors: &[Vec<f32>]) -> Value {
    let item = |(at, vector): (usize, &Vec<f32>)| json!({"id": format!("{prefix}{at}"), "vector": vector, "metadata": {"at": at}});
    json!({"items": vectors.iter().enumerate().map(item).collect::<Vec<_>>()})
}

fn ids(answer: &Value) -> Vec<String> {
    let results = answer["results"].as_array().unwrap();
    results.iter().map(|hit| hit["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn g1_a_batch_makes_its_round_under_both_prefixes() {
    on_every_place(|place| {
        let service = place.serve();
        for (prefix, distance) in [("/vectors", "cosine"), ("/v1/vectors", "euclidean")] {
            let index = format!("{prefix}/index/g1-{distance}");
            let create = json!({"name": format!("g1-{distance}"), "dimension": 48, "distance": distance});
            let created = service.post(&format!("{prefix}/index"), &create);
            assert_eq!(created.status, 201);
            let params = json!({"name": format!("g1-{distance}"), "dimension": 48, "m": 16,
                "ef_search": created.json()["params"]["ef_search"], "distance": distance});
            assert_eq!((&created.json()["params"], &created.json()["length"]), (&params, &0.into()));
            assert!(params["ef_search"].as_u64().unwrap() > 0, "the value in force is told");

            let given = vectors(200, 48);
            let added = service.post(&format!("{index}/add"), &items("v", &given)).ok();
            assert_eq!((&added["added"], &added["length"]), (&200.into(), &200.into()));
            for at in [0, 77, 199] {
                let found =
                    service.post(&format!("{index}/search"), &json!({"vector": given[at], "k": 5})).ok();
                let results = found["results"].as_array().unwrap();
                assert_eq!(results.len(), 5);
                assert_eq!(results[0]["id"], format!("v{at}"));
                assert_eq!(results[0]["metadata"], json!({"at": at}));
                assert!(results[0]["distance"].as_f64().unwrap().abs() < 1e-6);
                assert!(results.is_sorted_by_key(|hit| hit["distance"].as_f64().unwrap()));
            }
            let short = json!({"vector": vec![1.0; 47]});
            let detail = service.post(&format!("{index}/search"), &short).problem(400, "invalid_argument");
            assert_eq!(detail, "dimension mismatch: index has 48, got 47");
            service
                .post(&format!("{index}/add"), &items("w", &vectors(1, 47)))
                .problem(400, "invalid_argument");
            service.post(&format!("{prefix}/index"), &create).problem(409, "already_exists");
            for path in ["", "/add", "/search"] {
                let method = if path.is_empty() { "GET" } else { "POST" };
                let asked = service.request(method, &format!("{prefix}/index/nowhere{path}"));
                send(asked).problem(404, "not_found");
            }
            let listed = service.get(&format!("{prefix}/index")).ok();
            assert_eq!(listed, json!({"names": [format!("g1-{distance}")], "count": 1}));
            assert_eq!(service.delete(&index).status, 204);
            service.delete(&index).problem(404, "not_found");
            assert_eq!(service.get(&format!("{prefix}/index")).ok(), json!({"names": [], "count": 0}));
        }
    });
}

#[test]
fn g1p_a_killed_service_answers_the_same_after_a_restart() {
    on_every_place(|place| {
        let given = vectors(200, 32);
        let ask = |service: &Service, at: usize| {
            service.post("/vectors/index/g1p/search", &json!({"vector": given[at], "k": 10})).ok()
        };
        let service = place.serve();
        let create =
            json!({"name": "g1p", "dimension": 32, "m": 12, "ef_search": 50, "distance": "euclidean"});
        let params = service.post("/vectors/index", &create).ok()["params"].clone();
        assert_eq!(params, create);
        service.post("/vectors/index/g1p/add", &items("v", &given)).ok();
        let before: Vec<_> = (0..20).map(|at| ids(&ask(&service, at))).collect();
        service.kill();

        let service = place.serve();
        let described = service.get("/vectors/index/g1p").ok();
        assert_eq!((&described["params"], &described["length"]), (&params, &200.into()));
        for (at, before) in before.iter().enumerate() {
            let found = ask(&service, at);
            assert_eq!(&ids(&found), before);
            assert!(found["results"][0]["distance"].as_f64().unwrap() <= 1e-6);
        }
        assert_eq!(service.delete("/vectors/index/g1p").status, 204);
        let left = place.files("g1p");
        let tombstones = left.iter().filter(|(path, _)| path.extension().unwrap() == "lhv1").count();
        assert!(tombstones == 1 && left.iter().all(|(_, bytes)| *bytes < 1 << 10), "{left:?}");
        assert!(left.iter().all(|(path, _)| path.extension().unwrap() != "lhl1"), "{left:?}");
        service.kill();

        let service = place.serve();
        assert_eq!(service.get("/vectors/index").ok(), json!({"names": [], "count": 0}));
        service.get("/vectors/index/g1p").problem(404, "not_found");
    });
}

#[test]
fn one_bad_item_stores_nothing_of_its_batch() {
    on_every_place(|place| {
        let service = place.serve();
        service.create("whole", 4, "cosine");
        let good = items("v", &vectors(500, 4));
        for (at_499, says) in [
            (json!({"id": "bad", "vector": [1, 2, 3]}), "dimension mismatch: index has 4, got 3"),
            (json!({"id": "bad", "vector": [0, 0, 0, 0]}), "zero vector"),
            (json!({"id": "", "vector": [1, 2, 3, 4]}), "id is empty"),
            (json!({"vector": [1, 2, 3, 4]}), "id is missing"),
            (json!({"id": "bad"}), "vector is missing"),
            (json!({"id": "bad", "vector": [1, null, 3, 4]}), "vector[1] is not a number"),
            (json!({"id": "bad", "vector": [1, "2", 3, 4]}), "vector[1] is not a number"),
            (json!({"id": "bad", "vector": [1, 2, 3, 4], "vectors": 1}), "unknown field `vectors`"),
            (json!({"id": 7, "vector": [1, 2, 3, 4]}), "expected a string"),
            (json!("OVERFLOW"), "vector[3] is infinite"),
        ] {
            let mut batch = good.clone();
            batch["items"][499] = at_499;
            let text = batch.to_string().replace("\"OVERFLOW\"", r#"{"id":"bad","vector":[0,0,0,1e39]}"#);
            let answer = service.post_text("/vectors/index/whole/add", &text);
            let detail = answer.problem(400, "invalid_argument");
            assert!(detail.starts_with("items[499]: ") && detail.contains(says), "{says}: {detail}");
            assert_eq!(answer.json()["item"], 499);
            assert_eq!(service.get("/vectors/index/whole").ok()["length"], 0, "{says}");
        }
        service.kill();
        let service = place.serve();
        assert_eq!(service.get("/vectors/index/whole").ok()["length"], 0);
        assert_eq!(service.post("/vectors/index/whole/add", &good).ok()["length"], 500);
    });
}

/// Batches of two rows from several clients until the service is killed: those that were acknowledged are
/// whole afterwards, and of those that were not, each is whole or absent.
#[test]
fn acknowledged_batches_survive_sigkill() {
    const CLIENTS: usize = 4;
    let (begun, places) = (Instant::now(), [Place::directory(), Place::storaged()]);
    for place in &places {
        let service = place.serve();
        service.create("kept", 8, "cosine");
        service.terminate();
    }
    let mut acknowledged: [Vec<String>; 2] = Default::default();
    let mut round = 0;
    while round < 6 || soak().is_some_and(|length| begun.elapsed() < length) {
        let which = round % 2;
        let service = places[which].serve();
        let (url, enough) = (service.url.clone(), 1 + round * 7 % 40);
        let (acks, asked, over) =
            (Arc::new(Mutex::new(Vec::new())), AtomicUsize::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for writer in 0..CLIENTS {
                let (url, acks, asked, over) = (&url, &acks, &asked, &over);
                scope.spawn(move || {
                    let client = client();
                    for n in 0.. {
                        if over.load(Ordering::Acquire) {
                            return;
                        }
                        asked.fetch_add(1, Ordering::Relaxed);
                        let batch = items(&format!("{round}-{writer}-{n}-"), &vectors(2, 8));
                        let request = client.post(format!("{url}/vectors/index/kept/add"));
                        let answer = try_send(
                            request.header("Content-Type", "application/json").body(batch.to_string()),
                        );
                        match answer {
                            Some(Answer { status: 200, .. }) => {
                                acks.lock().unwrap().push(format!("{round}-{writer}-{n}-"));
                            }
                            Some(answer) => panic!("{answer:?}"),
                            None => return,
                        }
                    }
                });
            }
            while acks.lock().unwrap().len() < enough {
                std::thread::yield_now();
            }
            over.store(round % 3 == 0, Ordering::Release);
            service.kill();
        });
        acknowledged[which].append(&mut acks.lock().unwrap());

        let service = places[which].serve();
        let wanted: Vec<_> =
            acknowledged[which].iter().flat_map(|batch| [format!("{batch}0"), format!("{batch}1")]).collect();
        let found = service.post("/vectors/index/kept/get", &json!({"ids": wanted})).ok();
        let found: Vec<_> =
            found["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
        assert_eq!(found, wanted, "round {round}");
        let length = service.get("/vectors/index/kept").ok()["length"].as_u64().unwrap();
        assert!(length.is_multiple_of(2) && length >= wanted.len() as u64, "{length} of {}", wanted.len());
        service.kill();
        round += 1;
    }
}

#[test]
fn sigterm_ends_in_order_and_everything_is_there_afterwards() {
    on_every_place(|place| {
        let service = place.serve();
        service.create("kept", 16, "dot");
        service.post("/vectors/index/kept/add", &items("v", &vectors(300, 16))).ok();
        assert_eq!(service.terminate().code(), Some(0));
        let service = place.serve();
        assert_eq!(service.get("/vectors/index/kept").ok()["length"], 300);
        assert_eq!(service.loaded().status, 200);
        service.signal(rustix::process::Signal::INT);
        assert_eq!(service.terminate().code(), Some(0));
    });
}

#[test]
fn adds_of_many_clients_are_all_there() {
    const CLIENTS: usize = 8;
    on_every_place(|place| {
        let service = place.serve();
        service.create("many", 8, "cosine");
        std::thread::scope(|scope| {
            for writer in 0..CLIENTS {
                let service = &service;
                scope.spawn(move || {
                    for n in 0..10 {
                        let batch = items(&format!("{writer}-{n}-"), &vectors(5, 8));
                        let answer = service.post("/vectors/index/many/add", &batch).ok();
                        assert_eq!(answer["added"], 5);
                    }
                });
            }
        });
        let described = service.get("/vectors/index/many").ok();
        assert_eq!(described["length"], CLIENTS * 10 * 5);
        let wanted: Vec<_> = (0..CLIENTS)
            .flat_map(|writer| (0..10).flat_map(move |n| (0..5).map(move |at| format!("{writer}-{n}-{at}"))))
            .collect();
        let found = service.post("/vectors/index/many/get", &json!({"ids": wanted})).ok();
        assert_eq!(found["items"].as_array().unwrap().len(), wanted.len());
    });
}

/// Changes one byte in the middle of a file.
fn damage(path: &std::path::Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_index_is_named_and_the_others_are_served() {
    on_every_place(|place| {
        let service = place.serve();
        for name in ["good", "cut", "lost"] {
            service.create(name, 4, "cosine");
            service.post(&format!("/vectors/index/{name}/add"), &items("v", &vectors(20, 4))).ok();
        }
        assert_eq!(service.loaded().status, 200);
        // Killed, not ended: ending would replace the logs by snapshots.
        service.kill();
        let log = |name: &str| {
            let files = place.files(name).into_iter().map(|(path, _)| path);
            files.filter(|path| path.extension().unwrap() == "lhl1").collect::<Vec<_>>()
        };
        damage(log("cut").last().unwrap());
        damage(log("lost").first().unwrap());

        let service = place.serve();
        let ready = service.loaded();
        ready.problem(503, "unavailable");
        let told = ready.json()["indexes"].as_array().unwrap().clone();
        let told: Vec<_> = told
            .iter()
            .map(|one| (one["name"].as_str().unwrap(), one["readable"].as_bool().unwrap()))
            .collect();
        assert_eq!(told.len(), 2, "{}", ready.text);
        assert!(told.contains(&("cut", true)) && told.contains(&("lost", false)), "{told:?}");
        assert_eq!(service.get("/livez").status, 200);

        assert_eq!(service.get("/vectors/index/good").ok()["length"], 20);
        assert_eq!(service.post("/vectors/index/good/add", &items("w", &vectors(1, 4))).ok()["length"], 21);
        assert_eq!(service.get("/vectors/index/cut").ok()["length"], 0, "as of the entry before the damage");
        let refused = service.post("/vectors/index/cut/add", &items("w", &vectors(1, 4)));
        assert!(refused.problem(500, "corrupt").contains("cut/log/"), "{}", refused.text);
        let refused = service.get("/vectors/index/lost").problem(500, "corrupt");
        assert!(refused.contains("lost/log/"), "{refused}");
        assert_eq!(service.terminate().code(), Some(0));
    });
}
