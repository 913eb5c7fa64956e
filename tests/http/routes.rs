//! The routes beyond those of the Go service: many vectors at once, raw rows and binary answers, frames, cursors,
//! counts, keys, and the limits that each of them names.
//!
//! What the service shares with its predecessor is in `bodies.rs` and `acceptance.rs`.

use reqwest::blocking::Response;
use serde_json::{Value, json};
use vectord::frame::{Rows, decode_hits, decode_rows_payload};

use crate::service::{Answer, Place, Service, send, vectors};

const RAW: &str = "application/octet-stream";
const FRAME: &str = "application/vnd.vectord.frame";
const DIMENSION: usize = 4;
const ROWS: usize = 300;

/// `ROWS` rows `r0..`, every third without metadata, the others with `{"n": i, "even": bool}`.
fn filled() -> (Service, Vec<Vec<f32>>) {
    let service = Service::serve("memory:");
    service.create("docs", DIMENSION, "euclidean");
    let rows = vectors(ROWS, DIMENSION);
    let item = |(at, vector): (usize, &Vec<f32>)| {
        let mut item = json!({"id": format!("r{at}"), "vector": vector});
        if at % 3 > 0 {
            item["metadata"] = json!({"n": at, "even": at % 2 == 0});
        }
        item
    };
    let items: Vec<_> = rows.iter().enumerate().map(item).collect();
    service.post("/vectors/index/docs/add", &json!({"items": items})).ok();
    (service, rows)
}

fn bytes(rows: &[Vec<f32>]) -> Vec<u8> {
    rows.iter().flatten().flat_map(|value| value.to_le_bytes()).collect()
}

fn search(service: &Service, body: &Value) -> Answer {
    service.post("/vectors/index/docs/search", body)
}

fn raw(service: &Service, query: &str, body: Vec<u8>, accept: &str) -> Response {
    let request = service.request("POST", &format!("/vectors/index/docs/search{query}"));
    request.header("Content-Type", RAW).header("Accept", accept).body(body).send().unwrap()
}

fn raw_json(service: &Service, query: &str, rows: &[Vec<f32>]) -> Answer {
    let request = service.request("POST", &format!("/vectors/index/docs/search{query}"));
    send(request.header("Content-Type", RAW).body(bytes(rows)))
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|hit| hit["id"].as_str().unwrap()).collect()
}

#[test]
fn many_vectors_get_a_list_each_as_one_by_one() {
    let (service, rows) = filled();
    let ask = &rows[..20];
    let alone: Vec<Value> = ask
        .iter()
        .map(|row| search(&service, &json!({"vector": row, "k": 7})).ok()["results"].clone())
        .collect();
    let listed = search(&service, &json!({"vectors": ask, "k": 7})).ok();
    assert_eq!(listed["results"], Value::from(alone.clone()));
    assert_eq!(listed["exact"], json!(vec![true; 20]), "so few rows are scanned");
    let answer = raw_json(&service, "?k=7", ask);
    assert_eq!(answer.ok()["results"], Value::from(alone));
    assert_eq!(answer.headers["x-vectord-seq"], listed["seq"].to_string().as_str());
    for (at, list) in listed["results"].as_array().unwrap().iter().enumerate() {
        assert_eq!((ids(list)[0], list.as_array().unwrap().len()), (format!("r{at}").as_str(), 7));
    }
    assert_eq!(search(&service, &json!({"vectors": []})).ok()["results"], json!([]));
    assert_eq!(raw_json(&service, "", &[]).ok()["results"], json!([]));
}

#[test]
fn a_binary_answer_tells_what_json_tells() {
    let (service, rows) = filled();
    let ask = &rows[..5];
    let told = search(
        &service,
        &json!({"vectors": ask, "k": 9, "include": ["metadata", "vector"], "explain": true}),
    );
    let told = told.ok();
    let answer = raw(&service, "?k=9&include=metadata,vector&explain=true", bytes(ask), RAW);
    assert_eq!((answer.status().as_u16(), &answer.headers()["content-type"]), (200, &RAW.parse().unwrap()));
    assert_eq!(answer.headers()["x-vectord-seq"], told["seq"].to_string().as_str());
    let document = answer.bytes().unwrap();
    let read = decode_hits(&document).unwrap();
    assert_eq!((read.head.seq, read.lists.len()), (told["seq"].as_u64().unwrap(), 5));
    assert_eq!(
        (read.head.strong, read.head.vectors),
        (told["consistency"] == "strong", Some(DIMENSION as u32))
    );
    for (at, list) in read.lists.iter().enumerate() {
        let hits = told["results"][at].as_array().unwrap();
        assert_eq!(list.len(), hits.len());
        assert_eq!(serde_json::from_str::<Value>(list.explanation.unwrap()).unwrap(), told["explain"][at]);
        for (i, hit) in hits.iter().enumerate() {
            assert_eq!(
                (list.id(i), f64::from(list.distances[i]) as f32),
                (hit["id"].as_str().unwrap(), f32(&hit["distance"]))
            );
            let metadata = list.metadata(i).map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
            assert_eq!(Some(&metadata).filter(|value| !value.is_null()), hit.get("metadata"));
            let vector: Vec<f32> = hit["vector"].as_array().unwrap().iter().map(f32).collect();
            assert_eq!(list.vectors[i * DIMENSION..(i + 1) * DIMENSION], vector[..]);
        }
    }
    // One vector as JSON may be answered in binary, too: a document of one list.
    let request = service.request("POST", "/vectors/index/docs/search").header("Accept", RAW);
    let one = request.body(json!({"vector": ask[0], "k": 2, "include": []}).to_string()).send().unwrap();
    let document = one.bytes().unwrap();
    let read = decode_hits(&document).unwrap();
    assert_eq!((read.lists.len(), read.lists[0].id(0), read.head.metadata), (1, "r0", false));
}

