//! What only HTTP can get wrong: encodings, preconditions, lost answers, other people's servers.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, put};
use vectord::error::ErrorKind;
use vectord::store::{Memory, Put, Replace, Storaged, Store, Written, open};

use crate::http::{Server, storaged};
use crate::suite::{create, key, names};

fn serve() -> (Arc<Memory>, Server) {
    let store = Arc::new(Memory::new());
    let server = Server::start(vectord::server::storaged_app(
        store.clone(),
        vectord::server::Keys::default(),
        vectord::server::Hosts::default(),
    ));
    (store, server)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[test]
fn an_encoded_slash_names_the_same_key() {
    let (store, server) = serve();
    assert_eq!(server.raw("PUT /v1/storage/a%2Fb HTTP/1.1", b"x").0, 201);
    assert_eq!(store.get(&key("a/b")).unwrap().unwrap(), b"x");
    for path in ["a/b", "a%2Fb", "a%2fb", "%61/b"] {
        let (status, _, body) = server.raw(&format!("GET /v1/storage/{path} HTTP/1.1"), b"");
        assert_eq!((status, &body[..]), (200, &b"x"[..]), "{path}");
    }
    assert_eq!(server.raw("GET /v1/storage/a%252Fb HTTP/1.1", b"").0, 404);
}

#[test]
fn paths_that_are_no_keys_are_bad_requests() {
    let (store, server) = serve();
    for path in [
        "../x",
        "a/../x",
        "%2e%2e/x",
        "a/%2e%2e/x",
        "%2E%2E%2Fx",
        "a/./x",
        "a/%2e",
        "a%00b",
        "a%5Cb",
        "a\\b",
        "a//b",
        "/a",
        "%2Fa",
        "a/",
        "a%2F",
        "%2Fetc%2Fpasswd",
        "a%0ab",
        "%ff",
        ".vectord-tmp/1-1",
        "%2evectord-tmp/1-1",
    ] {
        for method in ["PUT", "GET", "HEAD", "DELETE"] {
            let (status, head, body) = server.raw(&format!("{method} /v1/storage/{path} HTTP/1.1"), b"");
            assert_eq!(status, 400, "{method} {path}");
            if method != "HEAD" && path != "a\\b" {
                assert_eq!(
                    header(&head, "content-type"),
                    Some("application/problem+json"),
                    "{method} {path}"
                );
                assert!(
                    String::from_utf8(body).unwrap().contains(r#""code":"invalid_argument""#),
                    "{method} {path}"
                );
            }
        }
    }
    assert_eq!(names(&*store, ""), [""; 0]);
}

#[test]
fn every_call_answers_as_written() {
    let (_, server) = serve();
    let put = |head: &str, body: &[u8]| server.raw(&format!("PUT /v1/storage/k HTTP/1.1{head}"), body).0;
    assert_eq!(put("\nIf-None-Match: *", b"one"), 201);
    assert_eq!(put("\nIf-None-Match: *", b"two"), 412);
    assert_eq!(put("", b"three"), 200);
    assert_eq!(put("\nIf-None-Match: \"tag\"", b"four"), 400);
    assert_eq!(put("\nIf-Match: \"tag\"", b"four"), 400);
    let (status, head, body) = server.raw("GET /v1/storage/k HTTP/1.1", b"");
    assert_eq!((status, &body[..]), (200, &b"three"[..]));
    let tag = header(&head, "etag").unwrap().to_owned();
    assert!(tag.starts_with('"') && tag.len() == 34, "{tag}");
    let (status, head, body) = server.raw("HEAD /v1/storage/k HTTP/1.1", b"");
    assert_eq!((status, body.len(), header(&head, "content-length")), (200, 0, Some("5")));
    assert_eq!(header(&head, "etag"), Some(&tag[..]));
    assert_eq!(server.raw(&format!("GET /v1/storage/k HTTP/1.1\nIf-None-Match: {tag}"), b"").0, 304);
    assert_eq!(put("", b"other"), 200);
    let (status, head, _) = server.raw(&format!("GET /v1/storage/k HTTP/1.1\nIf-None-Match: {tag}"), b"");
    assert_eq!(status, 200);
    assert_ne!(header(&head, "etag"), Some(&tag[..]));
    assert_eq!(server.raw("DELETE /v1/storage/k HTTP/1.1", b"").0, 204);
    assert_eq!(server.raw("DELETE /v1/storage/k HTTP/1.1", b"").0, 204);
    assert_eq!(server.raw("HEAD /v1/storage/k HTTP/1.1", b"").0, 404);
    let (status, head, body) = server.raw("GET /v1/storage/k HTTP/1.1", b"");
    assert_eq!((status, header(&head, "content-type")), (404, Some("application/problem+json")));
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code"], "not_found");
    assert_eq!(problem["status"], 404);
    for (call, wanted) in [
        ("POST /v1/storage/k", 405),
        ("DELETE /v1/storage", 405),
        ("GET /v2/storage/k", 404),
        ("GET /", 404),
        ("GET /v1/storage?limit=0", 400),
        ("GET /v1/storage?limit=x", 400),
        ("GET /v1/storage?prefix=../", 200),
    ] {
        let (status, head, _) = server.raw(&format!("{call} HTTP/1.1"), b"");
        assert_eq!(status, wanted, "{call}");
        let json = if wanted == 200 { "application/json" } else { "application/problem+json" };
        assert_eq!(header(&head, "content-type"), Some(json), "{call}");
    }
    assert!(header(&server.raw("POST /v1/storage/k HTTP/1.1", b"").1, "allow").is_some());
    let (_, _, body) = server.raw("GET /.well-known/storaged HTTP/1.1", b"");
    let described: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        described,
        serde_json::json!({"put_if_absent": true, "durable": false, "max_object_bytes": 4_u64 << 30})
    );
}

#[test]
fn ranges_select_part_of_an_object() {
    let (store, server) = serve();
    create(&*store, "k", b"0123456789");
    let read = |range: &str| server.raw(&format!("GET /v1/storage/k HTTP/1.1\n{range}"), b"");
    for (range, wanted, shown) in [
        ("Range: bytes=2-4", &b"234"[..], "bytes 2-4/10"),
        ("Range: bytes=8-99", b"89", "bytes 8-9/10"),
        ("Range: bytes=-2", b"89", "bytes 8-9/10"),
    ] {
        let (status, head, body) = read(range);
        assert_eq!(
            (status, &body[..], header(&head, "content-range")),
            (206, wanted, Some(shown)),
            "{range}"
        );
    }
    let (status, head, _) = read("Range: bytes=10-");
    assert_eq!((status, header(&head, "content-range")), (416, Some("bytes */10")));
    assert_eq!(read("Range: bytes=0-1,4-5").0, 200);
    assert_eq!(read("Range: bytes=0-1\nIf-Range: \"another\"").0, 200);
}

#[test]
fn a_body_announced_beyond_the_limit_is_refused_unread() {
    let (_, server) = serve();
    let mut stream = std::net::TcpStream::connect(server.address).unwrap();
    write!(stream, "PUT /v1/storage/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000000\r\n\r\n")
        .unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[test]
fn a_truncated_upload_writes_nothing() {
    let (store, server) = serve();
    let mut stream = std::net::TcpStream::connect(server.address).unwrap();
    write!(stream, "PUT /v1/storage/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc")
        .unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert_eq!(store.get(&key("k")).unwrap(), None);
}

/// The predecessor: no `/.well-known`, and preconditions are ignored.
fn predecessor() -> Server {
    async fn read(State(store): State<Arc<Memory>>, Path(path): Path<String>) -> impl IntoResponse {
        store.get(&key(&path)).unwrap().ok_or(StatusCode::NOT_FOUND)
    }
    async fn write(State(store): State<Arc<Memory>>, Path(path): Path<String>, body: Bytes) -> StatusCode {
        assert!(matches!(store.replace(&key(&path), &body), Replace::Created | Replace::Replaced));
        StatusCode::OK
    }
    Server::start(
        Router::new().route("/v1/storage/{*key}", get(read).put(write)).with_state(Arc::new(Memory::new())),
    )
}

#[test]
fn a_server_that_cannot_decide_races_says_so_and_is_never_overwritten() {
    let server = predecessor();
    let store = open(&server.url()).unwrap();
    assert!(!store.capabilities().put_if_absent);
    assert!(!store.capabilities().durable);
    create(&*store, "a/b", b"one");
    assert!(matches!(store.put_if_absent(&key("a/b"), b"two"), Put::Exists));
    assert_eq!(store.get(&key("a/b")).unwrap().unwrap(), b"one");
    assert_eq!(store.size(&key("a/b")).unwrap(), Some(3));
}

/// A server whose every PUT is answered with the status its key names.
fn refusing() -> Server {
    let describe = || async { r#"{"put_if_absent":true,"durable":true,"max_object_bytes":1000}"# };
    let answer = |Path(status): Path<u16>| async move { StatusCode::from_u16(status).unwrap() };
    Server::start(
        Router::new().route("/.well-known/storaged", get(describe)).route("/v1/storage/{key}", put(answer)),
    )
}

#[test]
fn a_failed_put_is_known_or_unknown_by_its_status() {
    let server = refusing();
    let store = open(&server.url()).unwrap();
    assert_eq!(store.capabilities().max_object_bytes, 1000);
    for (status, kind, wanted) in [
        ("200", ErrorKind::Unsupported, Written::Unknown),
        ("302", ErrorKind::Unsupported, Written::No),
        ("400", ErrorKind::InvalidArgument, Written::No),
        ("401", ErrorKind::Unauthenticated, Written::No),
        ("403", ErrorKind::PermissionDenied, Written::No),
        ("405", ErrorKind::Unsupported, Written::No),
        ("409", ErrorKind::Conflict, Written::No),
        ("413", ErrorKind::ResourceExhausted, Written::No),
        ("429", ErrorKind::ResourceExhausted, Written::No),
        ("500", ErrorKind::Unavailable, Written::Unknown),
        ("503", ErrorKind::Unavailable, Written::Unknown),
        ("504", ErrorKind::Unavailable, Written::Unknown),
        ("507", ErrorKind::ResourceExhausted, Written::No),
    ] {
        let put = store.put_if_absent(&key(status), b"x");
        let Put::Failed { error, written } = put else { panic!("{status}: {put:?}") };
        assert_eq!((error.kind(), written), (kind, wanted), "{status}: {error}");
    }
    assert!(matches!(store.put_if_absent(&key("201"), b"x"), Put::Created));
    assert!(matches!(store.put_if_absent(&key("412"), b"x"), Put::Exists));
    let Put::Failed { error, written } = store.put_if_absent(&key("201"), &[0; 1001]) else {
        panic!("too large")
    };
    assert_eq!((error.kind(), written), (ErrorKind::ResourceExhausted, Written::No));
}

/// Answers each connection in turn with one of `answers` (nothing for `None`), then refuses all others.
fn scripted(answers: Vec<Option<&'static str>>) -> (String, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                request.push(byte[0]);
            }
            if let Some(body) = answer {
                let length = body.len();
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
                )
                .unwrap();
            }
        }
    });
    (url, thread)
}

