//! Figures of an index, and a snapshot on request.
//!
//! Both ask the store, unlike a search.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::answer;
use super::live::{Answer, Live, blocking};
use super::query::{Asked, Nothing};
use crate::index::Stats;
use crate::registry::{Estimate, LiveRecall, LiveStats, StateDigest};

#[derive(Serialize)]
struct Told<'a> {
    rows: usize,
    dead: usize,
    tail: usize,
    pending: usize,
    bytes_memory: usize,
    bytes_mapped: usize,
    bytes_store: u64,
    objects: usize,
    seq: u64,
    lag: u64,
    codec: &'a str,
    degree: f64,
    ef_search: usize,
    halted: Option<String>,
    live_recall: Option<Recalled>,
    /// Of the state after `seq`, if it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
}

/// What this process' approximate searches found.
#[derive(Serialize)]
struct Recalled {
    #[serde(flatten)]
    all: Estimated,
    filtered: Option<Estimated>,
}

#[derive(Serialize)]
struct Estimated {
    recall: f64,
    low: f64,
    high: f64,
    queries: usize,
}

impl From<LiveRecall> for Recalled {
    fn from(LiveRecall { all, filtered }: LiveRecall) -> Self {
        Self { all: all.into(), filtered: filtered.map(Into::into) }
    }
}

impl From<Estimate> for Estimated {
    fn from(Estimate { recall, low, high, queries }: Estimate) -> Self {
        Self { recall, low, high, queries }
    }
}

/// The query string.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Tell the digest, too: it waits until every row is in the graph, and reads the whole index.
    #[serde(default)]
    digest: bool,
}

#[derive(Serialize)]
struct Checkpointed {
    seq: u64,
}

pub(super) async fn stats(Live(live): Live, Asked(Wanted { digest }): Asked<Wanted>) -> Answer {
    blocking(move || {
        let digest = digest.then(|| live.digest()).transpose()?;
        let LiveStats { index, bytes_store, objects, lag, halted, live_recall } = live.stats()?;
        let Stats { rows, dead, tail, pending, bytes_memory, bytes_mapped, seq, codec, degree, ef_search } =
            index;
        let halted = halted.map(|error| error.to_string());
        let (seq, digest) = match digest {
            Some(StateDigest { seq, digest }) => (seq, Some(digest)),
            None => (seq, None),
        };
        let told = Told {
            rows,
            dead,
            tail,
            pending,
            bytes_memory,
            bytes_mapped,
            bytes_store,
            objects,
            seq,
            lag,
            codec,
            degree,
            ef_search,
            halted,
            live_recall: live_recall.map(Into::into),
            digest,
        };
        Ok(answer::json(StatusCode::OK, seq, &told))
    })
    .await
}

pub(super) async fn checkpoint(Live(live): Live, Asked(Nothing {}): Asked<Nothing>) -> Answer {
    blocking(move || {
        let seq = live.checkpoint()?;
        Ok(answer::json(StatusCode::OK, seq, &Checkpointed { seq }))
    })
    .await
}
