//! What is a filter, what is none, and how that is said.
//!
//! What filters mean is tested beside `eval.rs`.

use super::*;

fn refused(text: &str) -> String {
    Filter::parse(text).expect_err(text).to_string()
}

#[test]
fn what_is_no_filter_is_refused_and_says_where() {
    for (text, said) in [
        ("[]", "filter: give an object of conditions, got an empty list"),
        ("{", "filter is not JSON"),
        (r#"{"$nor": []}"#, "unknown operator \"$nor\""),
        (r#"{"a": {"$near": 1}}"#, "filter[\"a\"][\"$near\"]: unknown operator \"$near\""),
        (r#"{"a": {"b": 1}}"#, "reach into an object by \"a.b\""),
        (r#"{"a": {}}"#, "filter[\"a\"]: give a value or operators, got an empty object"),
        (r#"{"a": [1]}"#, "give null, a boolean, a number or a string, got a list"),
        (r#"{"a": {"$in": 1}}"#, "give a list of scalars, got a number"),
        (r#"{"a": {"$in": [1, [2]]}}"#, "filter[\"a\"][\"$in\"][1]: give null"),
        (r#"{"a": {"$gt": null}}"#, "give a number or a string, got null"),
        (r#"{"a": {"$exists": 1}}"#, "give true or false, got a number"),
        (r#"{"a": {"$prefix": 1}}"#, "give a string, got a number"),
        (r#"{"$and": []}"#, "give a list of at least one filter, got an empty list"),
        (r#"{"$or": [1]}"#, "filter[\"$or\"][0]: give an object of conditions, got a number"),
        (r#"{"$not": []}"#, "filter[\"$not\"]: give an object of conditions"),
        (r#"{"a..b": 1}"#, "names between dots must not be empty"),
        (r#"{"": 1}"#, "names between dots must not be empty"),
    ] {
        let error = refused(text);
        assert!(error.contains(said), "{text}: {error}");
    }
}

#[test]
fn limits_are_kept_and_named() {
    let conditions = |n: usize| format!("{{\"$or\": [{}]}}", vec![r#"{"a": 1}"#; n].join(","));
    assert!(Filter::parse(&conditions(255)).is_ok());
    assert!(refused(&conditions(256)).contains("at most 256 conditions"));
    let nested = |n: usize| format!("{}{{}}{}", r#"{"$not": "#.repeat(n), "}".repeat(n));
    assert!(Filter::parse(&nested(15)).is_ok());
    assert!(refused(&nested(16)).contains("at most 16 levels"));
    assert!(refused(&nested(100_000)).contains("filter is not JSON"));
    let empty = |n: usize| format!("{{\"$and\": [{}]}}", vec!["{}"; n].join(","));
    assert!(Filter::parse(&empty(255)).is_ok());
    assert!(refused(&empty(256)).contains("at most 256 conditions"));
    let list = |n: usize| format!(r#"{{"a": {{"$in": {:?}}}}}"#, (0..n).collect::<Vec<_>>());
    assert!(Filter::parse(&list(10_000)).is_ok());
    assert!(refused(&list(10_001)).contains("at most 10000 values in all, got 10001"));
    assert!(refused(&" ".repeat((1 << 20) + 1)).contains("filter is too long"));
}

#[test]
fn a_long_name_does_not_make_a_long_message() {
    let name = "é".repeat(400_000);
    for text in [format!(r#"{{"{name}": {{"$in": [[]]}}}}"#), format!(r#"{{"${name}": 1, "a": 1}}"#)] {
        let error = refused(&text);
        assert!(error.len() < 1_000, "{} bytes", error.len());
    }
    assert!(refused(&format!(r#"{{"{name}": 1, "{name}": 1}}"#)).contains("is too long"));
    assert!(refused(r#"{"tenant": "a", "tenant": "b"}"#).contains("\"tenant\" is there twice"));
}
