//! Filters that were made to hurt, over HTTP: each is refused at once, and the answer names the limit or the place.
//!
//! What filters mean is tested beside them; that they find and delete what passes, in `bodies.rs`.

use serde_json::{Value, json};

use crate::service::{Answer, Service};

const ROWS: usize = 50;
const SEARCH: &str = "/vectors/index/small/search";
const DELETE: &str = "/vectors/index/small/delete";

fn small() -> Service {
    let service = Service::serve("memory:");
    service.create("small", 2, "euclidean");
    let items: Vec<Value> =
        (0..ROWS).map(|n| json!({"id": n.to_string(), "vector": [n, 1], "metadata": {"n": n}})).collect();
    service.post("/vectors/index/small/add", &json!({ "items": items })).ok();
    service
}

/// Asks for what passes `filter`, written as it is.
fn search(service: &Service, filter: &str) -> Answer {
    service.post_text(SEARCH, &format!(r#"{{"vector":[0,0],"k":100,"filter":{filter}}}"#))
}

fn delete(service: &Service, filter: &str) -> Answer {
    service.post_text(DELETE, &format!(r#"{{"filter":{filter}}}"#))
}

/// `filter` in so many lists of `$and`.
fn nested(filter: &str, times: usize) -> String {
    format!("{}{filter}{}", r#"{"$and":["#.repeat(times), "]}".repeat(times))
}

/// So many conditions, the list that holds them counted.
fn conditions(count: usize) -> String {
    format!(r#"{{"$or":[{}]}}"#, vec![r#"{"n":1}"#; count - 1].join(","))
}

fn values(count: usize) -> String {
    let values: Vec<String> = (0..count).map(|value| value.to_string()).collect();
    format!(r#"{{"n":{{"$in":[{}]}}}}"#, values.join(","))
}

#[test]
fn hostile_filters_are_refused_and_the_limit_is_named() {
    let service = small();
    let long = "x".repeat(1 << 20);
    for (filter, says) in [
        (conditions(257), "at most 256 conditions"),
        (format!(r#"{{"$and":[{}]}}"#, vec!["{}"; 300_000].join(",")), "at most 256 conditions"),
        (nested(r#"{"n":1}"#, 16), "at most 16 levels"),
        (nested(r#"{"n":1}"#, 60), "at most 16 levels"),
        (format!("{}{{}}{}", r#"{"$not":"#.repeat(16), "}".repeat(16)), "at most 16 levels"),
        // No reader of JSON goes down so far.
        (format!("{}1{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000)), "recursion limit"),
        (format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)), "recursion limit"),
        (values(10_001), "at most 10000 values"),
        (
            format!(r#"{{"{}":{{"$in":[{}{{}}]}}}}"#, &long[..900_000], "0,".repeat(9_999)),
            "got an empty object",
        ),
        (format!(r#"{{"n":"{long}"}}"#), "at most 1048576 bytes"),
        (format!(r#"{{"n":{{"$contains":"{long}"}}}}"#), "at most 1048576 bytes"),
        (format!(r#"{{"n":1{}}}"#, " ".repeat(1 << 20)), "at most 1048576 bytes"),
        (r#"{"$nor":[{"n":1}]}"#.to_owned(), "unknown operator \"$nor\""),
        (r#"{"n":{"$regex":"(a+)+$"}}"#.to_owned(), "unknown operator \"$regex\""),
        (r#"{"$where":"while(true);"}"#.to_owned(), "unknown operator \"$where\""),
        (r#"{"n":{"a":{"b":1}}}"#.to_owned(), "n.a"),
        (r#"{"owner":"me","owner":"you"}"#.to_owned(), "\"owner\" is there twice"),
        (r#"{"n":{"$gte":1,"$lt":5,"$gte":0}}"#.to_owned(), "\"$gte\" is there twice"),
        (r#"{"n":1e999}"#.to_owned(), "out of range"),
        (r#"{"n":{"$in":5}}"#.to_owned(), "give a list of scalars, got a number"),
        (r#"{"n":{"$gt":true}}"#.to_owned(), "give a number or a string, got a boolean"),
        (r#"{"n":{"$exists":"yes"}}"#.to_owned(), "give true or false, got a string"),
        (r#"{"n":{"$prefix":["a"]}}"#.to_owned(), "give a string, got a list"),
        (r#"{"n":[1]}"#.to_owned(), "got a list"),
        (r#"{"$and":{"n":1}}"#.to_owned(), "a list of at least one filter, got an object"),
        (r#"{"$or":[]}"#.to_owned(), "got an empty list"),
        (r#"{"$id":{"$near":1}}"#.to_owned(), "unknown operator \"$near\""),
        (r#"{"a..b":1}"#.to_owned(), "must not be empty"),
        ("[]".to_owned(), "give an object of conditions"),
        ("\"n = 1\"".to_owned(), "give an object of conditions, got a string"),
    ] {
        for answer in [search(&service, &filter), delete(&service, &filter)] {
            let detail = answer.problem(400, "invalid_argument");
            assert!(detail.contains(says), "{filter:.200}: {detail:.500}");
            assert!(detail.len() < 1_000, "{says}: the answer has {} bytes", detail.len());
        }
    }
    // What is no JSON at all is the body's fault.
    for filter in [r#"{"n":NaN}"#, r#"{"n":-Infinity}"#, r#"{"n":01}"#, r#"{"n":1"#, "{'n':1}"] {
        for answer in [search(&service, filter), delete(&service, filter)] {
            answer.problem(400, "invalid_argument");
        }
    }
    let left = service.get("/vectors/index/small").ok();
    assert_eq!(left["length"], ROWS, "a refused filter deleted something");
}

#[test]
fn filters_at_the_limits_are_answered() {
    let service = small();
    let long = "x".repeat((1 << 20) - 100);
    for (filter, passing) in [
        (conditions(256), 1),
        (nested(r#"{"n":1}"#, 15), 1),
        (values(10_000), ROWS),
        (format!(r#"{{"n":{{"$ne":"{long}"}}}}"#), ROWS),
        (format!(r#"{{"{long}":{{"$exists":false}}}}"#), ROWS),
        (format!(r#"{{"$or":[{}]}}"#, vec!["{}"; 255].join(",")), ROWS),
        ("{}".to_owned(), ROWS),
        (r#"{"n":{"$lt":"a"}}"#.to_owned(), 0),
        (r#"{"$id":{"$prefix":""}}"#.to_owned(), ROWS),
    ] {
        let found = search(&service, &filter).ok();
        assert_eq!(found["results"].as_array().unwrap().len(), passing, "{filter:.200}");
    }
}
