//! Rows by a list of ids: got, or deleted; deleted by a filter, too.
//!
//! A single row by its path is in `items.rs`.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::answer;
use super::body::{JsonText, parse};
use super::items;
use super::keyed::Keyless;
use super::list::{list, named};
use super::live::{Answer, Live, blocking};
use super::problem::Problem;
use crate::error::{Error, Result};
use crate::registry::{Filter, Freshness};

const LIMIT: usize = 8 << 20;

/// Which rows to delete; the list is read by itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which<'a> {
    ids: Option<IgnoredAny>,
    #[serde(borrow)]
    filter: Option<&'a RawValue>,
}

pub(super) async fn get(Live(live): Live, JsonText(text): JsonText<LIMIT, true>) -> Answer {
    blocking(move || {
        let ids = ids(&text).map_err(named_ids)?;
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        let reader = live.reader(Freshness::default()).map_err(named_ids)?;
        let (seq, found) = (reader.seq(), reader.get(&ids));
        Ok(answer::rows(seq, found.iter().flatten()))
    })
    .await
}

pub(super) async fn delete(Live(live): Live, _: Keyless, JsonText(text): JsonText<LIMIT, true>) -> Answer {
    blocking(move || {
        let Which { ids: listed, filter } = parse(&text)?;
        if let Some(filter) = filter {
            if listed.is_some() {
                return Err(Error::invalid("give ids or filter, not both").into());
            }
            return Ok(items::deleted(live.delete_where(Filter::parse(filter.get())?)?));
        }
        let ids = ids(&text).map_err(named_ids)?;
        Ok(items::deleted(live.delete(&ids).map_err(named_ids)?))
    })
    .await
}

fn ids(text: &[u8]) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    let count = list(text, "ids", |_, id: String| {
        ids.push(id);
        Ok(())
    });
    count?.map(|_| ids).ok_or_else(|| Error::invalid("ids is missing: give a list of strings"))
}

fn named_ids(error: Error) -> Problem {
    named("ids", error)
}
