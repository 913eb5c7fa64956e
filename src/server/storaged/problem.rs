//! Errors as `application/problem+json`.
//!
//! It tells what went wrong, never what a key's object holds.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::error::{Error, ErrorKind};
use crate::store::Written;

/// The error response for a failed write. Unless it is certain that nothing was written, it is a 5xx.
pub(super) fn unwritten(error: &Error, written: Written) -> Response {
    match (written, error.kind()) {
        (Written::Unknown, _) => problem(StatusCode::SERVICE_UNAVAILABLE, error),
        (Written::No, ErrorKind::ResourceExhausted) => problem(StatusCode::INSUFFICIENT_STORAGE, error),
        (Written::No, _) => refuse(error),
    }
}

/// The error response for what failed without writing.
pub(super) fn refuse(error: &Error) -> Response {
    let status = match error.kind() {
        ErrorKind::InvalidArgument => StatusCode::BAD_REQUEST,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::AlreadyExists | ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::PermissionDenied => StatusCode::FORBIDDEN,
        ErrorKind::ResourceExhausted | ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Corrupt | ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorKind::Unsupported => StatusCode::NOT_IMPLEMENTED,
    };
    problem(status, error)
}

/// An `application/problem+json` (RFC 9457).
pub(super) fn problem(status: StatusCode, error: &Error) -> Response {
    let document = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "detail": error.to_string(),
        "code": error.kind().code(),
    });
    (status, [(header::CONTENT_TYPE, "application/problem+json")], Body::from(document.to_string()))
        .into_response()
}
