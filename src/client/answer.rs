//! What an answer means: its body, or the error it tells, with our kinds and the item at fault.
//!
//! Errors are `application/problem+json` (RFC 9457) with our members. What else answers is no service of ours,
//! and its status decides.

use std::fmt;
use std::io::Read;
use std::time::Duration;

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::blocking::Response;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::Deserialize;

use crate::error::{Error, ErrorKind, Part};

/// The longest body that is read.
const LONGEST: u64 = 4 << 30;
/// The longest error that is read.
const LONGEST_PROBLEM: u64 = 64 << 10;

/// A good answer.
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// No earlier attempt can have been carried out.
    pub(super) first: bool,
}

impl Answer {
    /// The text of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// How a call ended short of that.
pub(super) enum Trouble {
    /// The request never left.
    Unsent(Error),
    /// It left; the connection broke before its answer was complete.
    Lost(Error),
    /// It left; its answer did not come in time.
    Late(Error),
    /// The service has no room for it now, and did nothing: again after this time.
    Busy(Error, Option<Duration>),
    /// The service could not end it, and does not know what came of it: again after this time.
    Unsure(Error, Option<Duration>),
    /// The service refused.
    Refused(Error),
}

/// What the service told beside an error; its [`source`](std::error::Error::source).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Under which the service's log has the request.
    pub request_id: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, request_id } = self;
        write!(f, "HTTP status {status}")?;
        request_id.as_ref().map_or(Ok(()), |id| write!(f, ", request {id}"))
    }
}

impl std::error::Error for Refusal {}

impl Trouble {
    /// A call that failed before its answer was there.
    pub(super) fn of(error: reqwest::Error) -> Self {
        let (unsent, late) = (error.is_connect() || error.is_builder(), error.is_timeout());
        let error = error.without_url();
        match (unsent, late) {
            (true, _) => {
                let why = innermost(&error);
                Self::Unsent(Error::unavailable(format!("cannot connect: {why}")).caused_by(error))
            }
            (false, true) => Self::Late(Error::unavailable("no answer in time").caused_by(error)),
            (false, false) => Self::Lost(Error::unavailable("the connection was lost").caused_by(error)),
        }
    }

    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Unsent(error)
            | Self::Lost(error)
            | Self::Late(error)
            | Self::Busy(error, _)
            | Self::Unsure(error, _)
            | Self::Refused(error) => error,
        }
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).last().unwrap_or(error).to_string()
}

/// The headers and the body of a good answer.
pub(super) fn read(mut response: Response) -> Result<(HeaderMap, Bytes), Trouble> {
    if !response.status().is_success() {
        return Err(refused(response));
    }
    let headers = std::mem::take(response.headers_mut());
    Ok((headers, body(response)?))
}

fn body(response: Response) -> Result<Bytes, Trouble> {
    let long = || Error::exhausted(format!("the answer is longer than {LONGEST} bytes: ask for less"));
    match response.content_length() {
        Some(length) if length > LONGEST => Err(Trouble::Refused(long())),
        Some(_) => response.bytes().map_err(Trouble::of),
        None => {
            let mut bytes = Vec::new();
            let lost = |error| {
                Trouble::Lost(Error::unavailable("the connection was lost within an answer").caused_by(error))
            };
            response.take(LONGEST + 1).read_to_end(&mut bytes).map_err(lost)?;
            if bytes.len() as u64 > LONGEST { Err(Trouble::Refused(long())) } else { Ok(bytes.into()) }
        }
    }
}

/// The members of a problem that are looked at.
#[derive(Default, Deserialize)]
struct Problem {
    code: Option<String>,
    detail: Option<String>,
    item: Option<usize>,
    part: Option<String>,
    outcome: Option<String>,
}

fn refused(response: Response) -> Trouble {
    let status = response.status();
    let (request_id, after) = (text(response.headers(), "x-request-id"), retry_after(response.headers()));
    let mut bytes = Vec::new();
    // A body cut off or in another format leaves the status to speak.
    let _ = response.take(LONGEST_PROBLEM).read_to_end(&mut bytes);
    let problem: Problem = serde_json::from_slice(&bytes).unwrap_or_default();
    let error = error(status, &problem).caused_by(Refusal { status: status.as_u16(), request_id });
    let unknown = problem.outcome.as_deref() == Some("unknown");
    // A proxy answers 503 and its like also where the service may have done what was asked.
    let ours = problem.code.is_some();
    match status {
        StatusCode::TOO_MANY_REQUESTS if !unknown => Trouble::Busy(error, after),
        StatusCode::SERVICE_UNAVAILABLE if ours && !unknown => Trouble::Busy(error, after),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => Trouble::Unsure(error, after),
        StatusCode::INTERNAL_SERVER_ERROR | StatusCode::BAD_GATEWAY if !ours => Trouble::Unsure(error, after),
        StatusCode { .. } => Trouble::Refused(error),
    }
}

