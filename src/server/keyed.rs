//! The header `Idempotency-Key`: the name of an add that may be sent twice.
//!
//! What it does is the registry's business. Other writes of rows refuse it: a key in vain would be a false safety.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};

use super::problem::Problem;
use super::state::AppState;
use crate::error::{Error, Result};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The key of a request, if it has one.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>> {
    let text = |value: &axum::http::HeaderValue| {
        let text = std::str::from_utf8(value.as_bytes()).map(str::to_owned);
        text.map_err(|_| Error::invalid("the Idempotency-Key header is not UTF-8"))
    };
    headers.get(IDEMPOTENCY_KEY).map(text).transpose()
}

/// Stands in the handlers that take no key, and refuses a request that has one.
pub(super) struct Keyless;

impl FromRequestParts<Arc<AppState>> for Keyless {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<AppState>) -> Result<Self, Problem> {
        if parts.headers.contains_key(IDEMPOTENCY_KEY) {
            return Err(Error::invalid("the header Idempotency-Key is taken on add only").into());
        }
        Ok(Self)
    }
}