const DESCRIBED: Option<&str> = Some(r#"{"put_if_absent":true,"durable":true,"max_object_bytes":1000}"#);

#[test]
fn a_refused_connection_wrote_nothing_and_a_lost_one_may_have() {
    let (url, thread) = scripted(vec![DESCRIBED, None]);
    let store = open(&url).unwrap();
    let put = store.put_if_absent(&key("k"), b"x");
    assert!(matches!(put, Put::Failed { written: Written::Unknown, .. }), "{put:?}");
    thread.join().unwrap();
    let Put::Failed { error, written } = store.put_if_absent(&key("k"), b"x") else {
        panic!("nobody listens")
    };
    assert_eq!((error.kind(), written), (ErrorKind::Unavailable, Written::No), "{error}");
    assert_eq!(store.get(&key("k")).unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(open(&url).unwrap_err().kind(), ErrorKind::Unavailable);
}

#[test]
fn reads_outlast_a_lost_connection_and_refuse_endless_answers() {
    let (url, thread) = scripted(vec![DESCRIBED, None, None, Some("bytes")]);
    let store = open(&url).unwrap();
    assert_eq!(store.get(&key("k")).unwrap().unwrap(), b"bytes");
    thread.join().unwrap();

    let long: &'static str = Box::leak("x".repeat(1001).into_boxed_str());
    let (url, thread) = scripted(vec![DESCRIBED, Some(long)]);
    let store = open(&url).unwrap();
    assert_eq!(store.get(&key("k")).unwrap_err().kind(), ErrorKind::ResourceExhausted);
    thread.join().unwrap();
}

#[test]
fn a_store_may_be_opened_used_and_dropped_inside_a_runtime() {
    let (_, server) = serve();
    let url = server.url();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async move {
        tokio::spawn(async move {
            let store = open(&url).unwrap();
            create(&*store, "on/a/worker", b"x");
            let shared = store.clone();
            let names = tokio::task::spawn_blocking(move || names(&*shared, "on/")).await.unwrap();
            assert_eq!(names, ["on/a/worker"]);
            drop(store);
        })
        .await
        .unwrap();
    });
}

#[test]
fn the_url_opens_the_same_store_and_its_password_is_not_shown() {
    let (store, (server, ())) = storaged(Arc::new(Memory::new()), ());
    create(&store, "k", b"x");
    assert_eq!(open(&store.url()).unwrap().get(&key("k")).unwrap().unwrap(), b"x");
    assert_eq!(Storaged::open(&format!("{}/", server.url())).unwrap().url(), store.url());
    let secret = format!("http://user:hunter2@{}", server.address);
    let store = Storaged::open(&secret).unwrap();
    assert_eq!(store.url(), secret);
    assert!(!format!("{store:?}").contains("hunter2"));
    drop(server);
    let error = store.get(&key("k")).unwrap_err();
    assert!(!format!("{error:?}{error}").contains("hunter2"), "{error:?}");
    for url in ["http://", "http://host/?q", "http://host/#f"] {
        assert_eq!(open(url).unwrap_err().kind(), ErrorKind::InvalidArgument, "{url}");
    }
}
