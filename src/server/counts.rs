//! How many rows there are: of those that pass a filter, and of each value of a metadata field.
//!
//! Which rows these are is told by `pages.rs`.

use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::answer;
use super::body::{JsonText, parse};
use super::etag::Known;
use super::live::{Answer, Live, blocking, fresh_reader};
use super::object::Integer;
use super::query::{Asked, Fresh, freshness};
use crate::error::Error;
use crate::registry::{Filter, Reader, within};

const LIMIT: usize = 8 << 20;
const DEFAULT_VALUES: u32 = 100;
const MOST_VALUES: u32 = 10_000;

/// The body of a count
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Counting, example = json!({"filter": {"country": "NO"}}))]
pub(super) struct Which<'a> {
    /// Which rows: all without it
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    filter: Option<&'a RawValue>,
}

/// The query string of a count.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asks {
    /// Which rows: a filter, as JSON text
    #[param(nullable = false, example = r#"{"country": "NO"}"#)]
    filter: Option<String>,
    /// The `seq` of a write that the answer has to see
    #[param(nullable = false)]
    min_seq: Option<u64>,
    /// `strong`: see every write that was answered before; `bounded`, as it is without: be at most about two seconds behind
    #[param(nullable = false, pattern = "^(strong|bounded)$")]
    consistency: Option<String>,
}

/// How many rows there are
#[derive(Serialize, ToSchema)]
#[schema(as = Count, example = json!({"count": 1, "seq": 2}))]
pub(super) struct CountAnswer {
    /// How many rows pass
    count: usize,
    /// The newest entry of the log that the answer sees
    seq: u64,
}

/// The query string of values.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// A field of the metadata: names joined by dots
    #[param(required = true, nullable = false, example = "country", pattern = r"^[^.]+(\.[^.]+)*$")]
    field: Option<String>,
    /// How many values at most, 100 unless told
    #[param(value_type = Option<i64>, nullable = false, minimum = 1, maximum = 10000)]
    limit: Option<Integer>,
    /// The `seq` of a write that the answer has to see
    #[param(nullable = false)]
    min_seq: Option<u64>,
    /// `strong`: see every write that was answered before; `bounded`, as it is without: be at most about two seconds behind
    #[param(nullable = false, pattern = "^(strong|bounded)$")]
    consistency: Option<String>,
}

/// A value, and how many rows have it
#[derive(Serialize, ToSchema)]
pub(super) struct Counted {
    /// A string, a number or a boolean
    value: Value,
    /// How many rows have it
    count: usize,
}

/// The values of a field
#[derive(Serialize, ToSchema)]
#[schema(as = Values, example = json!({"values": [{"value": "NO", "count": 1}], "seq": 2}))]
pub(super) struct ValuesAnswer {
    /// The most frequent first
    values: Vec<Counted>,
    /// The newest entry of the log that the answer sees
    seq: u64,
}

/// Count rows that pass a filter in the body
#[utoipa::path(
    post, path = "/index/{name}/count", tag = "Rows", params(Fresh), request_body = Which,
    responses((status = 200, description = "How many there are", body = CountAnswer))
)]
pub(super) async fn count(
    Live(live): Live,
    Asked(fresh): Asked<Fresh>,
    JsonText(text): JsonText<LIMIT>,
) -> Answer {
    let reader = fresh_reader(&live, fresh.freshness()?).await?;
    blocking(move || {
        let Which { filter } = parse(&text)?;
        let filter = filter.map(|text| Filter::parse(text.get())).transpose()?;
        Ok(counted(&reader, filter.as_ref()).1)
    })
    .await
}

/// Count rows
#[utoipa::path(
    get, path = "/index/{name}/count", tag = "Rows", params(Asks),
    responses((status = 200, description = "How many there are", body = CountAnswer))
)]
pub(super) async fn get_count(Live(live): Live, Asked(asks): Asked<Asks>, known: Known) -> Answer {
    let Asks { filter, min_seq, consistency } = asks;
    let reader = fresh_reader(&live, freshness(min_seq, consistency.as_deref())?).await?;
    blocking(move || {
        let filter = filter.map(|text| Filter::parse(&text)).transpose()?;
        let (seq, response) = counted(&reader, filter.as_ref());
        Ok(known.tagged(&live, seq, response))
    })
    .await
}

fn counted(reader: &Reader, filter: Option<&Filter>) -> (u64, Response) {
    let seq = reader.seq();
    let count = filter.map_or_else(|| reader.len(), |filter| reader.count(filter));
    (seq, answer::json(StatusCode::OK, seq, &CountAnswer { count, seq }))
}

/// Tell the values of a metadata field
///
/// With how many rows have each; of a list each scalar counts.
#[utoipa::path(
    get, path = "/index/{name}/values", tag = "Rows", params(Wanted),
    responses((status = 200, description = "The most frequent values", body = ValuesAnswer))
)]
pub(super) async fn values(Live(live): Live, Asked(wanted): Asked<Wanted>, known: Known) -> Answer {
    let Wanted { field, limit, min_seq, consistency } = wanted;
    let reader = fresh_reader(&live, freshness(min_seq, consistency.as_deref())?).await?;
    blocking(move || {
        let missing =
            || Error::invalid("field is missing: give names joined by dots, as in ?field=author.name");
        let field = field.ok_or_else(missing)?;
        let limit = limit
            .map_or(Ok(DEFAULT_VALUES), |Integer(limit)| within("limit", limit, 1..=MOST_VALUES))?
            as usize;
        let seq = reader.seq();
        let values = reader.values(&field, limit)?;
        let values = values.into_iter().map(|(value, count)| Counted { value, count }).collect();
        let response = answer::json(StatusCode::OK, seq, &ValuesAnswer { values, seq });
        Ok(known.tagged(&live, seq, response))
    })
    .await
}
