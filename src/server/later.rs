//! Writes that are answered before they are durable: `?durability=async` on an add, and POST flush, which waits for them.
//!
//! What is queued is lost if the service is killed, and a failure is told by the next flush only.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer;
use super::live::{Answer, Live, blocking};
use super::query::{Asked, Nothing};
use crate::error::{Error, Result};
use crate::registry::{Batch, LiveIndex};

/// The query string of an add.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// `sync`, as it is without; `async`: answer 202 before the rows are on disk
    #[param(nullable = false, pattern = "^(sync|async)$")]
    durability: Option<String>,
}

impl Wanted {
    /// Whether the caller does not wait for the disk.
    pub(super) fn is_later(&self) -> Result<bool> {
        match self.durability.as_deref() {
            None | Some("sync") => Ok(false),
            Some("async") => Ok(true),
            Some(other) => {
                Err(Error::invalid(format!("unknown durability {other:?}: give \"sync\" or \"async\"")))
            }
        }
    }
}

/// Rows that are queued
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"added": 2, "length": 0, "seq": null}))]
pub(super) struct Queued {
    /// How many the request held
    added: usize,
    /// How many the index holds now
    length: usize,
    /// Null: they have no entry of the log yet
    seq: Option<u64>,
}

/// What was queued is on disk
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"seq": 3}))]
pub(super) struct Flushed {
    /// The entry of the log after which all of it is in
    seq: u64,
}

/// Queues a batch, and answers 202.
pub(super) fn add(live: &LiveIndex, batch: Batch, key: Option<&str>) -> Result<Response> {
    let added = batch.len();
    live.add_later(batch, key)?;
    let queued = Queued { added, length: live.len()?, seq: None };
    Ok((StatusCode::ACCEPTED, Json(queued)).into_response())
}

/// Wait for what is queued
///
/// Adds with `durability=async` are answered before they are on disk; here their failure is told, too.
#[utoipa::path(
    post, path = "/index/{name}/flush", tag = "Rows",
    responses((status = 200, description = "All of it is on disk", body = Flushed))
)]
pub(super) async fn flush(Live(live): Live, Asked(Nothing {}): Asked<Nothing>) -> Answer {
    blocking(move || {
        let seq = live.flush()?;
        Ok(answer::json(StatusCode::OK, seq, &Flushed { seq }))
    })
    .await
}
