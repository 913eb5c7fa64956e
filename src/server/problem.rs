//! Errors over HTTP: `application/problem+json` (RFC 9457), and which status each kind of error has.
//!
//! A response made from a [`Problem`] carries it along, so that the outermost layer (`outer.rs`) can write
//! the request's id into the document.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::error::{Error, ErrorKind, Outcome, Part};

/// The content type of every error.
pub(super) const PROBLEM: &str = "application/problem+json";

/// What an error answers: a status and an error, with members of its own if it has more to tell.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    error: Error,
    members: Map<String, Value>,
}

/// What is wrong: the members of RFC 9457, then ours. Some routes add members.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "about:blank", "title": "Bad Request", "status": 400, "code": "invalid_argument", "retryable": false,
    "detail": "items[3]: dimension mismatch: index has 384, got 383", "outcome": "known", "item": 3, "part": "vector",
    "request_id": "0191e7c2-7d3a-7c5e-9f1a-2b6c0d4e8f10"
}))]
pub(super) struct Document<'a> {
    /// `about:blank`: `code` is what programs look at
    r#type: &'static str,
    /// The status in words
    title: &'static str,
    /// The status of the answer
    status: u16,
    /// What is wrong, in a sentence with the numbers
    detail: String,
    /// The kind of error, for programs
    #[schema(
        pattern = "^(invalid_argument|not_found|already_exists|conflict|unauthenticated|permission_denied|\
                        resource_exhausted|unavailable|corrupt|unsupported|internal)$"
    )]
    code: &'static str,
    /// Whether the same request may succeed later
    retryable: bool,
    /// Whether it is `known` that nothing was written, or `unknown`
    #[schema(pattern = "^(known|unknown)$")]
    outcome: &'static str,
    /// The number of the item at fault, from 0
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    item: Option<usize>,
    /// What of the item is wrong.
    /// What of the item is at fault: `id`, `vector` or `metadata`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    part: Option<&'static str>,
    /// What the service's log calls the request
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    request_id: Option<&'a str>,
    #[schema(ignore)]
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

/// The status of each kind. Where HTTP is finer than the kinds (405, 408, 413, 414, 415, 431) the place that
/// knows it says so through [`Problem::new`].
pub(super) fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::InvalidArgument => StatusCode::BAD_REQUEST,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::AlreadyExists | ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::PermissionDenied => StatusCode::FORBIDDEN,
        ErrorKind::ResourceExhausted => StatusCode::INSUFFICIENT_STORAGE,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Corrupt | ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorKind::Unsupported => StatusCode::NOT_IMPLEMENTED,
    }
}

/// Whether the same request may succeed later.
fn retryable(kind: ErrorKind, status: StatusCode) -> bool {
    match kind {
        ErrorKind::Conflict | ErrorKind::Unavailable => true,
        ErrorKind::ResourceExhausted => status != StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::InvalidArgument
        | ErrorKind::NotFound
        | ErrorKind::AlreadyExists
        | ErrorKind::Unauthenticated
        | ErrorKind::PermissionDenied
        | ErrorKind::Corrupt
        | ErrorKind::Unsupported
        | ErrorKind::Internal => false,
    }
}

pub(super) fn part(part: Part) -> &'static str {
    match part {
        Part::Id => "id",
        Part::Vector => "vector",
        Part::Metadata => "metadata",
    }
}

impl Problem {
    /// A problem with a status of its own.
    pub fn new(status: StatusCode, error: Error) -> Self {
        Self { status, error, members: Map::new() }
    }

    /// Adds a member to the document.
    #[must_use]
    pub(super) fn with(mut self, member: &str, value: Value) -> Self {
        self.members.insert(member.to_owned(), value);
        self
    }

    /// The document, naming the request.
    pub(super) fn document(&self, request_id: Option<&str>) -> Vec<u8> {
        let Self { status, error, members } = self;
        let (kind, retryable) = (error.kind(), retryable(error.kind(), *status));
        let document = Document {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: error.to_string(),
            code: kind.code(),
            retryable,
            outcome: match error.outcome() {
                Outcome::Known => "known",
                Outcome::Unknown => "unknown",
            },
            item: error.item().map(|item| item.index),
            part: error.item().map(|item| part(item.part)),
            request_id,
            members,
        };
        serde_json::to_vec(&document).expect("strings and numbers are always JSON")
    }

    /// The response, naming the request.
    pub(super) fn respond(&self, request_id: Option<&str>) -> Response {
        let mut response = (self.status, self.document(request_id)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::new(status(error.kind()), error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.respond(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn document(problem: Problem) -> Value {
        let body = problem.respond(Some("r-1")).into_body();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[tokio::test]
    async fn every_kind_has_an_error_status_and_tells_its_code() {
        for kind in ErrorKind::ALL {
            let status = status(kind);
            assert!(status.is_client_error() || status.is_server_error(), "{kind:?}");
            let document = document(Error::new(kind, "a sentence").into()).await;
            assert_eq!(document["status"], status.as_u16());
            assert_eq!(document["code"], kind.code());
            assert_eq!(document["detail"], "a sentence");
            assert_eq!(document["request_id"], "r-1");
            assert_eq!(document["outcome"], "known");
            assert!(document["retryable"].is_boolean() && document.get("item").is_none());
        }
    }

    #[tokio::test]
    async fn the_item_and_the_outcome_are_told() {
        let error = Error::unavailable("no answer").at(7, Part::Vector).outcome_unknown();
        let document = document(error.into()).await;
        assert_eq!((&document["item"], &document["part"]), (&7.into(), &"vector".into()));
        assert_eq!(document["outcome"], "unknown");
        assert!(document["detail"].as_str().unwrap().starts_with("items[7]: no answer"));
    }

    #[test]
    fn too_much_at_once_is_not_worth_repeating() {
        assert!(!retryable(ErrorKind::ResourceExhausted, StatusCode::PAYLOAD_TOO_LARGE));
        assert!(retryable(ErrorKind::ResourceExhausted, StatusCode::TOO_MANY_REQUESTS));
    }
}
