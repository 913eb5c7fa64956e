//! The service as its clients meet it: bodies, errors, limits.
//!
//! What must survive kills and restarts stands in `acceptance.rs`, the command in tests/operate.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::service::{Answer, Service, send};

const JSON: &str = "application/json";

fn small() -> Service {
    let service = Service::serve("memory:");
    service.create("small", 2, "euclidean");
    let items = json!({"items": [{"id": "a", "vector": [1, 0], "metadata": {"n": 1}}, {"id": "b/ü", "vector": [0, 1]}]});
    service.post("/vectors/index/small/add", &items).ok();
    service
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_error_is_problem_json_with_its_code() {
    let service = small();
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(64 << 10));
    let many = format!("{{\"ids\":[\"{}\"]}}", "x".repeat(8 << 20));
    for (method, path, content_type, body, status, code, says) in [
        ("GET", "/", None, "", 404, "not_found", "no route"),
        ("GET", "/vectors/index/small/nothing", None, "", 404, "not_found", "no route"),
        ("PUT", "/vectors/index", None, "", 405, "invalid_argument", "PUT"),
        ("GET", "/v1/vectors/index/small/add", None, "", 405, "invalid_argument", "GET"),
        (
            "POST",
            "/vectors/index",
            Some("text/plain"),
            "{}",
            415,
            "invalid_argument",
            "Content-Type: application/json",
        ),
        ("POST", "/vectors/index", None, "", 400, "invalid_argument", "empty"),
        ("POST", "/vectors/index", None, "{", 400, "invalid_argument", "EOF"),
        (
            "POST",
            "/vectors/index",
            None,
            r#"{"name":"x"}"#,
            400,
            "invalid_argument",
            "missing field `dimension`",
        ),
        ("POST", "/vectors/index", None, r#"{"name":"x","dimension":0}"#, 400, "invalid_argument", "got 0"),
        ("POST", "/vectors/index", None, r#"{"name":"x","dimension":-2}"#, 400, "invalid_argument", "got -2"),
        (
            "POST",
            "/vectors/index",
            None,
            r#"{"name":"x","dimension":2,"dim":2}"#,
            400,
            "invalid_argument",
            "`dim`",
        ),
        (
            "POST",
            "/vectors/index",
            None,
            r#"{"name":"x","dimension":2,"name":"y"}"#,
            400,
            "invalid_argument",
            "duplicate",
        ),
        ("POST", "/vectors/index", None, r#"{"name":"../x","dimension":2}"#, 400, "invalid_argument", "../x"),
        // Told before the name is found to be taken.
        (
            "POST",
            "/vectors/index",
            None,
            r#"{"name":"small","dimension":2,"m":1}"#,
            400,
            "invalid_argument",
            "got 1",
        ),
        (
            "POST",
            "/vectors/index",
            None,
            r#"{"name":"small","dimension":2,"distance":"l2"}"#,
            400,
            "invalid_argument",
            "cosine, euclidean or dot",
        ),
        ("POST", "/vectors/index", None, r#"{"name":"SMALL","dimension":2}"#, 409, "already_exists", "small"),
        ("POST", "/vectors/index", None, &long, 413, "resource_exhausted", "65536"),
        ("POST", "/vectors/index/nowhere/add", Some("text/plain"), "{", 404, "not_found", "nowhere"),
        ("POST", "/vectors/index/..%2Fx/search", None, "{", 404, "not_found", "../x"),
        ("POST", "/vectors/index/%FF/search", None, "{", 400, "invalid_argument", "UTF-8"),
        (
            "POST",
            "/vectors/index/small/add",
            None,
            r#"{"items":[]}"#,
            400,
            "invalid_argument",
            "items is empty",
        ),
        ("POST", "/vectors/index/small/add", None, "{}", 400, "invalid_argument", "items is missing"),
        ("POST", "/vectors/index/small/search", None, "{}", 400, "invalid_argument", "vector is missing"),
        (
            "POST",
            "/vectors/index/small/search",
            None,
            r#"{"vector":[1e39,0]}"#,
            400,
            "invalid_argument",
            "infinite",
        ),
        (
            "POST",
            "/vectors/index/small/search",
            None,
            r#"{"vector":[1,0],"k":1.5}"#,
            400,
            "invalid_argument",
            "1.5",
        ),
        (
            "POST",
            "/vectors/index/small/search",
            None,
            r#"{"vector":[1,0],"top":1}"#,
            400,
            "invalid_argument",
            "`top`",
        ),
        (
            "POST",
            "/vectors/index/small/search",
            None,
            r#"{"vector":[1,0],"filter":{"a":{"$near":1}}}"#,
            400,
            "invalid_argument",
            "unknown operator",
        ),
        ("POST", "/vectors/index/small/delete", None, "{}", 400, "invalid_argument", "ids is missing"),
        (
            "POST",
            "/vectors/index/small/delete",
            None,
            r#"{"ids":["a"],"filter":{}}"#,
            400,
            "invalid_argument",
            "not both",
        ),
        ("POST", "/vectors/index/small/delete", None, &many, 413, "resource_exhausted", "8388608"),
        (
            "POST",
            "/vectors/index/small/metadata",
            None,
            r#"{"items":[{"id":"a"}]}"#,
            400,
            "invalid_argument",
            "items[0]",
        ),
        (
            "POST",
            "/vectors/index/small/metadata",
            None,
            r#"{"items":[{"id":"zz","metadata":1}]}"#,
            404,
            "not_found",
            "zz",
        ),
        ("GET", "/vectors/index/small/items/zz", None, "", 404, "not_found", "zz"),
    ] {
        let mut request =
            service.request(method, path).header("X-Request-Id", "seen-1").body(body.to_owned());
        if let Some(content_type) = content_type {
            request = request.header("Content-Type", content_type);
        }
        let answer = send(request);
        let detail = answer.problem(status, code);
        assert!(detail.contains(says), "{method} {path}: {detail}");
        assert_eq!(answer.json()["request_id"], "seen-1");
        assert_eq!(answer.headers.contains_key("allow"), status == 405);
    }
    assert_eq!(service.get("/vectors/index").ok(), json!({"names": ["small"], "count": 1}));
    assert_eq!(service.get("/vectors/index/small").ok()["length"], 2);
}

#[test]
fn what_is_wrong_in_a_body_is_told_in_words_of_json() {
    let service = small();
    let object = "the body must be a JSON object";
    for (route, body, item, says) in [
        ("", r#"["pos",2,null,null,"euclidean"]"#, None, object),
        ("/small/search", "[[1,2],1]", None, object),
        ("/small/add", "[[]]", None, object),
        ("/small/get", "[]", None, object),
        ("/small/add", r#"{"items":[["a",[1,2],{"x":1}]]}"#, Some(0), "items[0]: must be an object"),
        (
            "/small/metadata",
            r#"{"items":[{"id":"a","metadata":1},["a",{}]]}"#,
            Some(1),
            "items[1]: must be an",
        ),
        ("/small/add", r#"{"items":[{"id":"a","vector":[1,2]}"#, None, "EOF"),
        ("/small/add", r#"{"items":[{"vector":[1,2]}]}"#, Some(0), "items[0]: id is missing"),
        ("/small/metadata", r#"{"items":[{"metadata":1}]}"#, Some(0), "items[0]: id is missing"),
        ("/small/add", r#"{"items":[{"id":1,"vector":[1,2]}]}"#, Some(0), "expected a string"),
        ("/small/get", r#"{"ids":[1]}"#, Some(0), "ids[0]: invalid type: integer `1`, expected a string"),
        ("/small/delete", r#"{"ids":["a",null]}"#, Some(1), "ids[1]: invalid type: null, expected a string"),
        ("/small/search", r#"{"vector":[1,0],"k":1.5}"#, None, "`1.5`, expected an integer"),
        ("", r#"{"name":"x","dimension":"2"}"#, None, "expected an integer"),
        ("", r#"{"name":"x","dimension":-1}"#, None, "dimension must be 1..=16384, got -1"),
        ("", r#"{"name":"x","dimension":4294967297}"#, None, "dimension must be 1..=16384, got 4294967297"),
        ("", r#"{"name":"x","dimension":2,"m":-5}"#, None, "m must be 2..=128, got -5"),
        ("", r#"{"name":"x","dimension":2,"ef_search":-5}"#, None, "ef_search must be 1..=65536, got -5"),
    ] {
        let answer = service.post_text(&format!("/vectors/index{route}"), body);
        let detail = answer.problem(400, "invalid_argument");
        assert!(detail.contains(says), "{body}: {detail}");
        assert_eq!(answer.json().get("item"), item.map(Value::from).as_ref(), "{body}");
        assert!(
            !detail.contains("items[") || !route.contains("get") && !route.contains("delete"),
            "{detail}"
        );
    }
    assert_eq!(service.get("/vectors/index").ok()["count"], 1);
    assert_eq!(service.get("/vectors/index/small").ok()["length"], 2);
}

#[test]
fn a_compressed_body_and_other_json_are_415() {
    let service = small();
    let search = |name: &str, value: &str| {
        let request = service.request("POST", "/vectors/index/small/search").header(name, value);
        send(request.body(r#"{"vector":[1,0]}"#))
    };
    for encoding in ["gzip", "identity, gzip", "br"] {
        let detail = search("Content-Encoding", encoding).problem(415, "invalid_argument");
        assert!(detail.contains("not decompressed") && detail.contains(encoding), "{detail}");
    }
    search("Content-Encoding", "Identity").ok();
    search("Content-Type", "application/json; charset=utf-8").ok();
    search("Content-Type", "application/merge-patch+json").problem(415, "invalid_argument");
}

#[test]
fn only_a_body_with_a_list_is_told_to_come_in_parts() {
    let service = small();
    let long = " ".repeat((64 << 10) + 1);
    let detail = service.post_text("/vectors/index", &long).problem(413, "resource_exhausted");
    assert!(detail.ends_with("at most 65536 bytes"), "{detail}");
    let long = " ".repeat((8 << 20) + 1);
    let detail = service.post_text("/vectors/index/small/get", &long).problem(413, "resource_exhausted");
    assert!(detail.ends_with("8388608 bytes; send it in parts"), "{detail}");
}

#[test]
fn k_is_ten_by_default_and_a_thousand_at_most() {
    let service = Service::serve("memory:");
    service.create("many", 2, "euclidean");
    let items: Vec<_> = (0..1_100).map(|at| json!({"id": format!("{at}"), "vector": [at, 0]})).collect();
    service.post("/vectors/index/many/add", &json!({"items": items})).ok();
    for (k, found) in [
        (None, 10),
        (Some(Value::Null), 10),
        (Some(json!(0)), 10),
        (Some(json!(-3)), 10),
        (Some(json!(7)), 7),
        (Some(json!(1_000)), 1_000),
        (Some(json!(9_223_372_036_854_775_807_i64)), 1_000),
    ] {
        let mut body = json!({"vector": [0, 0]});
        if let Some(k) = k {
            body["k"] = k;
        }
        let results = service.post("/vectors/index/many/search", &body).ok();
        assert_eq!(results["results"].as_array().unwrap().len(), found, "{body}");
    }
}

#[test]
fn the_go_service_s_defaults_and_an_empty_index_answer_as_they_did() {
    let service = Service::serve("memory:");
    let body = json!({"name": "go", "dimension": 3, "m": 0, "ef_search": 0, "distance": ""});
    let params = service.post("/vectors/index", &body).ok()["params"].clone();
    assert_eq!((&params["m"], &params["distance"]), (&16.into(), &"cosine".into()));
    let found = service.post("/vectors/index/go/search", &json!({"vector": [1, 2, 3]})).ok();
    assert_eq!(found["results"], json!([]));
}

#[test]
fn metadata_is_kept_as_it_was_written() {
    let service = small();
    let text = r#"{"z":1.0,"big":12345678901234567890123,"a":[1e2,"\u00fc"],"z2":null}"#;
    let add = |item: &str| {
        service.post_text("/vectors/index/small/add", &format!(r#"{{"items":[{item}]}}"#)).ok();
        service.get("/vectors/index/small/items/m").text
    };
    assert!(
        add(&format!(r#"{{"id":"m","vector":[1,2],"metadata": {text} }}"#))
            .ends_with(&format!("\"metadata\":{text}}}"))
    );
    let found = service.post("/vectors/index/small/search", &json!({"vector": [1, 2], "k": 1}));
    assert!(found.text.contains(text), "{}", found.text);
    for keeps in [r#"{"id":"m","vector":[3,4]}"#, r#"{"id":"m","vector":[3,4],"metadata":null}"#] {
        assert_eq!(add(keeps), format!(r#"{{"id":"m","vector":[3.0,4.0],"metadata":{text}}}"#));
    }
    assert!(add(r#"{"id":"m","vector":[3,4],"metadata":{}}"#).ends_with(r#""metadata":{}}"#));
    let set = |metadata: &str| {
        let body = format!(r#"{{"items":[{{"id":"m","metadata":{metadata}}}]}}"#);
        let answer = service.post_text("/vectors/index/small/metadata", &body).ok();
        assert_eq!((&answer["updated"], &answer["length"]), (&1.into(), &3.into()));
        service.get("/vectors/index/small/items/m").text
    };
    assert!(set("[1, 2]").ends_with(r#""metadata":[1,2]}"#));
    assert_eq!(set("null"), r#"{"id":"m","vector":[3.0,4.0]}"#);
}

#[test]
fn rows_are_got_and_deleted_by_any_id() {
    let service = small();
    let at = |answer: &Answer| answer.headers["x-vectord-seq"].to_str().unwrap().parse::<u64>().unwrap();
    let one = service.get("/vectors/index/small/items/b%2F%C3%BC");
    assert_eq!((one.ok(), at(&one)), (json!({"id": "b/ü", "vector": [0.0, 1.0]}), 2));
    let got = service.post("/vectors/index/small/get", &json!({"ids": ["b/ü", "none", "a"]})).ok();
    let rows =
        json!([{"id": "b/ü", "vector": [0.0, 1.0]}, {"id": "a", "vector": [1.0, 0.0], "metadata": {"n": 1}}]);
    assert_eq!((&got["items"], &got["seq"]), (&rows, &2.into()));
    let deleted = service.delete("/vectors/index/small/items/b%2F%C3%BC");
    assert_eq!((deleted.ok(), at(&deleted)), (json!({"deleted": 1, "length": 1, "seq": 3}), 3));
    let deleted = service.post("/vectors/index/small/delete", &json!({"ids": ["a", "none"]}));
    assert_eq!((&deleted.ok()["deleted"], &deleted.ok()["length"]), (&1.into(), &0.into()));
    let search = service.post("/vectors/index/small/search", &json!({"vector": [1, 0]})).ok();
    assert_eq!(search["results"], json!([]));
    let stats = service.get("/vectors/index/small/stats").ok();
    assert_eq!((&stats["rows"], &stats["halted"]), (&0.into(), &Value::Null));
    assert_eq!(service.post("/vectors/index/small/checkpoint", &json!({})).ok()["seq"], stats["seq"]);
}

#[test]
fn a_filter_says_which_rows_are_found_and_deleted() {
    let service = small();
    let search = |more: &Value| {
        let mut body = json!({"vector": [0, 1], "explain": true});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = service.post("/vectors/index/small/search", &body).ok();
        let ids: Vec<String> = answer["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect();
        (ids, answer["explain"].clone())
    };
    let (ids, told) = search(&json!({"filter": {"n": {"$gte": 1}}}));
    assert_eq!((ids, &told["matches"], &told["exact"]), (vec!["a".to_owned()], &1.into(), &true.into()));
    assert_eq!((&told["path"], &told["scanned"]), (&"exact".into(), &1.into()));
    assert_eq!(search(&json!({"filter": {"n": {"$ne": 1}}})).0, ["b/ü"]);
    assert_eq!(search(&json!({"within": 0.5, "exact": true, "ef": 10})).0, ["b/ü"]);
    let deleted = service.post("/vectors/index/small/delete", &json!({"filter": {"n": 1}})).ok();
    assert_eq!((&deleted["deleted"], &deleted["length"]), (&1.into(), &1.into()));
    assert_eq!(search(&json!({})).0, ["b/ü"]);
}

#[test]
fn a_repeated_add_under_the_same_key_is_answered_as_the_first() {
    let service = small();
    let add = |vector: [f32; 2]| {
        let body = json!({"items": [{"id": "k", "vector": vector}]}).to_string();
        let request = service.request("POST", "/vectors/index/small/add").header("Idempotency-Key", "job-1");
        send(request.header("Content-Type", JSON).body(body))
    };
    let first = add([5.0, 5.0]).ok();
    service.delete("/vectors/index/small/items/k").ok();
    let mut again = add([5.0, 5.0]).ok();
    assert_eq!(again.as_object_mut().unwrap().remove("repeated"), Some(true.into()));
    assert_eq!(again, first);
    assert_eq!(service.get("/vectors/index/small").ok()["length"], 2, "the repetition wrote nothing");
    add([6.0, 6.0]).problem(400, "invalid_argument");
}

/// Sends bytes as they are and returns what comes back until the service closes.
fn raw(service: &Service, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(service.url.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_body_over_64_mib_is_refused_before_it_is_sent() {
    let service = small();
    let head = "POST /vectors/index/small/add HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\n\
                Content-Length: 67108865\r\n\r\n";
    let answer = raw(&service, head.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("67108864"), "{answer}");
}

#[test]
fn a_refusal_reaches_a_client_that_is_still_sending() {
    let service = small();
    let body = "x".repeat(20 << 20);
    service.post_text("/vectors/index/nowhere/add", &body).problem(404, "not_found");
    service.post_text("/vectors/index/small/delete", &body).problem(413, "resource_exhausted");
}

#[test]
fn what_is_no_http_ends_a_connection_and_nothing_else() {
    let service = small();
    for bytes in [&b"\x16\x03\x01\x02\x00hello, this is TLS, or so"[..], b"GET / HTTP/9.9\r\n\r\n"] {
        let answer = raw(&service, bytes);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    assert_eq!(service.get("/healthz").status, 200);
}

#[test]
fn a_request_that_was_begun_is_answered_although_the_service_ends() {
    let service = small();
    let addr = service.url.strip_prefix("http://").unwrap().to_owned();
    let body = r#"{"name":"late","dimension":2}"#;
    let mut stream = TcpStream::connect(&addr).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST /vectors/index HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
    )
    .unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n", "the body is being waited for");
    service.signal(rustix::process::Signal::TERM);
    while TcpStream::connect(&addr).is_ok() {
        std::thread::yield_now();
    }
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(service.terminate().code(), Some(0));
}