fn error(status: StatusCode, problem: &Problem) -> Error {
    let Problem { code, detail, item, part, outcome } = problem;
    let told = code.as_deref().and_then(|code| ErrorKind::ALL.into_iter().find(|kind| kind.code() == code));
    let (Some(kind), Some(detail)) = (told, detail) else {
        return Error::new(kind(status), format!("{status}: is a vectord service at this address?"));
    };
    let unknown = outcome.as_deref() == Some("unknown");
    // What `Display` of our errors puts around a message, it will put there again.
    let detail = detail.strip_suffix(" (outcome unknown: it may have been written)").unwrap_or(detail);
    let error = match item {
        None => Error::new(kind, detail.to_owned()),
        Some(index) => {
            let bare = |list: &str| detail.strip_prefix(&format!("{list}[{index}]: "));
            let of_ids = bare("ids");
            let part = match part.as_deref() {
                Some("id") => Part::Id,
                Some("metadata") => Part::Metadata,
                None if of_ids.is_some() => Part::Id,
                Some(_) | None => Part::Vector,
            };
            let lists = ["items", "vectors", "queries"];
            let message = of_ids.or_else(|| lists.into_iter().find_map(bare)).unwrap_or(detail);
            Error::new(kind, message.to_owned()).at(*index, part)
        }
    };
    if unknown { error.outcome_unknown() } else { error }
}

/// The kind that a status means when the body does not say.
fn kind(status: StatusCode) -> ErrorKind {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED => ErrorKind::Unauthenticated,
        StatusCode::FORBIDDEN => ErrorKind::PermissionDenied,
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::TOO_MANY_REQUESTS | StatusCode::INSUFFICIENT_STORAGE => {
            ErrorKind::ResourceExhausted
        }
        StatusCode::NOT_FOUND => ErrorKind::NotFound,
        other if other.is_server_error() => ErrorKind::Unavailable,
        StatusCode { .. } => ErrorKind::Unsupported,
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    // Nobody waits longer, and pauses are multiplied.
    Some(Duration::from_secs(seconds.min(3600)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Item, Outcome};

    fn told(status: u16, body: &str) -> Error {
        error(StatusCode::from_u16(status).unwrap(), &serde_json::from_str(body).unwrap_or_default())
    }

    #[test]
    fn an_error_arrives_as_it_was() {
        for kind in ErrorKind::ALL {
            let was = Error::new(kind, "a sentence").at(3, Part::Metadata).outcome_unknown();
            let body = serde_json::json!({
                "code": kind.code(), "detail": was.to_string(), "item": 3, "part": "metadata", "outcome": "unknown",
            });
            let is = told(500, &body.to_string());
            assert_eq!((is.kind(), is.message(), is.item()), (kind, "a sentence", was.item()));
            assert_eq!(is.outcome(), Outcome::Unknown);
        }
    }

    #[test]
    fn an_id_of_a_list_is_named_once() {
        let is = told(400, r#"{"code": "invalid_argument", "detail": "ids[2]: id is empty", "item": 2}"#);
        assert_eq!((is.message(), is.item()), ("id is empty", Some(Item { index: 2, part: Part::Id })));
    }

    #[test]
    fn what_is_no_service_of_ours_is_told_by_its_status() {
        for (status, kind) in [
            (401, ErrorKind::Unauthenticated),
            (403, ErrorKind::PermissionDenied),
            (404, ErrorKind::NotFound),
            (413, ErrorKind::ResourceExhausted),
            (502, ErrorKind::Unavailable),
            (302, ErrorKind::Unsupported),
        ] {
            let is = told(status, "<html>");
            assert_eq!(is.kind(), kind);
            assert!(is.message().contains("is a vectord service at this address?"), "{is}");
        }
    }
}
