//! Pages, names and values.
//!
//! Which rows pass a filter is tested elsewhere.

use super::generated::Change;
use super::sameness::{apply, empty};
use crate::index::{Filter, Index};

fn index_of(rows: &[(u8, &str)]) -> Index {
    let index = empty();
    let row = |&(id, text): &(u8, &str)| (id, Some(text.to_owned()));
    apply(&index, &Change::Upsert(rows.iter().map(row).collect()));
    index
}

#[test]
fn values_are_counted_over_living_rows_most_frequent_first() {
    let rows: [(u8, &str); 9] = [
        (0, r#"{"tag":"b"}"#),
        (1, r#"{"tag":["a","b","b",1.0,["c"]]}"#),
        (2, r#"{"tag":1}"#),
        (3, r#"{"tag":null}"#),
        (4, r#"{"tag":{"x":true}}"#),
        (5, r#"{"tag":"dead"}"#),
        (6, r#"{"tag":"replaced"}"#),
        (7, r#"{"tag":18446744073709551615}"#),
        (8, r#"{"other":1}"#),
    ];
    for budget in [None, Some(0)] {
        let index = index_of(&rows);
        index.fields.lock().budget = budget;
        apply(&index, &Change::Delete(vec![5]));
        apply(&index, &Change::SetMetadata(vec![(6, Some(r#"{"tag":"b"}"#.into()))]));
        let told = |limit| {
            let values = index.values("tag", limit).unwrap();
            values.iter().map(|(value, count)| format!("{value} {count}")).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(told(9), r#""b" 3, 1 2, null 1, 18446744073709551615 1, "a" 1"#);
        assert_eq!(told(2), r#""b" 3, 1 2"#);
        assert_eq!(told(0), "");
        assert_eq!(index.values("tag.x", 9).unwrap(), [(true.into(), 1)]);
        assert_eq!(index.values("gone", 9).unwrap(), []);
        for path in ["", "a..b", "$id"] {
            assert!(index.values(path, 9).is_err(), "{path}");
        }
    }
}

#[test]
fn pages_meet_every_row_once_whatever_happens_meanwhile() {
    let rows: Vec<(u8, &str)> = (0..12).map(|at| (at, r#"{"a":1}"#)).collect();
    let index = index_of(&rows);
    apply(&index, &Change::SetMetadata(vec![(4, None)]));
    let filter = Filter::parse(r#"{"a": 1}"#).unwrap();
    let (mut met, mut after) = (Vec::new(), None::<Box<str>>);
    loop {
        let page = index.scan(Some(&filter), after.as_deref(), 3);
        met.extend(page.rows.iter().map(|row| row.id.clone()));
        after = page.rows.last().map(|row| row.id.clone());
        if !page.more {
            break;
        }
        apply(&index, &Change::Upsert(vec![(2, Some(r#"{"a":1}"#.into()))]));
        apply(&index, &Change::Compact);
    }
    let expected = ["r0", "r1", "r10", "r11", "r2", "r3", "r5", "r6", "r7", "r8", "r9"];
    assert_eq!(met.iter().map(|id| &**id).collect::<Vec<_>>(), expected);
    assert_eq!(
        (index.scan(None, None, 100).rows.len(), index.scan(None, Some("r9"), 100).rows.len()),
        (12, 0)
    );
    assert!(!index.scan(None, None, 12).more);
    assert_eq!((index.count(&filter), index.ids_matching(&filter).1.len()), (11, 11));
}

#[test]
fn what_was_learnt_counts_as_memory_and_goes_with_its_generation() {
    let index = index_of(&[(0, r#"{"a":1}"#), (1, r#"{"a":2}"#)]);
    let before = index.stats().bytes_memory;
    assert_eq!(index.count(&Filter::parse(r#"{"a": 1}"#).unwrap()), 1);
    assert!(index.stats().bytes_memory > before);
    apply(&index, &Change::Compact);
    assert_eq!(index.fields.lock().bytes(), 0);
}
