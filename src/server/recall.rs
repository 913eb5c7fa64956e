//! POST recall: how good the answers of an index are, measured now.
//!
//! Rows of the index ask, or vectors that are given. It compares every row for each who asks, so how many may is limited.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::answer;
use super::body::{JsonText, parse};
use super::list::named;
use super::live::{Answer, Live, blocking};
use super::object::Integer;
use super::problem::Problem;
use super::query::{Asked, Fresh};
use super::question::{candidates, matrix};
use crate::error::{Error, Result};
use crate::registry::{Filter, LiveIndex, Recall, RecallOptions, within};

const LIMIT: usize = 64 << 20;
const MOST_SAMPLE: u32 = 10_000;
const MOST_K: u32 = 1_000;

/// What is to be measured; what is absent is as in the library.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body<'a> {
    /// How many rows ask.
    sample: Option<Integer>,
    k: Option<Integer>,
    ef: Option<Integer>,
    #[serde(borrow)]
    filter: Option<&'a RawValue>,
    /// Vectors that ask instead of rows.
    #[serde(borrow)]
    queries: Option<Vec<&'a RawValue>>,
    seed: Option<u64>,
}

/// The share of the true nearest rows that were found, and its 95 % interval.
#[derive(Serialize)]
struct Measured {
    recall: f64,
    low: f64,
    high: f64,
    sample: usize,
    k: usize,
    ef: usize,
    seq: u64,
}

pub(super) async fn recall(
    Live(live): Live,
    Asked(fresh): Asked<Fresh>,
    JsonText(text): JsonText<LIMIT>,
) -> Answer {
    let fresh = fresh.freshness()?;
    blocking(move || {
        let options = options(&live, &text).map_err(named_queries)?;
        let measured = live.reader(fresh)?.recall(&options).map_err(named_queries)?;
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
