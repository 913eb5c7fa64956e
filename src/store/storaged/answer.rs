//! What an HTTP answer means: its kind of error, its body within bounds.
//!
//! A status decides the kind of error; bodies are read for their sentence only.

use std::io::Read;

use reqwest::StatusCode;
use reqwest::blocking::Response;
use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result};

/// How an HTTP call ended short of an answer to use.
pub(super) enum Trouble {
    /// The request never left.
    Unsent(Error),
    /// It left; the connection broke before its answer was complete.
    Lost(Error),
    /// It left; its answer did not come in time, which the next one may not do either.
    Late(Error),
    /// The server could not answer now (5xx).
    Busy(Error),
    /// The server refused (3xx, 4xx, 501, 507).
    Refused(Error),
}

impl Trouble {
    /// A call that failed before its answer was read.
    pub(super) fn of(error: reqwest::Error) -> Self {
        let (unsent, late) = (error.is_connect() || error.is_builder(), error.is_timeout());
        // The address may hold a password.
        let error = error.without_url();
        match (unsent, late) {
            (true, _) => Self::Unsent(Error::unavailable("cannot connect").caused_by(error)),
            (false, true) => Self::Late(Error::unavailable("no answer in time").caused_by(error)),
            (false, false) => Self::Lost(Error::unavailable("the connection was lost").caused_by(error)),
        }
    }

    /// An answer whose body could not be read to its end.
    fn within(error: std::io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<reqwest::Error>());
        if inner.is_some_and(reqwest::Error::is_timeout) {
            Self::Late(Error::unavailable("the answer stopped coming").caused_by(error))
        } else {
            Self::Lost(Error::unavailable("the connection was lost within an answer").caused_by(error))
        }
    }

    /// An answer that is not the one asked for.
    pub(super) fn answered(response: Response) -> Self {
        let status = response.status();
        let problem = Problem::read(response);
        let kind = problem.kind().unwrap_or_else(|| kind(status));
        let error = Error::new(kind, format!("{}: {}", status, problem.text()));
        let certain = status == StatusCode::INSUFFICIENT_STORAGE || status == StatusCode::NOT_IMPLEMENTED;
        if status.is_server_error() && !certain { Self::Busy(error) } else { Self::Refused(error) }
    }

    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Unsent(error)
            | Self::Lost(error)
            | Self::Late(error)
            | Self::Busy(error)
            | Self::Refused(error) => error,
        }
    }
}

/// The body, which must not be longer than `limit` bytes.
pub(super) fn body(response: Response, limit: u64) -> Result<Vec<u8>, Trouble> {
    let too_long = || {
        Trouble::Refused(Error::exhausted(format!(
            "the answer is longer than allowed: at most {limit} bytes"
        )))
    };
    let announced = response.content_length();
    if announced.is_some_and(|length| length > limit) {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    let room = usize::try_from(announced.unwrap_or(0)).unwrap_or(usize::MAX);
    if bytes.try_reserve_exact(room).is_err() {
        return Err(Trouble::Refused(Error::exhausted(format!(
            "not enough memory for an object of {room} bytes"
        ))));
    }
    response.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(Trouble::within)?;
    if bytes.len() as u64 > limit { Err(too_long()) } else { Ok(bytes) }
}

/// The kind that a status means when the body does not say.
fn kind(status: StatusCode) -> ErrorKind {
    match status {
        StatusCode::UNAUTHORIZED => ErrorKind::Unauthenticated,
        StatusCode::FORBIDDEN => ErrorKind::PermissionDenied,
        StatusCode::NOT_FOUND | StatusCode::GONE => ErrorKind::NotFound,
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => ErrorKind::Conflict,
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::TOO_MANY_REQUESTS | StatusCode::INSUFFICIENT_STORAGE => {
            ErrorKind::ResourceExhausted
        }
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => ErrorKind::Unsupported,
        other if other.is_client_error() => ErrorKind::InvalidArgument,
        other if other.is_server_error() => ErrorKind::Unavailable,
        StatusCode { .. } => ErrorKind::Unsupported,
    }
}

/// The parts of an `application/problem+json` (RFC 9457) that are looked at.
#[derive(Default, Deserialize)]
struct Problem {
    code: Option<String>,
    detail: Option<String>,
    title: Option<String>,
}

impl Problem {
    fn read(response: Response) -> Self {
        let mut bytes = Vec::new();
        // A body cut off or in another format leaves the status to speak.
        let _ = response.take(64 * 1024).read_to_end(&mut bytes);
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    fn kind(&self) -> Option<ErrorKind> {
        let code = self.code.as_deref()?;
        ErrorKind::ALL.into_iter().find(|kind| kind.code() == code)
    }

    fn text(&self) -> &str {
        self.detail.as_deref().or(self.title.as_deref()).unwrap_or("the store gave no reason")
    }
}
