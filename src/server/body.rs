//! The bodies of requests: JSON text, read whole within a limit, and parsed into plain structs.
//!
//! Lists of items are not parsed here but in `list.rs`, element by element; what stands in them is in `object.rs`.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use serde::Deserialize;

use super::content::expect_json;
use super::patience;
use super::payload::Payload;
use super::problem::Problem;
use super::state::AppState;
use crate::error::{Error, Result};

/// The bytes of a JSON body of at most `LIMIT` bytes, not yet parsed. With `PARTS` a larger one can be sent as several.
pub(super) struct JsonText<const LIMIT: usize, const PARTS: bool = false>(pub(super) Payload);

impl<const LIMIT: usize, const PARTS: bool> FromRequest<Arc<AppState>> for JsonText<LIMIT, PARTS> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Arc<AppState>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        expect_json(&parts.headers)?;
        patience::read(&parts.headers, body, LIMIT, PARTS, state.patience()).await.map(Self)
    }
}

/// Parses a whole body. `InvalidArgument` says what is wrong and where.
pub(super) fn parse<'de, T: Deserialize<'de>>(text: &'de [u8]) -> Result<T> {
    expect_object(text)?;
    serde_json::from_slice(text).map_err(|error| malformed(&error))
}

/// Refuses what begins as no object: a struct of serde's would take a list of its fields too.
pub(super) fn expect_object(text: &[u8]) -> Result<()> {
    match text.trim_ascii_start().first() {
        Some(b'{') => Ok(()),
        Some(_) => Err(Error::invalid("the body must be a JSON object")),
        None => Err(Error::invalid("the body is empty: it must be a JSON object")),
    }
}

pub(super) fn malformed(error: &serde_json::Error) -> Error {
    Error::invalid(format!("the body is not what this route takes: {error}"))
}
