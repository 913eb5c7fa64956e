//! Figures of an index, and a snapshot on request.
//!
//! Both ask the store, unlike a search.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer;
use super::live::{Answer, Live, blocking};
use super::query::{Asked, Nothing};
use crate::index::Stats;
use crate::registry::{Estimate, LiveRecall, LiveStats, StateDigest};

/// An index in figures
#[derive(Serialize, ToSchema)]
#[schema(as = Stats, example = json!({
    "rows": 5950, "dead": 50, "tail": 0, "pending": 0, "bytes_memory": 4_066_090, "bytes_mapped": 9_216_000,
    "bytes_store": 20_438_784, "objects": 4, "seq": 3, "lag": 0, "codec": "sq8", "degree": 30.4, "ef_search": 32,
    "halted": null
}))]
pub(super) struct Told<'a> {
    /// Rows that searches see
    rows: usize,
    /// Rows that were deleted or replaced, and still take room
    dead: usize,
    /// Rows that are not in the graph yet, and are compared one by one
    tail: usize,
    /// Rows of writes that are queued
    pending: usize,
    /// Bytes in memory
    bytes_memory: usize,
    /// Bytes mapped from files
    bytes_mapped: usize,
    /// Bytes in the store
    bytes_store: u64,
    /// Objects in the store
    objects: usize,
    /// The newest entry of the log seen here
    seq: u64,
    /// How many newer entries are in the store
    lag: u64,
    /// How walks see vectors: `f32`, `sq8`, ..
    codec: &'a str,
    /// Neighbours per row in the graph, on average
    degree: f64,
    /// How many candidates a search keeps
    ef_search: usize,
    /// Why it takes no writes, if it takes none
    halted: Option<String>,
    /// What this process' approximate searches found; null where none was tried again
    live_recall: Option<Recalled>,
    /// The digest of the state after `seq`, if it is asked for
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    digest: Option<String>,
}

/// What this process' approximate searches found
#[derive(Serialize, ToSchema)]
#[schema(as = LiveRecall)]
pub(super) struct Recalled {
    #[serde(flatten)]
    all: Estimated,
    /// Of those with a filter
    filtered: Option<Estimated>,
}

/// Recall, estimated from a share of the searches
#[derive(Serialize, ToSchema)]
#[schema(as = Estimate)]
pub(super) struct Estimated {
    /// The share of the true nearest rows that were found
    recall: f64,
    /// The lower end of its 95 % interval
    low: f64,
    /// The upper end
    high: f64,
    /// How many searches were tried again exactly
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
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Tell the digest, too: it waits until every row is in the graph, and reads the whole index
    #[serde(default)]
    #[param(value_type = Option<bool>, nullable = false)]
    digest: bool,
}

/// A snapshot that was written
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"seq": 3}))]
pub(super) struct Checkpointed {
    /// The entry of the log that it holds, with all before
    seq: u64,
}

/// Tell an index's figures
///
/// It asks the store, unlike a search.
#[utoipa::path(
    get, path = "/index/{name}/stats", tag = "Operations", params(Wanted),
    responses((status = 200, description = "What it holds and what it takes", body = Told))
)]
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

/// Write a snapshot
///
/// So that opening the index is quick. It happens by itself as well.
#[utoipa::path(
    post, path = "/index/{name}/checkpoint", tag = "Operations",
    responses((status = 200, description = "It is in the store", body = Checkpointed))
)]
pub(super) async fn checkpoint(Live(live): Live, Asked(Nothing {}): Asked<Nothing>) -> Answer {
    blocking(move || {
        let seq = live.checkpoint()?;
        Ok(answer::json(StatusCode::OK, seq, &Checkpointed { seq }))
    })
    .await
}
