//! How many rows there are: of those that pass a filter, and of each value of a metadata field.
//!
//! Which rows these are is told by `pages.rs`.

use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::answer;
use super::body::{JsonText, parse};
use super::etag::Known;
use super::live::{Answer, Live, blocking};
use super::object::Integer;
use super::query::{Asked, Fresh, freshness};
use crate::error::{Error, Result};
use crate::registry::{Filter, Freshness, LiveIndex, within};

const LIMIT: usize = 8 << 20;
const DEFAULT_VALUES: u32 = 100;
const MOST_VALUES: u32 = 10_000;

/// The body of a count.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which<'a> {
    #[serde(borrow)]
    filter: Option<&'a RawValue>,
}

/// The query string of a count.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asks {
    /// JSON.
    filter: Option<String>,
    min_seq: Option<u64>,
    consistency: Option<String>,
}

#[derive(Serialize)]
struct CountAnswer {
    count: usize,
    seq: u64,
}

/// The query string of values.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Names joined by dots.
    field: Option<String>,
    limit: Option<Integer>,
    min_seq: Option<u64>,
    consistency: Option<String>,
}

#[derive(Serialize)]
struct Counted {
    value: Value,
    count: usize,
}

/// The most frequent values first.
#[derive(Serialize)]
struct ValuesAnswer {
    values: Vec<Counted>,
    seq: u64,
}

pub(super) async fn count(
    Live(live): Live,
    Asked(fresh): Asked<Fresh>,
    JsonText(text): JsonText<LIMIT>,
) -> Answer {
    let fresh = fresh.freshness()?;
    blocking(move || {
        let Which { filter } = parse(&text)?;
        let filter = filter.map(|text| Filter::parse(text.get())).transpose()?;
        Ok(counted(&live, fresh, filter.as_ref())?.1)
    })
    .await
}

pub(super) async fn get_count(Live(live): Live, Asked(asks): Asked<Asks>, known: Known) -> Answer {
    let Asks { filter, min_seq, consistency } = asks;
    let fresh = freshness(min_seq, consistency.as_deref())?;
    blocking(move || {
        let filter = filter.map(|text| Filter::parse(&text)).transpose()?;
        let (seq, response) = counted(&live, fresh, filter.as_ref())?;
        Ok(known.tagged(&live, seq, response))
    })
    .await
}

fn counted(live: &LiveIndex, fresh: Freshness, filter: Option<&Filter>) -> Result<(u64, Response)> {
    let reader = live.reader(fresh)?;
    let seq = reader.seq();
    let count = filter.map_or_else(|| reader.len(), |filter| reader.count(filter));
    Ok((seq, answer::json(StatusCode::OK, seq, &CountAnswer { count, seq })))
}

pub(super) async fn values(Live(live): Live, Asked(wanted): Asked<Wanted>, known: Known) -> Answer {
    let Wanted { field, limit, min_seq, consistency } = wanted;
    let fresh = freshness(min_seq, consistency.as_deref())?;
    blocking(move || {
        let missing =
            || Error::invalid("field is missing: give names joined by dots, as in ?field=author.name");
        let field = field.ok_or_else(missing)?;
        let limit = limit
            .map_or(Ok(DEFAULT_VALUES), |Integer(limit)| within("limit", limit, 1..=MOST_VALUES))?
            as usize;
        let reader = live.reader(fresh)?;
        let seq = reader.seq();
        let values = reader.values(&field, limit)?;
        let values = values.into_iter().map(|(value, count)| Counted { value, count }).collect();
        let response = answer::json(StatusCode::OK, seq, &ValuesAnswer { values, seq });
        Ok(known.tagged(&live, seq, response))
    })
    .await
}
