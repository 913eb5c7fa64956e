//! POST search: the rows nearest to one vector.
//!
//! Filters, several queries at once and raw f32 are not here yet.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer;
use super::body::{JsonText, parse};
use super::floats::floats;
use super::live::{Answer, Paced, blocking};
use super::object::Integer;
use super::state::Handle;
use crate::registry::SearchOptions;

const LIMIT: usize = 64 << 20;
const DEFAULT_K: i64 = 10;
const MOST_K: i64 = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body<'a> {
    #[serde(borrow)]
    vector: Option<&'a RawValue>,
    k: Option<Integer>,
}

/// A body of at most this many bytes may be parsed between two connections' turns.
const INLINE_BYTES: usize = 512 << 10;

pub(super) async fn search(Paced(handle): Paced, JsonText(text): JsonText<LIMIT>) -> Answer {
    if text.len() <= INLINE_BYTES && handle.pace.is_quick() {
        answer(&handle, &text)
    } else {
        blocking(move || answer(&handle, &text)).await
    }
}

fn answer(Handle { live, pace }: &Handle, text: &[u8]) -> Answer {
    let Body { vector, k } = parse(text)?;
    let mut query = Vec::with_capacity(live.params().dimension as usize);
    floats(vector, &mut query)?;
    let hits = pace.time(|| live.search(&query, &SearchOptions::new(rows(k.map(|Integer(k)| k)))))?;
    Ok(answer::results(&hits))
}

/// As in the Go service: nothing and less than one is ten, and a thousand is the most.
fn rows(k: Option<i64>) -> usize {
    k.filter(|k| *k > 0).unwrap_or(DEFAULT_K).min(MOST_K) as usize
}
