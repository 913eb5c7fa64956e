//! The header `Idempotency-Key`: the name of a write of rows that may be sent twice.
//!
//! What it does is the registry's business.

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

/// The same, for handlers that take the headers apart.
pub(super) struct Keyed(pub(super) Option<String>);

impl FromRequestParts<Arc<AppState>> for Keyed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<AppState>) -> Result<Self, Problem> {
        Ok(Self(idempotency_key(&parts.headers)?))
    }
}