fn f32(value: &Value) -> f32 {
    value.as_f64().unwrap() as f32
}

#[test]
fn raw_rows_take_the_options_of_json_in_the_query_string() {
    let (service, rows) = filled();
    let one = &rows[4..5];
    let filter = "%7B%22even%22%3Atrue%7D";
    let query = format!(
        "?k=5&filter={filter}&exact=true&explain=true&consistency=strong&min_seq=2&within=0.9&include="
    );
    let by_query = raw_json(&service, &query, one).ok();
    let by_body = search(
        &service,
        &json!({"vectors": one, "k": 5, "filter": {"even": true}, "exact": true, "explain": true, "within": 0.9,
                "consistency": "strong", "min_seq": 2, "include": []}),
    );
    assert_eq!(by_query, by_body.ok());
    assert_eq!((ids(&by_query["results"][0])[0], &by_query["consistency"]), ("r4", &"strong".into()));
    assert!(by_query["results"][0][0].get("metadata").is_none());
    assert_eq!(raw_json(&service, "?ef=50&k=3", one).ok()["results"][0].as_array().unwrap().len(), 3);
    assert_eq!(raw_json(&service, "?recall=0.9&k=3", one).ok()["results"][0].as_array().unwrap().len(), 3);
}

#[test]
fn what_is_wrong_with_a_search_is_named() {
    let (service, rows) = filled();
    let one = json!(rows[0]);
    for (body, says) in [
        (json!({"vectors": [one, [1, 2]]}), "vectors[1]: dimension mismatch: index has 4, got 2"),
        (json!({"vectors": [one, [1, 2, 3, "x"]]}), "vectors[1]: vector[3] is not a number"),
        (json!({"vectors": [one, 7]}), "vectors[1]: vector is not a list"),
        (json!({"vectors": one}), "vectors[0]: vector is not a list"),
        (json!({"vectors": [one], "k": 1001}), "k must be 1..=1000 for vectors, got 1001"),
        (json!({"vectors": [one], "k": 0}), "k must be 1..=1000 for vectors, got 0"),
        (json!({"vector": one, "vectors": [one]}), "give one of vector, vectors and id"),
        (json!({"vector": one, "id": "r0"}), "give one of vector, vectors and id"),
        (json!({"vector": one, "include": ["id"]}), "include takes \"metadata\" and \"vector\", got \"id\""),
        (json!({"vector": one, "ef": 10, "recall": 0.9}), "ef or recall, not both"),
        (json!({"vector": one, "recall": 1.5}), "recall must be within"),
        (json!({"vector": one, "ef": -1}), "ef must be at least 1, got -1"),
        (json!({"vector": one, "consistency": "weak"}), "\"strong\" or \"bounded\""),
        (json!({}), "vector is missing"),
    ] {
        let detail = search(&service, &body).problem(400, "invalid_argument");
        assert!(detail.contains(says), "{body}: {detail}");
    }
    let answer = search(&service, &json!({"vectors": [one, [1, 2]]}));
    assert_eq!(answer.json()["item"], 1);
    search(&service, &json!({"id": "none"})).problem(404, "not_found");
    for (query, length, says) in [
        ("?k=1001", 16, "k must be 1..=1000 for vectors, got 1001"),
        ("?k=1000", 16 * 4_195, "at most 4194304 (vectors x k), got 4195 x 1000"),
        ("?k=x", 16, "k: "),
        ("?top=3", 16, "unknown field `top`"),
        ("?k=1&k=2", 16, "duplicate field `k`"),
        ("?exact=1", 16, "exact: "),
        ("?filter=%7B", 16, "EOF"),
        ("", 18, "a row has 16 bytes, got 18 bytes in all"),
    ] {
        let answer = raw(&service, query, vec![0; length], "*/*");
        let (status, text) = (answer.status().as_u16(), answer.text().unwrap());
        assert!(status == 400 && text.contains(says), "{query}: {status} {text}");
    }
    let nan = raw_json(&service, "", &[rows[0].clone(), vec![f32::NAN; 4]]);
    assert!(nan.problem(400, "invalid_argument").starts_with("vectors[1]: "), "{}", nan.text);
    let nan = raw_json(&service, "", &[vec![f32::NAN; 4]]);
    assert!(nan.problem(400, "invalid_argument").starts_with("vectors[0]: "), "{}", nan.text);
    let stated = service.post("/vectors/index/docs/search?k=3", &json!({"vector": one}));
    assert!(stated.problem(400, "invalid_argument").contains("unknown field `k`"));
    let request = service.request("POST", "/vectors/index/docs/search").header("Content-Type", FRAME);
    assert!(send(request.body("x")).problem(415, "invalid_argument").contains(RAW));
}

