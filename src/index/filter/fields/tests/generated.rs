//! Metadata, filters and changes that meet each other: few names, few values, all kinds.
//!
//! Strategies only: what is claimed of them stands beside.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::super::ast::Filter;

/// JSON text of a scalar.
pub(super) fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (-1..3_i32).prop_map(|value| value.to_string()),
        3 => proptest::sample::select(vec![r#""""#, r#""a""#, r#""ab""#, r#""abc""#, r#""é""#, r#""aé日本""#, r#""\u0061b""#])
            .prop_map(Into::into),
        2 => proptest::sample::select(vec!["null", "true", "false"]).prop_map(Into::into),
        1 => proptest::sample::select(vec![
            "1.0", "0.5", "-0.0", "2.5", "1e300", "9007199254740992", "9007199254740993", "18446744073709551615",
            "-9007199254740993",
        ]).prop_map(Into::into),
    ]
}

fn value() -> impl Strategy<Value = String> {
    let inner = prop_oneof![4 => scalar(), 1 => Just("[1]".to_owned()), 1 => Just(r#"{"x":1}"#.to_owned())];
    prop_oneof![
        5 => scalar(),
        2 => vec(inner, 0..4).prop_map(|values| format!("[{}]", values.join(","))),
        2 => scalar().prop_map(|value| format!(r#"{{"x":{value}}}"#)),
        1 => scalar().prop_map(|value| format!(r#"{{"x":{{"y":{value}}},"z":[]}}"#)),
    ]
}

/// JSON text of metadata, mostly an object, where names may come twice.
pub(super) fn metadata() -> impl Strategy<Value = String> {
    let name = proptest::sample::select(vec!["a", "b", "c"]);
    let field = (name, value()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
    prop_oneof![
        12 => vec(field, 0..4).prop_map(|fields| format!("{{{}}}", fields.join(","))),
        1 => value(),
    ]
}

pub(super) const IDS: u8 = 12;

pub(super) fn id(number: u8) -> String {
    format!("r{}", number % IDS)
}

fn condition() -> impl Strategy<Value = String> {
    let scalars = || vec(scalar(), 0..4).prop_map(|values| format!("[{}]", values.join(",")));
    let orders = proptest::sample::select(vec!["$gt", "$gte", "$lt", "$lte"]);
    let ordered =
        proptest::sample::select(vec!["0", "1", "0.5", "9007199254740992", r#""""#, r#""ab""#, r#""é""#]);
    let test = prop_oneof![
        3 => scalar(),
        1 => scalar().prop_map(|value| format!(r#"{{"$ne":{value}}}"#)),
        2 => (proptest::sample::select(vec!["$in", "$nin", "$any", "$all"]), scalars())
            .prop_map(|(operator, values)| format!(r#"{{"{operator}":{values}}}"#)),
        2 => (orders.clone(), ordered.clone()).prop_map(|(operator, value)| format!(r#"{{"{operator}":{value}}}"#)),
        1 => (ordered.clone(), ordered).prop_map(|(low, high)| format!(r#"{{"$gte":{low},"$lt":{high}}}"#)),
        1 => any::<bool>().prop_map(|is| format!(r#"{{"$exists":{is}}}"#)),
        1 => scalar().prop_map(|value| format!(r#"{{"$contains":{value}}}"#)),
        1 => proptest::sample::select(vec!["", "a", "ab", "é"]).prop_map(|text| format!(r#"{{"$prefix":"{text}"}}"#)),
    ];
    let path = proptest::sample::select(vec!["a", "b", "c", "a.x", "b.x", "a.x.y", "gone"]);
    let ids = vec(0..IDS + 2, 0..5)
        .prop_map(|ids| ids.iter().map(|id| format!("\"r{id}\"")).collect::<Vec<_>>().join(","));
    let of_id = prop_oneof![
        (proptest::sample::select(vec!["$in", "$nin"]), ids)
            .prop_map(|(operator, ids)| format!(r#"{{"{operator}":[{ids}]}}"#)),
        (orders, 0..IDS).prop_map(|(operator, id)| format!(r#"{{"{operator}":"r{id}"}}"#)),
        Just(r#"{"$prefix":"r1"}"#.to_owned()),
        Just(r#"{"$in":[null,1,"r3"]}"#.to_owned()),
    ];
    prop_oneof![
        6 => (path, test).prop_map(|(path, test)| format!(r#"{{"{path}":{test}}}"#)),
        1 => of_id.prop_map(|test| format!(r#"{{"$id":{test}}}"#)),
        1 => Just("{}".to_owned()),
    ]
}

pub(super) fn filter() -> impl Strategy<Value = Filter> {
    let nested = condition().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (proptest::sample::select(vec!["$and", "$or"]), vec(inner.clone(), 1..4))
                .prop_map(|(operator, filters)| format!(r#"{{"{operator}":[{}]}}"#, filters.join(","))),
            inner.prop_map(|filter| format!(r#"{{"$not":{filter}}}"#)),
        ]
    });
    nested.prop_map(|text| Filter::parse(&text).expect(&text))
}

/// One change of an index.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Upsert(Vec<(u8, Option<String>)>),
    Delete(Vec<u8>),
    SetMetadata(Vec<(u8, Option<String>)>),
    Compact,
}

pub(super) fn change() -> impl Strategy<Value = Change> {
    let items = || vec((0..IDS, proptest::option::weighted(0.8, metadata())), 1..5);
    prop_oneof![
        5 => items().prop_map(Change::Upsert),
        2 => vec(0..IDS, 1..3).prop_map(Change::Delete),
        3 => items().prop_map(Change::SetMetadata),
        1 => Just(Change::Compact),
    ]
}
