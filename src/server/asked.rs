//! A request as the log tells of it: one line for each, when it has been answered.
//!
//! Never keys, vectors, metadata, or what stands in a query string.

use std::time::{Duration, Instant};

use axum::body::HttpBody;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use super::auth::Caller;

/// What is remembered of a request until it is answered.
pub(super) struct Asked {
    begun: Instant,
    method: Method,
    path: String,
    route: Option<MatchedPath>,
    bytes: u64,
}

impl Asked {
    pub(super) fn of(request: &Request) -> Self {
        let length = request.headers().get(header::CONTENT_LENGTH);
        let bytes = length.and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        Self { begun: Instant::now(), method, path, route: request.extensions().get().cloned(), bytes }
    }

    /// Logs the answer: at `debug`, and at `warn` what the service is to blame for.
    pub(super) fn log(self, response: &Response, id: &HeaderValue) {
        let Self { begun, method, path, route, bytes: bytes_in } = self;
        let status = response.status();
        let route = route.as_ref().map(MatchedPath::as_str);
        let key = response.extensions().get().and_then(Caller::name);
        let bytes_out = response.body().size_hint().exact();
        let (ms, status, request_id) = (millis(begun.elapsed()), status.as_u16(), id.to_str().unwrap_or(""));
        if is_blamed(response.status()) {
            tracing::warn!(%method, path, route, status, ms, bytes_in, bytes_out, request_id, key, "answered");
        } else {
            tracing::debug!(%method, path, route, status, ms, bytes_in, bytes_out, request_id, key, "answered");
        }
    }
}

/// Overload and full stores are reported to those who ask; a line for each would be one more load.
fn is_blamed(status: StatusCode) -> bool {
    status.is_server_error()
        && !matches!(
            status,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE | StatusCode::NOT_IMPLEMENTED
        )
}

/// Milliseconds, to a thousandth.
fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1_000.0
}
