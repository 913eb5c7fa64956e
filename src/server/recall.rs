//! POST recall: how good the answers of an index are, measured now.
//!
//! Rows of the index ask, or vectors that are given. It compares every row for each who asks, so how many may is limited.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::admission::Work;
use super::answer;
use super::body::{JsonText, parse};
use super::limits;
use super::list::named;
use super::live::{Answer, Live, fresh_reader, working};
use super::object::Integer;
use super::problem::Problem;
use super::query::{Asked, Fresh};
use super::question::{candidates, matrix};
use crate::error::{Error, Result};
use crate::registry::{Filter, LiveIndex, Recall, RecallOptions, within};

const MOST_SAMPLE: u32 = 10_000;
const MOST_K: u32 = 1_000;

/// What is to be measured; what is absent is as in the library.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Measure, example = json!({"sample": 100, "k": 10}))]
pub(super) struct Body<'a> {
    /// How many rows ask, at most 10,000
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 10000)]
    sample: Option<Integer>,
    /// How many neighbours each asks for, at most 1,000
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1000)]
    k: Option<Integer>,
    /// How many candidates a walk keeps
    #[schema(value_type = Option<i64>, minimum = 1)]
    ef: Option<Integer>,
    /// Which rows are searched
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    filter: Option<&'a RawValue>,
    /// Vectors that ask instead of rows
    #[serde(borrow)]
    #[schema(value_type = Option<Vec<Vec<f32>>>)]
    queries: Option<Vec<&'a RawValue>>,
    /// Which rows ask: the same for the same seed
    seed: Option<u64>,
}

/// The share of the true nearest rows that were found, and its 95 % interval.
#[derive(Serialize, ToSchema)]
#[schema(as = Recall, example = json!({
    "recall": 0.987, "low": 0.979, "high": 0.992, "sample": 100, "k": 10, "ef": 64, "seq": 2
}))]
pub(super) struct Measured {
    /// The share
    recall: f64,
    /// The lower end of its 95 % interval
    low: f64,
    /// The upper end
    high: f64,
    /// How many asked
    sample: usize,
    /// How many neighbours each asked for
    k: usize,
    /// How many candidates a walk kept
    ef: usize,
    /// The entry of the log after which it was measured
    seq: u64,
}

/// Measure recall
///
/// Rows ask for their neighbours, and a comparison with every row says which were missed.
#[utoipa::path(
    post, path = "/index/{name}/recall", tag = "Operations", params(Fresh), request_body = Body,
    responses((status = 200, description = "How many of the true neighbours were found", body = Measured))
)]
pub(super) async fn recall(
    Live(live): Live,
    Asked(fresh): Asked<Fresh>,
    JsonText(text): JsonText<{ limits::BODY }>,
) -> Answer {
    let reader = fresh_reader(&live, fresh.freshness()?).await?;
    working(Work::Labour, move || {
        let options = options(&live, &text).map_err(named_queries)?;
        let measured = reader.recall(&options).map_err(named_queries)?;
        let Recall { recall, low, high, sample, k, ef, seq } = measured;
        Ok(answer::json(StatusCode::OK, seq, &Measured { recall, low, high, sample, k, ef, seq }))
    })
    .await
}

fn named_queries(error: Error) -> Problem {
    named("queries", error)
}

fn options(live: &LiveIndex, text: &[u8]) -> Result<RecallOptions> {
    let Body { sample, k, ef, filter, queries, seed } = parse(text)?;
    let usual = RecallOptions::default();
    let number = |name, value: Option<Integer>, usual, most| match value {
        Some(Integer(value)) => Ok(within(name, value, 1..=most)? as usize),
        None => Ok::<_, Error>(usual),
    };
    let asking = queries.as_ref().map_or(0, Vec::len);
    if asking > MOST_SAMPLE as usize {
        return Err(Error::invalid(format!("queries holds at most {MOST_SAMPLE} vectors, got {asking}")));
    }
    Ok(RecallOptions {
        sample: number("sample", sample, usual.sample, MOST_SAMPLE)?,
        k: number("k", k, usual.k, MOST_K)?,
        ef: candidates(ef)?,
        filter: filter.map(|text| Filter::parse(text.get())).transpose()?,
        queries: queries.map(|rows| matrix(&rows, live.params().dimension as usize)).transpose()?,
        seed: seed.unwrap_or(usual.seed),
    })
}
