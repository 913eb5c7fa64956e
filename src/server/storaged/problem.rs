//! Which answer a failed call of the store gets. The documents are those of the service, `../problem.rs`.
//!
//! They tell what went wrong, never what a key's object holds.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::error::Error;
use crate::server::Problem;
use crate::store::Written;

/// The error response for a failed write. Unless it is certain that nothing was written, it is a 5xx.
pub(super) fn unwritten(error: &Error, written: Written) -> Response {
    match written {
        Written::Unknown => problem(StatusCode::SERVICE_UNAVAILABLE, error),
        Written::No => refuse(error),
    }
}

/// The error response for what failed without writing.
pub(super) fn refuse(error: &Error) -> Response {
    Problem::from(error.clone()).into_response()
}

/// An error with a status of its own.
pub(super) fn problem(status: StatusCode, error: &Error) -> Response {
    Problem::new(status, error.clone()).into_response()
}
