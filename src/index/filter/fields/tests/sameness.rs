//! Whatever was asked before, of whatever view, the rows that pass are those that pass one by one.
//!
//! `Filter::matches` is the oracle; what it says itself is tested with it.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::generated::{Change, change, filter, id};
use crate::index::view::View;
use crate::index::{Batch, Filter, Index, Operation, Params};

pub(super) fn empty() -> Index {
    Index::new(Params::new(1), 0).unwrap()
}

pub(super) fn apply(index: &Index, change: &Change) {
    let seq = index.seq() + 1;
    let ids =
        |items: &[(u8, Option<String>)]| items.iter().map(|(number, _)| id(*number)).collect::<Vec<_>>();
    match change {
        Change::Upsert(items) => {
            let (ids, vectors) = (ids(items), vec![1.0; items.len()]);
            let metadata = items.iter().map(|(_, text)| text.as_deref()).collect();
            let ids = ids.iter().map(String::as_str).collect();
            index.apply(seq, &[Operation::Upsert(Batch { ids, metadata, vectors: &vectors })]);
        }
        Change::SetMetadata(items) => {
            let ids = ids(items);
            let texts = items.iter().map(|(_, text)| text.as_deref()).collect();
            index.apply(seq, &[Operation::SetMetadata(ids.iter().map(String::as_str).collect(), texts)]);
        }
        Change::Delete(numbers) => {
            let ids: Vec<_> = numbers.iter().map(|number| id(*number)).collect();
            index.apply(seq, &[Operation::Delete(ids.iter().map(String::as_str).collect())]);
        }
        Change::Compact => index.compact(seq),
    }
}

fn one_by_one(view: &View, filter: &Filter) -> Vec<u32> {
    view.alive.iter().filter(|&slot| filter.matches(view.id(slot), view.metadata(slot))).collect()
}

fn check(index: &Index, view: &View, filter: &Filter) -> Result<(), TestCaseError> {
    let (matches, expected) = (index.matches(view, filter), one_by_one(view, filter));
    prop_assert_eq!(matches.iter().collect::<Vec<_>>(), &expected[..], "{:?}", filter);
    prop_assert_eq!(matches.count(), expected.len());
    prop_assert!(
        (0..view.rows.len() as u32 + 70).all(|slot| matches.contains(slot) == expected.contains(&slot))
    );
    Ok(())
}

/// Pages of every length meet the rows that pass in the order of their ids.
fn check_pages(index: &Index, filter: &Filter) -> Result<(), TestCaseError> {
    let view = index.view.load_full();
    let mut expected: Vec<&str> = one_by_one(&view, filter).into_iter().map(|slot| view.id(slot)).collect();
    expected.sort_unstable();
    for limit in [1, 3, 100] {
        let (mut met, mut after) = (Vec::new(), None::<Box<str>>);
        loop {
            let page = index.scan(Some(filter), after.as_deref(), limit);
            met.extend(page.rows.into_iter().map(|row| row.id));
            prop_assert_eq!(page.more, met.len() < expected.len());
            if !page.more {
                break;
            }
            after = met.last().cloned();
        }
        prop_assert_eq!(met.iter().map(|id| &**id).collect::<Vec<_>>(), &expected[..]);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn the_rows_that_pass_are_those_that_pass_one_by_one(
        filters in vec(filter(), 1..6),
        steps in vec((change(), vec(any::<proptest::sample::Index>(), 0..3), any::<proptest::sample::Index>()), 1..40),
        budget in proptest::sample::select(vec![None, None, Some(0), Some(1_000), Some(10_000)]),
    ) {
        let index = empty();
        index.fields.lock().budget = budget;
        let mut views: Vec<Arc<View>> = vec![index.view.load_full()];
        for (change, asked, earlier) in &steps {
            apply(&index, change);
            views.push(index.view.load_full());
            for at in asked {
                check(&index, views.last().unwrap(), at.get(&filters))?;
            }
            if let Some(at) = asked.first() {
                check(&index, earlier.get::<Arc<View>>(&views), at.get(&filters))?;
            }
            prop_assert!(budget.is_none_or(|budget| index.fields.lock().bytes() <= budget));
        }
        for filter in &filters {
            check(&index, views.last().unwrap(), filter)?;
            check_pages(&index, filter)?;
        }
    }
}

#[test]
fn a_big_index_answers_as_its_rows_do() {
    let index = empty();
    let rows = 20_000;
    for (piece, from) in (0..rows).step_by(3_000).enumerate() {
        let numbers: Vec<usize> = (from..rows.min(from + 3_000)).collect();
        let ids: Vec<String> = numbers.iter().map(|at| format!("r{at:05}")).collect();
        let texts: Vec<String> = numbers
            .iter()
            .map(|at| {
                format!(
                    r#"{{"n":{at},"half":{},"rare":{},"tags":["t{}","t{}"]}}"#,
                    at % 2,
                    at % 5_000,
                    at % 7,
                    at % 3
                )
            })
            .collect();
        let batch = Batch {
            ids: ids.iter().map(String::as_str).collect(),
            metadata: texts.iter().map(|text| Some(text.as_str())).collect(),
            vectors: &vec![1.0; ids.len()],
        };
        index.apply(piece as u64 + 1, &[Operation::Upsert(batch)]);
        let view = index.view.load_full();
        for filter in [
            r#"{"half": 1}"#,
            r#"{"half": {"$ne": 1}, "rare": {"$lt": 3}}"#,
            r#"{"rare": 7}"#,
            r#"{"n": {"$gte": 100, "$lt": 15000}}"#,
            r#"{"tags": {"$all": ["t1", "t2"]}}"#,
            r#"{"$or": [{"tags": {"$contains": "t6"}}, {"n": 5}, {"$id": "r00009"}]}"#,
            r#"{"half": 0, "$id": {"$prefix": "r001"}}"#,
        ] {
            let filter = Filter::parse(filter).unwrap();
            let found: Vec<u32> = index.matches(&view, &filter).iter().collect();
            assert_eq!(found, one_by_one(&view, &filter), "{filter:?}");
        }
        let texts = vec![Some(r#"{"half":1,"n":-1}"#), None];
        index.apply(piece as u64 + 1, &[Operation::SetMetadata(vec!["r00003", "r00004"], texts)]);
        index.apply(piece as u64 + 1, &[Operation::Delete(vec![ids[1].as_str()])]);
    }
}