#[test]
fn a_stored_row_asks_and_finds_itself() {
    let (service, _) = filled();
    let found = search(&service, &json!({"id": "r17", "k": 3})).ok();
    assert_eq!((ids(&found["results"])[0], &found["results"][0]["distance"]), ("r17", &0.0.into()));
    assert_eq!(
        search(&service, &json!({"id": "r17", "k": 5_000})).ok()["results"].as_array().unwrap().len(),
        ROWS
    );
}

fn frame(rows: &[(&str, Option<&str>, &[f32])]) -> Vec<u8> {
    let mut builder = Rows::builder(rows.len(), rows.first().map_or(1, |row| row.2.len() as u32));
    for (id, metadata, vector) in rows {
        builder.push_row(id, *metadata, vector).unwrap();
    }
    builder.finish().unwrap().payload().to_vec()
}

fn add_frame(service: &Service, body: Vec<u8>) -> Answer {
    let request = service.request("POST", "/vectors/index/docs/add").header("Content-Type", FRAME);
    send(request.header("Idempotency-Key", "frame-1").body(body))
}

#[test]
fn a_frame_adds_what_json_adds() {
    let service = Service::serve("memory:");
    service.create("docs", 2, "euclidean");
    let body = frame(&[("a", Some(r#"{ "n": 1.0 }"#), &[1.0, -0.0]), ("b/ü", None, &[0.0, 1.0])]);
    let added = add_frame(&service, body.clone());
    assert_eq!(added.ok(), json!({"added": 2, "length": 2, "seq": 2}));
    assert_eq!(added.headers["x-vectord-seq"], "2");
    assert_eq!(
        service.get("/vectors/index/docs/items/a").text,
        r#"{"id":"a","vector":[1.0,-0.0],"metadata":{"n":1.0}}"#
    );
    assert_eq!(add_frame(&service, body).ok()["repeated"], true, "the same batch under its key");
    // It is the same batch as JSON, for the key, too.
    let items = json!({"items": [{"id": "a", "vector": [1, -0.0], "metadata": {"n": 1.0}}, {"id": "b/ü", "vector": [0, 1]}]});
    let request = service.request("POST", "/vectors/index/docs/add").header("Idempotency-Key", "frame-1");
    assert_eq!(send(request.body(items.to_string())).ok()["repeated"], true);
}

#[test]
fn a_bad_frame_is_refused_whole() {
    let service = Service::serve("memory:");
    service.create("docs", 2, "cosine");
    let good: (&str, Option<&str>, &[f32]) = ("a", None, &[1.0, 0.0]);
    let deep = "[".repeat(17) + &"]".repeat(17);
    let (long, large) = ("x".repeat(513), format!("\"{}\"", "x".repeat(65 << 10)));
    for (body, item, says) in [
        (frame(&[good, ("b", None, &[0.0, 0.0])]), Some(1), "items[1]: "),
        (frame(&[good, ("b", None, &[f32::INFINITY, 0.0])]), Some(1), "items[1]: "),
        (frame(&[good, ("", None, &[1.0, 0.0])]), Some(1), "items[1]: id is empty"),
        (frame(&[good, (&long, None, &[1.0, 0.0])]), Some(1), "at most 512 bytes, got 513"),
        (frame(&[good, ("b", Some("{"), &[1.0, 0.0])]), Some(1), "items[1]: metadata is not JSON"),
        (frame(&[good, ("b", Some(&deep), &[1.0, 0.0])]), Some(1), "at most 16 levels, got 17"),
        (frame(&[good, ("b", Some(&large), &[1.0, 0.0])]), Some(1), "at most 65536 bytes, got 66562"),
        (frame(&[("a", None, &[1.0, 0.0, 0.0])]), Some(0), "dimension mismatch: index has 2, got 3"),
        (frame(&[]), None, "holds no rows"),
        (b"{}".to_vec(), None, "row count needs 4 bytes, 2 are left"),
        (vec![255; 100], None, "the batch cannot be read"),
    ] {
        let answer = add_frame(&service, body);
        let detail = answer.problem(400, "invalid_argument");
        assert!(detail.contains(says), "{detail} not {says}");
        assert_eq!(answer.json().get("item"), item.map(Value::from).as_ref(), "{detail}");
    }
    assert_eq!(service.get("/vectors/index/docs").ok()["length"], 0);
    let request = service.request("POST", "/vectors/index/docs/add").header("Content-Type", RAW);
    assert!(send(request.body("x")).problem(415, "invalid_argument").contains(FRAME));
}

fn keyed(service: &Service, method: &str, path: &str, key: &str, body: &Value) -> Answer {
    let request =
        service.request(method, &format!("/vectors/index/docs/{path}")).header("Idempotency-Key", key);
    send(request.body(if body.is_null() { String::new() } else { body.to_string() }))
}

#[test]
fn every_write_of_rows_is_answered_once_under_its_key() {
    let (service, rows) = filled();
    let row = |at: usize| json!({"id": format!("r{at}"), "vector": rows[at], "metadata": {"n": at}});
    for (method, path, body) in [
        ("POST", "add", json!({"items": [row(5)]})),
        ("POST", "metadata", json!({"items": [{"id": "r1", "metadata": 7}, {"id": "r2", "metadata": null}]})),
        ("POST", "delete", json!({"ids": ["r1", "r2", "none"]})),
        ("POST", "delete", json!({"filter": {"n": {"$lt": 20}}})),
        ("DELETE", "items/r40", Value::Null),
        ("DELETE", "items/none", Value::Null),
    ] {
        let key = format!("{method} {path} {body}");
        let mut first = keyed(&service, method, path, &key, &body).ok();
        // What was deleted comes back, and stays: the repetition only tells what was.
        let back: Vec<_> = (0..50).map(row).collect();
        service.post("/vectors/index/docs/add", &json!({"items": back})).ok();
        let mut again = keyed(&service, method, path, &key, &body).ok();
        for answer in [&mut first, &mut again] {
            answer.as_object_mut().unwrap().remove("repeated");
        }
        assert_eq!(again, first, "{key}");
        assert_eq!(service.get("/vectors/index/docs").ok()["length"], ROWS, "{key}");
        assert_eq!(service.get("/vectors/index/docs/items/r1").ok()["metadata"], json!({"n": 1}), "{key}");
        if path != "items/none" {
            let fresh = keyed(&service, method, path, &format!("{key} again"), &body).ok();
            assert!(fresh["seq"].as_u64() > first["seq"].as_u64(), "another key is another write");
        }
        service.post("/vectors/index/docs/add", &json!({"items": (0..50).map(row).collect::<Vec<_>>()})).ok();
    }
}

#[test]
fn a_key_is_known_after_a_kill_and_to_another_service() {
    let place = Place::directory();
    let (first, other) = (place.serve(), place.serve());
    first.create("docs", 2, "euclidean");
    let items: Vec<_> =
        (0..9).map(|at| json!({"id": format!("r{at}"), "vector": [at, 1], "metadata": at % 2})).collect();
    let items = json!({"items": items});
    let filter = json!({"filter": {"$id": {"$in": ["r1", "r2"]}}});
    first.post("/vectors/index/docs/add", &items).ok();
    let told = keyed(&first, "POST", "delete", "night", &filter).ok();
    assert_eq!((&told["deleted"], &told["length"]), (&2.into(), &7.into()));
    first.post("/vectors/index/docs/add", &items).ok();
    assert_eq!(keyed(&other, "POST", "delete", "night", &filter).ok(), told);
    first.kill();
    let again = place.serve();
    assert_eq!(keyed(&again, "POST", "delete", "night", &filter).ok(), told);
    assert_eq!(again.get("/vectors/index/docs").ok()["length"], 9);
}

#[test]
fn a_key_stands_for_one_write_only() {
    let (service, _) = filled();
    let one = json!({"ids": ["r1"]});
    keyed(&service, "POST", "delete", "k", &one).ok();
    for (path, body) in [
        ("delete", json!({"ids": ["r2"]})),
        ("delete", json!({"filter": {"n": 2}})),
        ("metadata", json!({"items": [{"id": "r2", "metadata": 1}]})),
    ] {
        let detail = keyed(&service, "POST", path, "k", &body).problem(400, "invalid_argument");
        assert!(detail.contains("\"k\" was used for another batch, at seq 3"), "{detail}");
    }
    for (key, says) in [("", "is empty"), (&"x".repeat(513), "at most 512 bytes, got 513")] {
        for body in [&one, &json!({"filter": {"n": 2}})] {
            let detail = keyed(&service, "POST", "delete", key, body).problem(400, "invalid_argument");
            assert!(detail.contains(says), "{detail}");
        }
    }
    assert_eq!(service.get("/vectors/index/docs").ok()["length"], ROWS - 1);
}

/// Every page of a listing, and their items in one.
fn listed(service: &Service, query: &str) -> (usize, Vec<Value>) {
    let (mut pages, mut items, mut after) = (0, Vec::new(), String::new());
    loop {
        let answer = service.get(&format!("/vectors/index/docs/items?{query}{after}")).ok();
        pages += 1;
        items.extend(answer["items"].as_array().unwrap().iter().cloned());
        match answer["next"].as_str() {
            Some(next) => after = format!("&after={}", next.replace('/', "%2F")),
            None => return (pages, items),
        }
    }
}

#[test]
fn pages_meet_every_row_once_by_id() {
    let (service, rows) = filled();
    let (pages, items) = listed(&service, "limit=70");
    let mut expected: Vec<_> = (0..ROWS).map(|at| format!("r{at}")).collect();
    expected.sort();
    assert_eq!((pages, items.len()), (5, ROWS));
    assert!(items.iter().zip(&expected).all(|(item, id)| item["id"] == *id));
    let at: usize = expected[0][1..].parse().unwrap();
    assert_eq!(items[0], service.get(&format!("/vectors/index/docs/items/r{at}")).ok());
    let values: Vec<f32> = items[0]["vector"].as_array().unwrap().iter().map(f32).collect();
    assert_eq!(values, rows[at]);
    assert_eq!(listed(&service, "").1.len(), ROWS);
    let (_, even) = listed(&service, "limit=7&filter=%7B%22even%22%3Atrue%7D&include=metadata");
    assert!(even.len() == 100 && even.iter().all(|item| item["metadata"]["even"] == true));
    assert!(even.iter().all(|item| item.get("vector").is_none()));
    let none = service.get("/vectors/index/docs/items?after=zz").ok();
    assert_eq!((&none["items"], &none["next"]), (&json!([]), &Value::Null));
    for (query, says) in [
        ("limit=0", "limit must be 1..=1000, got 0"),
        ("limit=1001", "limit must be 1..=1000, got 1001"),
        ("limit=x", "limit: "),
        ("page=2", "unknown field `page`"),
        ("filter=%7B%22a%22%3A%7B%22%24near%22%3A1%7D%7D", "unknown operator"),
        ("include=everything", "got \"everything\""),
    ] {
        let answer = service.get(&format!("/vectors/index/docs/items?{query}"));
        let detail = answer.problem(400, "invalid_argument");
        assert!(detail.contains(says), "{query}: {detail}");
    }
}

#[test]
fn rows_are_counted_by_filter_and_by_value() {
    let (service, _) = filled();
    let count = "/vectors/index/docs/count";
    assert_eq!(service.post(count, &json!({})).ok(), json!({"count": ROWS, "seq": 2}));
    assert_eq!(service.post(count, &json!({"filter": {"even": true}})).ok()["count"], 100);
    assert_eq!(service.get(&format!("{count}?filter=%7B%22even%22%3Atrue%7D")).ok()["count"], 100);
    assert_eq!(service.get(count).ok()["count"], ROWS);
    assert_eq!(service.post(count, &json!({"filter": {"$id": "r7"}})).ok()["count"], 1);
    service.post(count, &json!({"where": {}})).problem(400, "invalid_argument");
    let values = "/vectors/index/docs/values";
    let told = service.get(&format!("{values}?field=even")).ok();
    assert_eq!(told["values"], json!([{"value": false, "count": 100}, {"value": true, "count": 100}]));
    assert_eq!(service.get(&format!("{values}?field=n&limit=3")).ok()["values"].as_array().unwrap().len(), 3);
    for (query, says) in [
        ("", "field is missing"),
        ("?field=n&limit=10001", "limit must be 1..=10000, got 10001"),
        ("?field=n&top=1", "unknown field `top`"),
        ("?field=", "names of fields"),
    ] {
        let detail = service.get(&format!("{values}{query}")).problem(400, "invalid_argument");
        assert!(detail.contains(says), "{query}: {detail}");
    }
}

#[test]
fn a_read_sees_the_entry_it_asks_for_and_says_which_it_saw() {
    let (service, rows) = filled();
    let seq = service.get("/vectors/index/docs").ok()["seq"].as_u64().unwrap();
    for (method, path, body) in [
        ("GET", "", Value::Null),
        ("GET", "/items/r1", Value::Null),
        ("GET", "/items", Value::Null),
        ("GET", "/count", Value::Null),
        ("GET", "/values?field=n", Value::Null),
        ("POST", "/get", json!({"ids": ["r1"]})),
        ("POST", "/count", json!({})),
        ("POST", "/search", json!({"vector": rows[0]})),
    ] {
        let between = if path.contains('?') { '&' } else { '?' };
        let ask = |query: &str| {
            let request = service.request(method, &format!("/vectors/index/docs{path}{between}{query}"));
            send(request.body(if body.is_null() { String::new() } else { body.to_string() }))
        };
        let seen = ask(&format!("min_seq={seq}&consistency=strong"));
        assert!(seen.status == 200, "{method} {path}: {}", seen.text);
        assert_eq!(seen.headers["x-vectord-seq"], seq.to_string().as_str(), "{method} {path}");
        let detail = ask("consistency=eventual").problem(400, "invalid_argument");
        assert!(detail.contains("bounded"), "{method} {path}: {detail}");
        let detail = ask("minseq=1").problem(400, "invalid_argument");
        assert!(detail.contains("unknown field `minseq`"), "{method} {path}: {detail}");
    }
}

#[test]
fn who_has_the_rows_of_an_entry_is_told_so() {
    let (service, _) = filled();
    let get = |path: &str, tag: &str| {
        send(service.request("GET", &format!("/vectors/index/docs/{path}")).header("If-None-Match", tag))
    };
    for path in ["items/r1", "items?limit=3", "count", "values?field=n"] {
        let first = get(path, "");
        let tag = first.headers["etag"].to_str().unwrap();
        assert!(first.status == 200 && tag.starts_with("W/\""), "{path}: {tag}");
        let again = get(path, tag);
        assert_eq!(
            (again.status, again.text.as_str(), &again.headers["etag"]),
            (304, "", &first.headers["etag"])
        );
        assert_eq!(again.headers["x-vectord-seq"], first.headers["x-vectord-seq"]);
        service.delete("/vectors/index/docs/items/r2").ok();
        service
            .post("/vectors/index/docs/add", &json!({"items": [{"id": "r2", "vector": [1, 2, 3, 4]}]}))
            .ok();
        assert_eq!(get(path, tag).status, 200, "{path}: a write makes another tag");
    }
}

#[test]
fn routes_that_take_no_options_refuse_them() {
    let (service, _) = filled();
    for (method, path) in [
        ("GET", "?x=1"),
        ("POST", "?x=1"),
        ("GET", "/docs?x=1"),
        ("POST", "/docs/add?x=1"),
        ("POST", "/docs/get?x=1"),
        ("POST", "/docs/delete?x=1"),
        ("POST", "/docs/metadata?x=1"),
        ("DELETE", "/docs/items/r1?x=1"),
        ("GET", "/docs/stats?x=1"),
        ("POST", "/docs/checkpoint?x=1"),
        ("DELETE", "/docs?x=1"),
    ] {
        let answer = send(service.request(method, &format!("/vectors/index{path}")).body("{}"));
        let detail = answer.problem(400, "invalid_argument");
        assert!(detail.contains("unknown field `x`"), "{method} {path}: {detail}");
    }
    assert_eq!(service.get("/vectors/index/docs").ok()["length"], ROWS);
}

#[test]
fn the_digest_is_told_on_request() {
    let (service, _) = filled();
    let plain = service.get("/vectors/index/docs/stats").ok();
    assert!(plain.get("digest").is_none());
    let told = service.get("/vectors/index/docs/stats?digest=true").ok();
    assert_eq!((told["digest"].as_str().unwrap().len(), &told["seq"]), (32, &plain["seq"]));
    service.get("/vectors/index/docs/stats?digest=maybe").problem(400, "invalid_argument");
}

#[test]
fn what_is_over_a_limit_is_refused_with_the_limit() {
    let (service, rows) = filled();
    let deep = "[".repeat(17) + &"]".repeat(17);
    let large = format!("\"{}\"", "x".repeat(65 << 10));
    let item = |id: &str, metadata: &str| {
        format!(r#"{{"items":[{{"id":"{id}","vector":[1,2,3,4],"metadata":{metadata}}}]}}"#)
    };
    let set = |metadata: &str| format!(r#"{{"items":[{{"id":"r1","metadata":{metadata}}}]}}"#);
    let wide = json!({"items": [{"id": "a", "vector": vec![1; 20_000]}]}).to_string();
    let many: Vec<_> = (0..1_001).map(|_| &rows[0]).collect();
    for (path, body, says) in [
        (
            "",
            json!({"name": "wide", "dimension": 20_000}).to_string(),
            "dimension must be 1..=16384, got 20000",
        ),
        ("/docs/add", wide, "items[0]: dimension mismatch: index has 4, got 20000"),
        ("/docs/add", item(&"x".repeat(513), "1"), "items[0]: id is too long: at most 512 bytes, got 513"),
        ("/docs/add", item("a", &large), "items[0]: metadata is too long: at most 65536 bytes, got 66562"),
        ("/docs/add", item("a", &deep), "items[0]: metadata nests too deeply: at most 16 levels, got 17"),
        ("/docs/metadata", set(&large), "items[0]: metadata is too long: at most 65536 bytes, got 66562"),
        ("/docs/metadata", set(&deep), "items[0]: metadata nests too deeply: at most 16 levels, got 17"),
        (
            "/docs/search",
            json!({"vectors": many, "k": 1_001}).to_string(),
            "k must be 1..=1000 for vectors, got 1001",
        ),
    ] {
        let detail =
            service.post_text(&format!("/vectors/index{path}"), &body).problem(400, "invalid_argument");
        assert!(detail.contains(says), "{path}: {detail}");
    }
    let found = search(&service, &json!({"vector": rows[0], "k": 5_000})).ok();
    assert_eq!(found["results"].as_array().unwrap().len(), ROWS, "a single vector's k gives way");
    assert_eq!(service.get("/vectors/index/docs").ok()["length"], ROWS);
}

#[test]
fn too_many_vectors_are_not_told_at_once() {
    let service = Service::serve("memory:");
    service.create("wide", 16_384, "euclidean");
    let ids: Vec<_> = (0..5_000).map(|at| format!("r{at}")).collect();
    let detail =
        service.post("/vectors/index/wide/get", &json!({"ids": ids})).problem(400, "invalid_argument");
    assert!(detail.contains("at most 4096 of dimension 16384, got 5000"), "{detail}");
    let request = service.request("POST", "/vectors/index/wide/search?k=1000&include=vector");
    let answer = send(request.header("Content-Type", RAW).body(vec![0; 5 * 4 * 16_384]));
    let detail = answer.problem(400, "invalid_argument");
    assert!(detail.contains("at most 4096 of dimension 16384, got 5000"), "{detail}");
}

#[test]
fn what_many_find_is_not_held_before_it_is_answered() {
    let service = Service::serve("memory:");
    service.create("docs", 2, "euclidean");
    let metadata = json!({"text": "x".repeat(60_000)});
    let items: Vec<_> =
        (0..100).map(|at| json!({"id": at.to_string(), "vector": [at, 1], "metadata": metadata})).collect();
    service.post("/vectors/index/docs/add", &json!({ "items": items })).ok();
    let before = service.peak_memory();
    // Six gigabytes of metadata in all.
    let body = json!({"vectors": vec![[0, 1]; 1_000], "k": 100});
    let told = search(&service, &body).problem(413, "resource_exhausted");
    assert!(told.contains("at most 268435456 bytes"), "{told}");
    let grown = service.peak_memory() - before;
    // The answer as far as it came, and as much again while its buffer grew.
    assert!(grown < 900 << 20, "{grown} bytes");
    let mut body = body;
    body["include"] = json!([]);
    let lists = search(&service, &body).ok();
    assert_eq!(lists["results"].as_array().unwrap().len(), 1_000);
}

#[test]
fn a_body_of_65_mib_is_413_in_every_form() {
    let (service, _) = filled();
    for (path, form) in
        [("search", RAW), ("search", "application/json"), ("add", FRAME), ("add", "application/json")]
    {
        let request = service.request("POST", &format!("/vectors/index/docs/{path}"));
        let answer = send(request.header("Content-Type", form).body(vec![b' '; 65 << 20]));
        let detail = answer.problem(413, "resource_exhausted");
        assert!(detail.contains("at most 67108864 bytes"), "{path} {form}: {detail}");
    }
}

#[test]
fn recall_is_measured_on_request() {
    let (service, rows) = filled();
    let recall = "/vectors/index/docs/recall";
    let told = service.post(recall, &json!({})).ok();
    assert_eq!((&told["recall"], &told["k"], &told["sample"]), (&1.0.into(), &10.into(), &200.into()));
    assert!(told["low"].is_number() && told["high"].is_number() && told["ef"].is_number());
    let asked = json!({"k": 3, "queries": rows[..7], "filter": {"even": true}, "ef": 20, "seed": 5});
    let told = service.post(recall, &asked).ok();
    assert_eq!((&told["sample"], &told["k"]), (&7.into(), &3.into()));
    for (body, says) in [
        (json!({"sample": 0}), "sample must be 1..=10000, got 0"),
        (json!({"sample": 10_001}), "sample must be 1..=10000, got 10001"),
        (json!({"k": 1_001}), "k must be 1..=1000, got 1001"),
        (json!({"queries": [rows[0], [1]]}), "queries[1]: dimension mismatch"),
        (json!({"samples": 3}), "unknown field `samples`"),
        (json!({"filter": 3}), "filter"),
    ] {
        let detail = service.post(recall, &body).problem(400, "invalid_argument");
        assert!(detail.contains(says), "{body}: {detail}");
    }
}

#[test]
fn a_queued_add_is_answered_at_once_and_told_by_flush() {
    let (service, _) = filled();
    let add = |query: &str, body: &Value| service.post(&format!("/vectors/index/docs/add{query}"), body);
    let items = json!({"items": [{"id": "late", "vector": [1, 2, 3, 4]}]});
    let queued = add("?durability=async", &items);
    assert_eq!((queued.status, &queued.ok()["added"], &queued.ok()["seq"]), (202, &1.into(), &Value::Null));
    let flushed = service.post("/vectors/index/docs/flush", &json!({})).ok();
    assert_eq!(flushed["seq"], 3);
    assert_eq!(service.get("/vectors/index/docs").ok()["length"], ROWS + 1);
    assert_eq!(add("?durability=sync", &items).ok()["seq"], 4);
    for (query, says) in [("?durability=later", "\"sync\" or \"async\""), ("?durable=1", "unknown field")] {
        assert!(add(query, &items).problem(400, "invalid_argument").contains(says));
    }
    // What is wrong with a batch is told at once.
    let bad = json!({"items": [{"id": "", "vector": [1, 2, 3, 4]}]});
    add("?durability=async", &bad).problem(400, "invalid_argument");
    let key = json!({"items": [{"id": "late", "vector": [4, 3, 2, 1]}]});
    let keyed = |body: &Value| {
        let request = service.request("POST", "/vectors/index/docs/add?durability=async");
        send(request.header("Idempotency-Key", "q").body(body.to_string()))
    };
    keyed(&items);
    assert_eq!(
        keyed(&key).status,
        202,
        "that the key was used for another batch is found out when it is its turn"
    );
    let detail = service.post("/vectors/index/docs/flush", &json!({})).problem(400, "invalid_argument");
    assert!(detail.contains("used for another batch"), "{detail}");
    service.post("/vectors/index/docs/flush", &json!({})).ok();
}

/// The rows of a JSON answer, and of a frame: ids, the bits of vectors, metadata.
type Stored = Vec<(String, Vec<u32>, Value)>;

fn of_json(answer: &Value) -> Stored {
    let row = |row: &Value| {
        let vector = row["vector"].as_array().unwrap().iter().map(|value| f32(value).to_bits()).collect();
        (row["id"].as_str().unwrap().to_owned(), vector, row["metadata"].clone())
    };
    answer["items"].as_array().unwrap().iter().map(row).collect()
}

fn of_frame(document: &[u8]) -> Stored {
    let rows = decode_rows_payload(document).unwrap();
    let row = |at| {
        let metadata = rows.metadata(at).map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
        (rows.id(at).to_owned(), rows.vector(at).iter().map(|value| value.to_bits()).collect(), metadata)
    };
    (0..rows.len()).map(row).collect()
}

#[test]
fn stored_rows_are_the_same_in_a_frame_as_in_json() {
    let (service, _) = filled();
    let odd = json!({"items": [{"id": "r%1, \"ü\"/\u{1f600}", "vector": [1e-45, -0.0, 1e18, 0.1], "metadata": {}}]});
    service.post("/vectors/index/docs/add", &odd).ok();
    let framed = |method: &str, path: &str, body: &Value| {
        let request = service.request(method, &format!("/vectors/index/docs/{path}"));
        let request = request.header("Content-Type", "application/json").header("Accept", FRAME);
        request.body(if body.is_null() { String::new() } else { body.to_string() }).send().unwrap()
    };
    let wanted = json!({"ids": ["r7", "nobody", odd["items"][0]["id"], "r0"]});
    let json = service.post("/vectors/index/docs/get", &wanted).ok();
    let frame = framed("POST", "get", &wanted);
    assert_eq!((frame.status().as_u16(), &frame.headers()["content-type"]), (200, &FRAME.parse().unwrap()));
    assert_eq!(frame.headers()["x-vectord-seq"], json["seq"].to_string().as_str());
    assert_eq!(frame.headers()["vary"], "accept");
    assert!(!frame.headers().contains_key("x-vectord-next"));
    let rows = of_frame(&frame.bytes().unwrap());
    assert_eq!((rows.len(), &rows), (3, &of_json(&json)));
    let none = framed("POST", "get", &json!({"ids": ["nobody"]}));
    assert!(of_frame(&none.bytes().unwrap()).is_empty());

    let mut after = String::new();
    let mut pages = 0;
    loop {
        let query = format!("items?limit=100&after={after}");
        let json = service.get(&format!("/vectors/index/docs/{query}")).ok();
        let frame = framed("GET", &query, &Value::Null);
        assert_eq!(frame.headers()["x-vectord-seq"], json["seq"].to_string().as_str());
        let next = frame.headers().get("x-vectord-next").map(|next| next.to_str().unwrap().to_owned());
        assert_eq!(next.is_none(), json["next"].is_null());
        assert_eq!(of_frame(&frame.bytes().unwrap()), of_json(&json));
        pages += 1;
        let Some(next) = next else { break };
        after = next;
    }
    assert_eq!(pages, 4);
    // The cursor goes back as it came.
    let query = "items?limit=1&after=r";
    let frame = framed("GET", query, &Value::Null);
    let next = frame.headers()["x-vectord-next"].to_str().unwrap().to_owned();
    assert!(next.starts_with("r%25") && next.is_ascii(), "{next}");
    let following = service.get(&format!("/vectors/index/docs/items?limit=1&include=&after={next}")).ok();
    assert_eq!(ids(&following["items"]), ["r0"]);
    let told = framed("GET", "items?limit=1&include=vector", &Value::Null);
    assert_eq!(of_frame(&told.bytes().unwrap())[0].2, Value::Null);
    let refused = framed("GET", "items?include=metadata", &Value::Null);
    assert_eq!(refused.status().as_u16(), 400);
    assert!(refused.text().unwrap().contains("application/vnd.vectord.frame holds vectors"));
}
