//! Reading a body with patience that ends: by size, by silence, and by the time of the whole.
//!
//! What the body means is not looked at here.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, StatusCode, header};
use tokio::time::timeout;

use super::budget::Budget;
use super::payload::Payload;
use super::problem::Problem;
use crate::error::Error;

/// Memory that is set aside for a body by its announced length; the rest follows as it arrives.
const EARLY: u64 = 64 << 10;

/// How long a body may take, and what it may take up.
#[derive(Debug, Clone)]
pub(super) struct Patience {
    /// Between two pieces.
    pub(super) idle: Duration,
    /// From the first to the last.
    pub(super) whole: Duration,
    /// Bytes of all bodies at once.
    pub(super) budget: Arc<Budget>,
}

/// The next data of a body, `None` at its end.
pub(super) async fn next_data(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    loop {
        match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await? {
            Ok(frame) => match frame.into_data() {
                Ok(data) => return Some(Ok(data)),
                Err(_trailers) => {}
            },
            Err(error) => return Some(Err(error)),
        }
    }
}

/// The whole body, at most `limit` bytes of it. `parts` says whether the refusal of more advises to send it in parts.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    parts: bool,
    patience: Patience,
) -> Result<Payload, Problem> {
    let Patience { idle, whole, budget } = patience;
    // What can never fit is too large, not too much at present.
    let limit = limit.min(budget.most());
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > limit as u64) {
        return Err(too_large(limit, parts));
    }
    let payload = Payload::new(&budget, announced.map_or(0, |bytes| bytes.min(EARLY) as usize))?;
    timeout(whole, collect(body, limit, parts, idle, payload))
        .await
        .unwrap_or_else(|_| Err(too_slow("the whole body", whole)))
}

async fn collect(
    mut body: Body,
    limit: usize,
    parts: bool,
    idle: Duration,
    mut payload: Payload,
) -> Result<Payload, Problem> {
    loop {
        match timeout(idle, next_data(&mut body)).await {
            Ok(Some(Ok(data))) if payload.len() + data.len() <= limit => payload.extend(&data)?,
            Ok(Some(Ok(_))) => return Err(too_large(limit, parts)),
            Ok(Some(Err(error))) => {
                return Err(Error::invalid("the body ended early").caused_by(error).into());
            }
            Ok(None) => return Ok(payload),
            Err(_) => return Err(too_slow("the next piece of the body", idle)),
        }
    }
}

fn too_large(limit: usize, parts: bool) -> Problem {
    let advice = if parts { "; send it in parts" } else { "" };
    let error = Error::exhausted(format!("the body is too large: at most {limit} bytes{advice}"));
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, error)
}

fn too_slow(what: &str, limit: Duration) -> Problem {
    let error =
        Error::unavailable(format!("{what} did not arrive in time: at most {} s", limit.as_secs_f32()));
    Problem::new(StatusCode::REQUEST_TIMEOUT, error)
}
