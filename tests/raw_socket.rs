//! The service as those meet it who do not speak HTTP properly: heads and bodies that never end, framing that lies,
//! names that lead out of a directory, a thousand connections that say nothing. Everybody else is answered.
//!
//! A binary of its own, because it raises the process's limit of descriptors, which the services of other tests
//! would inherit.

#![allow(clippy::unwrap_used, reason = "a test fails where it is surprised")]

mod service;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::json;
use service::{Service, vectord};
use tempfile::TempDir;

const IMPATIENT: &str = "header_seconds = 1\nbody_idle_seconds = 1\n";

/// A service with these limits, and the folder of its configuration.
fn serve(limits: &str) -> (Service, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectord.toml");
    std::fs::write(&file, format!("[vectord.limits]\n{limits}")).unwrap();
    let args = ["serve", "--store", "memory:", "--bind", "127.0.0.1:0", "--config", file.to_str().unwrap()];
    let service = Service::start(vectord(&args));
    service.create("small", 2, "euclidean");
    service.post("/vectors/index/small/add", &json!({"items": [{"id": "a", "vector": [1, 0]}]})).ok();
    (service, folder)
}

fn connect(service: &Service) -> TcpStream {
    let stream = TcpStream::connect(service.url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Sends `bytes` and reads until the service closes. What it resets reads as far as it came.
fn exchange(service: &Service, bytes: &[u8]) -> String {
    let mut stream = connect(service);
    // It may have been refused before all of it was sent.
    stream.write_all(bytes).ok();
    read(&mut stream)
}

fn read(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(count) = stream.read(&mut piece) {
        if count == 0 {
            break;
        }
        answer.extend_from_slice(&piece[..count]);
    }
    String::from_utf8(answer).unwrap()
}

/// The statuses of answers that follow each other.
fn statuses(answer: &str) -> Vec<u16> {
    let heads = answer.split("HTTP/1.1 ").skip(1);
    heads.map(|head| head[..3].parse().unwrap()).collect()
}

fn is_well(service: &Service) {
    service.post("/vectors/index/small/search", &json!({"vector": [1, 0]})).ok();
}

#[test]
fn a_head_that_never_ends_is_given_up() {
    let (service, _folder) = serve(IMPATIENT);
    let mut slow: Vec<_> = ["", "G", "GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: "]
        .into_iter()
        .map(|begun| {
            let mut stream = connect(&service);
            stream.write_all(begun.as_bytes()).unwrap();
            stream
        })
        .collect();
    is_well(&service);
    for stream in &mut slow {
        let answer = read(stream);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
}

#[test]
fn a_body_that_stops_coming_is_given_up() {
    let (service, _folder) = serve(IMPATIENT);
    let head =
        "POST /vectors/index/small/add HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    for framing in
        ["Content-Length: 100\r\n\r\n{\"items\":", "Transfer-Encoding: chunked\r\n\r\n9\r\n{\"items\":\r\n"]
    {
        let answer = exchange(&service, format!("{head}{framing}").as_bytes());
        assert_eq!(statuses(&answer), [408], "{answer}");
        assert!(answer.contains("application/problem+json") && answer.contains("in time"), "{answer}");
    }
    is_well(&service);
}

#[test]
fn what_is_too_large_is_refused_before_it_is_kept() {
    let (service, _folder) = serve(IMPATIENT);
    let headers = (0..65).map(|at| format!("X-{at}: y\r\n")).collect::<Vec<_>>().concat();
    for (asked, expected) in [
        (format!("GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "y".repeat(2 << 20)), 431),
        (format!("GET /livez HTTP/1.1\r\nHost: localhost\r\n{}\r\n", headers.repeat(9)), 431),
        (
            format!(
                "GET /livez?{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                "y".repeat(17 << 10)
            ),
            414,
        ),
        (
            "POST /vectors/index/small/add HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Expect: 100-continue\r\nContent-Length: 68157440\r\n\r\n"
                .to_owned(),
            413,
        ),
        (
            "POST /vectors/index/small/add HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Expect: 100-continue\r\nContent-Length: 9223372036854775807\r\n\r\n"
                .to_owned(),
            413,
        ),
    ] {
        let answer = exchange(&service, asked.as_bytes());
        // Whoever is cut off while sending may meet the end of the connection before the answer.
        let told = statuses(&answer);
        assert!(told == [expected] || told.is_empty() && expected == 431, "{expected}: {answer:.300}");
    }
    is_well(&service);
}

#[test]
fn a_head_that_is_too_long_is_refused_with_the_limit() {
    let (service, _folder) = serve(IMPATIENT);
    let headers = (0..65).map(|at| format!("X-{at}: y\r\n")).collect::<Vec<_>>().concat();
    for asked in [
        format!("GET /livez HTTP/1.1\r\nConnection: close\r\nX-Long: {}\r\n\r\n", "y".repeat(100 << 10)),
        format!("GET /livez HTTP/1.1\r\nConnection: close\r\n{headers}\r\n"),
    ] {
        let answer = exchange(&service, asked.as_bytes());
        assert_eq!(statuses(&answer), [431], "{answer:.300}");
        assert!(answer.contains("application/problem+json"), "{answer:.300}");
        assert!(answer.contains("at most 64 headers of 65536 bytes, got "), "{answer:.900}");
    }
}

/// A search whose answer has about 30 MB, more than sockets hold, and its rows.
fn long_answer(service: &Service) -> String {
    service.create("long", 2, "euclidean");
    let metadata = json!({"text": "x".repeat(60_000)});
    let items: Vec<_> =
        (0..500).map(|at| json!({"id": at.to_string(), "vector": [at, 1], "metadata": metadata})).collect();
    service.post("/vectors/index/long/add", &json!({ "items": items })).ok();
    let body = r#"{"vector":[0,1],"k":500}"#;
    format!(
        "POST /vectors/index/long/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn an_answer_that_nobody_reads_is_given_up() {
    // Room for one answer: who does not read it holds up the next, but not for long.
    let (service, _folder) = serve(&format!("{IMPATIENT}answer_idle_seconds = 1\nanswer_bytes = 40000000\n"));
    let asked = long_answer(&service);
    let mut unread = connect(&service);
    unread.write_all(asked.as_bytes()).unwrap();
    unread.read_exact(&mut [0]).unwrap();
    let begun = std::time::Instant::now();
    let mut refused = 0;
    let answer = loop {
        let answer = service.post("/vectors/index/long/search", &json!({"vector": [0, 1], "k": 500}));
        if answer.status == 200 {
            break answer;
        }
        let told = answer.problem(503, "unavailable");
        assert!(told.contains("answers at once are at most 40000000 bytes"), "{told}");
        refused += 1;
        assert!(begun.elapsed() < Duration::from_secs(60), "the answer that nobody reads goes on counting");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(refused > 0 && answer.text.len() > 30_000_000, "{refused} {}", answer.text.len());
    let mut cut = Vec::new();
    unread.read_to_end(&mut cut).ok();
    assert!(cut.len() < answer.text.len(), "what was sent before the end");
}

#[test]
fn a_slow_reader_gets_its_whole_answer() {
    let (service, _folder) = serve(&format!("{IMPATIENT}answer_idle_seconds = 1\n"));
    let asked = long_answer(&service).replace("Host:", "Connection: close\r\nHost:");
    let mut stream = connect(&service);
    stream.write_all(asked.as_bytes()).unwrap();
    // About a tenth of the time that it is given up after, for each piece.
    let (mut bytes, mut piece) = (0, vec![0; 1 << 20]);
    loop {
        std::thread::sleep(Duration::from_millis(100));
        let count = stream.read(&mut piece).unwrap();
        if count == 0 {
            break;
        }
        bytes += count;
    }
    assert!(bytes > 30_000_000, "{bytes}");
}

#[test]
fn a_connection_of_http_2_that_asks_nothing_is_ended() {
    let (service, _folder) = serve(IMPATIENT);
    let mut stream = connect(&service);
    // The preface, and a frame of no settings.
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    let mut told = Vec::new();
    stream.read_to_end(&mut told).expect("it is closed before the minute is over");
    // A frame's fourth byte is its type: settings, and in the end GOAWAY.
    let mut types = Vec::new();
    let mut rest = &told[..];
    while let [a, b, c, kind, ..] = *rest {
        types.push(kind);
        rest = &rest[9 + u32::from_be_bytes([0, a, b, c]) as usize..];
    }
    assert!(types.starts_with(&[4]) && types.contains(&7), "{types:?}");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let (service, _folder) = serve(IMPATIENT);
    let body = r#"{"vector":[1,0]}"#;
    let asked = format!(
        "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n\
         POST /vectors/index/small/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}\
         GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let answer = exchange(&service, asked.as_bytes());
    assert_eq!(statuses(&answer), [200, 200, 404], "{answer}");
}

#[test]
fn framing_that_lies_smuggles_nothing() {
    let (service, _folder) = serve(IMPATIENT);
    let smuggled = "DELETE /vectors/index/small HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let chunked = format!("{:x}\r\n{smuggled}\r\n0\r\n\r\n", smuggled.len());
    let post = "POST /vectors/index/small/search HTTP/1.1\r\nHost: localhost\r\n";
    // Whoever believed the length would read the chunk's text as the next request.
    let length = chunked.find("DELETE").unwrap();
    for head in [
        format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n"),
        format!("Transfer-Encoding: chunked, identity\r\nContent-Length: {length}\r\n"),
        format!("Transfer-Encoding: identity\r\nContent-Length: {length}\r\n"),
        format!("Transfer-Encoding:\tchunked\r\nContent-Length: {length}\r\n"),
        format!("Content-Length: {length}\r\nContent-Length: 0\r\n"),
        format!("Content-Length: {length}, 0\r\n"),
        "Content-Length: +4\r\n".to_owned(),
        "Content-Length: -1\r\n".to_owned(),
    ] {
        let mut stream = connect(&service);
        stream.write_all(format!("{post}{head}\r\n{chunked}").as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let answer = read(&mut stream);
        assert!(statuses(&answer).iter().all(|status| *status == 400), "{head}: {answer}");
        is_well(&service);
    }
}

#[test]
fn chunks_that_are_none_end_the_request() {
    let (service, _folder) = serve(IMPATIENT);
    let head =
        "POST /vectors/index/small/search HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    for chunks in [
        "zz\r\nabc\r\n0\r\n\r\n",
        "-1\r\nabc\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nabc\r\n",
        "3\r\nabcdef\r\n0\r\n\r\n",
        "3;\n\r\nabc",
        "\r\n\r\n",
    ] {
        let answer = exchange(&service, format!("{head}{chunks}").as_bytes());
        assert!(statuses(&answer).iter().all(|status| [400, 408].contains(status)), "{chunks:?}: {answer}");
        is_well(&service);
    }
}

#[test]
fn names_lead_nowhere_but_to_indexes() {
    let (service, _folder) = serve(IMPATIENT);
    for path in [
        "/vectors/index/..%2f..%2fetc%2fpasswd",
        "/vectors/index/%2e%2e%2f%2e%2e%2fetc",
        "/vectors/index/%2Fetc%2Fpasswd",
        "/vectors/index/../../etc/passwd",
        "/vectors/index/small%2fadd",
        "/vectors/index/small%00",
        "/vectors/index/%00",
        "/vectors/index/%ff",
        "/vectors/index/small/items/%00",
        "/vectors/index/small%5c..%5csmall",
        "/vectors//index/small",
        "/vectors/index/small/items/a%2f..%2fa",
        "//vectors/index/small",
    ] {
        let asked = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = exchange(&service, asked.as_bytes());
        let told = statuses(&answer);
        assert!(told == [404] || told == [400], "{path}: {answer}");
        assert!(answer.contains("application/problem+json"), "{path}: {answer}");
    }
    for target in ["/vectors/index/sm\0all", "/vectors/index/sm all", "/vectors\r\n/index"] {
        let answer =
            exchange(&service, format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
        assert!(statuses(&answer).iter().all(|status| *status == 400), "{target:?}: {answer}");
    }
    is_well(&service);
}

#[test]
fn a_thousand_connections_that_say_nothing_starve_nobody() {
    service::more_descriptors();
    let (service, _folder) = serve("header_seconds = 300\nbody_idle_seconds = 300\nbody_seconds = 300\n");
    let before = service.resident_memory();
    let mut idle: Vec<TcpStream> = Vec::new();
    for at in 0..1_000 {
        let mut stream = connect(&service);
        let begun: &[u8] = match at % 3 {
            0 => b"",
            1 => b"GET /livez HTTP/1.1\r\nHost: localhost\r\n",
            _ => b"POST /vectors/index/small/add HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000000\r\n\r\n{",
        };
        stream.write_all(begun).unwrap();
        idle.push(stream);
        if at % 50 == 0 {
            is_well(&service);
        }
    }
    for _ in 0..100 {
        is_well(&service);
    }
    let grown = service.resident_memory().saturating_sub(before);
    assert!(grown < 128 << 20, "{grown} bytes for {} connections", idle.len());
}

#[test]
fn connections_beyond_the_most_are_turned_away_and_make_room_again() {
    let (service, _folder) = serve(&format!("{IMPATIENT}connections = 8\n"));
    let held: Vec<_> = (0..40).map(|_| connect(&service)).collect();
    let mut turned_away = 0;
    for mut stream in held {
        let answer = read(&mut stream);
        turned_away += usize::from(answer.starts_with("HTTP/1.1 503") && answer.contains("Retry-After"));
        assert!(
            answer.is_empty() || answer.contains("application/problem+json") && answer.contains("at most 8"),
            "{answer}"
        );
    }
    assert!(turned_away >= 31, "{turned_away}");
    is_well(&service);
}
