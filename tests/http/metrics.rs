//! GET /metrics, as Prometheus reads it: the text, what is counted, and which labels there are.

#![expect(clippy::float_cmp, reason = "counters are whole numbers")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::service::{Service, vectord};
use crate::support::numbers::Seeded;

/// Enough that walks are sooner than scans, through filters too.
const ROWS: usize = 12_000;

/// Every sample by its name and labels as written.
type Samples = BTreeMap<String, f64>;

/// Reads OpenMetrics text, and refuses what is none: a sample of no declared family or of a kind's wrong name, a sample
/// told twice, a family that is not in one piece, a bad label, an end that is missing.
fn parse(text: &str) -> Samples {
    let (mut kinds, mut samples) = (BTreeMap::new(), Samples::new());
    let mut current = String::new();
    let text = text.strip_suffix("# EOF\n").expect("it ends with # EOF");
    for line in text.lines() {
        if let Some(declared) = line.strip_prefix("# ") {
            let mut words = declared.splitn(3, ' ');
            let [what, name, rest] = [(); 3].map(|()| words.next().expect(line));
            assert!(["HELP", "TYPE", "UNIT"].contains(&what), "{line}");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{line}");
            if what == "HELP" {
                assert!(rest.len() > 5, "{line}");
                name.clone_into(&mut current);
            } else {
                assert_eq!(name, current, "{line}");
            }
            if what == "TYPE" {
                assert!(kinds.insert(name.to_owned(), rest.to_owned()).is_none(), "declared twice: {line}");
            }
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').expect(line);
        let (name, labels) = sample.split_once('{').unwrap_or((sample, "}"));
        check_labels(labels.strip_suffix('}').expect(line));
        let suffix = name.strip_prefix(current.as_str()).expect(line);
        let suffixes: &[&str] = match kinds[&current].as_str() {
            "counter" => &["_total"],
            "gauge" => &[""],
            "info" => &["_info"],
            "histogram" => &["_bucket", "_sum", "_count"],
            other => panic!("{other}: {line}"),
        };
        assert!(suffixes.contains(&suffix), "{line}");
        let value: f64 = value.parse().expect(line);
        assert!(samples.insert(sample.to_owned(), value).is_none(), "told twice: {line}");
    }
    samples
}

fn check_labels(mut labels: &str) {
    while !labels.is_empty() {
        let (name, rest) = labels.split_once("=\"").expect(labels);
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{labels}");
        let mut escaped = false;
        let end = rest.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        labels = &rest[end.expect(labels) + 1..];
        labels = labels.strip_prefix(',').unwrap_or(labels);
    }
}

fn scrape(service: &Service) -> Samples {
    let answer = service.get("/metrics");
    assert_eq!(answer.status, 200, "{}", answer.text);
    let content_type = answer.headers["content-type"].to_str().unwrap();
    assert!(content_type.starts_with("application/openmetrics-text; version=1.0.0"), "{content_type}");
    parse(&answer.text)
}

/// A service that tries every approximate search again, and an index `n` of 3,000 rows in it.
fn service() -> Service {
    let mut command = vectord(&["serve", "--store", "memory:", "--bind", "127.0.0.1:0"]);
    command.env("VECTORD_LIVE_RECALL", "1");
    let service = Service::start(command);
    service.create("n", 8, "euclidean");
    let mut random = Seeded(3);
    let items: Vec<_> = (0..ROWS)
        .map(|id| json!({"id": id.to_string(), "vector": random.vector(8), "metadata": {"half": id % 2}}))
        .collect();
    service.post("/vectors/index/n/add", &json!({ "items": items })).ok();
    service
}

const SEARCH: &str = "route=\"/vectors/index/{name}/search\"";

fn searched(samples: &Samples, status: u16) -> f64 {
    let key = format!("vectord_http_requests_total{{{SEARCH},method=\"POST\",status=\"{status}\"}}");
    samples.get(&key).copied().unwrap_or(0.0)
}

#[test]
fn requests_are_counted_by_route_method_and_status() {
    let service = service();
    let before = scrape(&service);
    assert_eq!((searched(&before, 200), searched(&before, 400)), (0.0, 0.0));
    for _ in 0..3 {
        service.post("/vectors/index/n/search", &json!({"vector": [0, 0, 0, 0, 0, 0, 0, 1]})).ok();
    }
    service.post("/vectors/index/n/search", &json!({"vector": [1]})).problem(400, "invalid_argument");
    service.post("/vectors/index/absent/search", &json!({"vector": [1]})).problem(404, "not_found");
    for path in ["/nowhere", "/nowhere/else", "/vectors/index/n/nothing"] {
        service.get(path).problem(404, "not_found");
    }
    service.request("BREW", "/livez").send().unwrap();
    let after = scrape(&service);
    assert_eq!([200, 400, 404].map(|status| searched(&after, status)), [3.0, 1.0, 1.0]);
    assert_eq!(after["vectord_http_requests_total{route=\"unknown\",method=\"GET\",status=\"404\"}"], 3.0);
    assert_eq!(after["vectord_http_requests_total{route=\"/livez\",method=\"other\",status=\"405\"}"], 1.0);
    assert_eq!(after["vectord_http_requests_in_flight"], 1.0, "the scrape itself");
    // A histogram counts up to the last of its buckets, and every request of its route.
    let mut buckets: Vec<(f64, f64)> = after
        .iter()
        .filter(|(key, _)| {
            key.starts_with("vectord_http_request_duration_seconds_bucket") && key.contains(SEARCH)
        })
        .map(|(key, count)| {
            let end = key.split("le=\"").nth(1).expect(key).split('"').next().unwrap();
            (end.parse().unwrap_or(f64::INFINITY), *count)
        })
        .collect();
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert_eq!(buckets.len(), 17);
    assert!(buckets.is_sorted_by(|a, b| a.1 <= b.1), "{buckets:?}");
    assert_eq!(buckets[16], (f64::INFINITY, 5.0));
    assert_eq!(after[&format!("vectord_http_request_duration_seconds_count{{{SEARCH}}}")], 5.0);
    assert!(after[&format!("vectord_http_request_duration_seconds_sum{{{SEARCH}}}")] > 0.0);
}

#[test]
fn an_index_is_told_while_it_is_there_and_no_longer() {
    let service = service();
    let of =
        |samples: &Samples, name: &str| samples.get(&format!("vectord_index_{name}{{index=\"n\"}}")).copied();
    let samples = scrape(&service);
    assert_eq!(of(&samples, "rows"), Some(ROWS as f64));
    assert_eq!(of(&samples, "rows_dead"), Some(0.0));
    assert_eq!(of(&samples, "lag"), Some(0.0));
    assert_eq!(of(&samples, "halted"), Some(0.0));
    assert!(of(&samples, "memory_bytes").unwrap() > ROWS as f64 * 8.0 * 4.0);
    service.post("/vectors/index/n/delete", &json!({"ids": ["1", "2"]})).ok();
    let later = scrape(&service);
    assert_eq!((of(&later, "rows"), of(&later, "rows_dead")), (Some((ROWS - 2) as f64), Some(2.0)));
    assert_eq!(of(&later, "seq"), of(&samples, "seq").map(|seq| seq + 1.0));
    let info = later.iter().find(|(key, _)| key.starts_with("vectord_index_info{")).unwrap();
    assert!(info.0.contains("distance=\"euclidean\"") && info.0.contains("dimension=\"8\""), "{info:?}");
    assert!(later["process_resident_memory_bytes"] > 1e6);
    assert!(later["vectord_uptime_seconds"] > 0.0);
    let version = format!("vectord_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(later[&version], 1.0);
    assert_eq!(service.request("DELETE", "/vectors/index/n").send().unwrap().status(), 204);
    let gone = scrape(&service);
    assert!(!gone.keys().any(|key| key.contains("index=\"n\"")), "{gone:?}");
}

#[test]
fn what_searches_find_is_told_in_metrics_and_stats() {
    let service = service();
    let stats = || service.get("/vectors/index/n/stats").ok();
    assert_eq!(stats()["live_recall"], json!(null));
    assert!(!scrape(&service).keys().any(|key| key.contains("live_recall")));
    let mut random = Seeded(4);
    let begun = Instant::now();
    // Tried again in the background, when it comes to it.
    loop {
        for filter in [json!({}), json!({"half": {"$lt": 2}})] {
            let body = json!({"vector": random.vector(8), "ef": 10, "filter": filter});
            service.post("/vectors/index/n/search", &body).ok();
        }
        let told = stats();
        let queries = |of: &Value| of["queries"].as_u64().unwrap_or_default();
        let (all, filtered) = (queries(&told["live_recall"]), queries(&told["live_recall"]["filtered"]));
        if filtered > 1 && all > filtered {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{told}");
    }
    let samples = scrape(&service);
    for searches in ["all", "filtered"] {
        let of = |name: &str| {
            samples[&format!("vectord_index_live_recall{name}{{index=\"n\",searches=\"{searches}\"}}")]
        };
        assert!(of("_low") <= of("") && of("") <= of("_high"), "{} {} {}", of("_low"), of(""), of("_high"));
        assert!(of("") > 0.5 && of("_queries") >= 2.0, "{searches}: {} {}", of(""), of("_queries"));
    }
}
