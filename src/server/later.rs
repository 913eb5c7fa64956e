//! Writes that are answered before they are durable: `?durability=async` on an add, and POST flush, which waits for them.
//!
//! What is queued is lost if the service is killed, and a failure is told by the next flush only.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use serde::{Deserialize, Serialize};

use super::answer;
use super::live::{Answer, Live, blocking};
use super::query::{Asked, Nothing};
use crate::error::{Error, Result};
use crate::registry::{Batch, LiveIndex};

/// The query string of an add.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// `sync`, which is the default, or `async`.
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

/// `seq` is null: it has no entry of the log yet.
#[derive(Serialize)]
struct Queued {
    added: usize,
    length: usize,
    seq: Option<u64>,
}

#[derive(Serialize)]
struct Flushed {
    seq: u64,
}

/// Queues a batch, and answers 202.
pub(super) fn add(live: &LiveIndex, batch: Batch, key: Option<&str>) -> Result<Response> {
    let added = batch.len();
    live.add_later(batch, key)?;
    let queued = Queued { added, length: live.len()?, seq: None };
    Ok((StatusCode::ACCEPTED, Json(queued)).into_response())
}

pub(super) async fn flush(Live(live): Live, Asked(Nothing {}): Asked<Nothing>) -> Answer {
    blocking(move || {
        let seq = live.flush()?;
        Ok(answer::json(StatusCode::OK, seq, &Flushed { seq }))
    })
    .await
}
