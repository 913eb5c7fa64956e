//! POST search: the rows nearest to one vector.
//!
//! Several queries at once and raw f32 are not here yet.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer;
use super::body::{JsonText, parse};
use super::floats::floats;
use super::live::{Answer, Paced, blocking};
use super::object::Integer;
use super::problem::Problem;
use super::state::Handle;
use crate::error::{Error, Result};
use crate::registry::{Consistency, Filter, Freshness, SearchOptions};

const LIMIT: usize = 64 << 20;
const DEFAULT_K: i64 = 10;
const MOST_K: i64 = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body<'a> {
    #[serde(borrow)]
    vector: Option<&'a RawValue>,
    k: Option<Integer>,
    min_seq: Option<u64>,
    consistency: Option<Cow<'a, str>>,
    #[serde(borrow)]
    filter: Option<&'a RawValue>,
    ef: Option<Integer>,
    #[serde(default)]
    exact: bool,
    within: Option<f32>,
    #[serde(default)]
    explain: bool,
}

/// A body of at most this many bytes may be parsed between two connections' turns.
const INLINE_BYTES: usize = 512 << 10;

pub(super) async fn search(Paced(handle): Paced, JsonText(text): JsonText<LIMIT>) -> Answer {
    if text.len() > INLINE_BYTES {
        return blocking(move || answer(&handle, &question(&handle, &text)?)).await;
    }
    let question = question(&handle, &text)?;
    if handle.pace.is_quick() && handle.live.is_fresh(question.fresh) {
        answer(&handle, &question)
    } else {
        blocking(move || answer(&handle, &question)).await
    }
}

/// What is asked, read from the body.
struct Question {
    query: Vec<f32>,
    options: SearchOptions,
    fresh: Freshness,
}

fn question(handle: &Handle, text: &[u8]) -> Result<Question, Problem> {
    let Body { vector, k, min_seq, consistency, filter, ef, exact, within, explain } = parse(text)?;
    let mut query = Vec::with_capacity(handle.live.params().dimension as usize);
    floats(vector, &mut query)?;
    let consistency = consistency.as_deref().map(Consistency::parse).transpose()?;
    let filter = filter.map(|text| Filter::parse(text.get())).transpose()?;
    let ef = ef.map(|Integer(ef)| candidates(ef)).transpose()?;
    let k = rows(k.map(|Integer(k)| k));
    let options = SearchOptions { k, ef, recall: None, exact, filter, within, explain };
    Ok(Question { query, options, fresh: Freshness { consistency, min_seq } })
}

fn answer(Handle { live, pace }: &Handle, Question { query, options, fresh }: &Question) -> Answer {
    let reader = live.reader(*fresh)?;
    let hits = pace.time(|| reader.search(query, options))?;
    Ok(answer::results(&hits, reader.consistency()))
}

fn candidates(ef: i64) -> Result<usize> {
    usize::try_from(ef).map_err(|_| Error::invalid(format!("ef must be at least 1, got {ef}")))
}

/// As in the Go service: nothing and less than one is ten, and a thousand is the most.
fn rows(k: Option<i64>) -> usize {
    k.filter(|k| *k > 0).unwrap_or(DEFAULT_K).min(MOST_K) as usize
}
