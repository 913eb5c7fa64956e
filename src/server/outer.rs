//! The layers around every route: a request's id, its line in the log, panics caught, and keys asked for.
//!
//! Whatever leaves here with an error status is `application/problem+json`, also what axum answers by itself.

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;

use super::asked::Asked;
use super::auth::{Guard, authenticate};
use super::hosts::Hosts;
use super::keys::Keys;
use super::linger::linger;
use super::problem::{PROBLEM, Problem};
use super::storaged;
use crate::error::Error;
use crate::store::Store;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MOST_TARGET_BYTES: usize = 16 << 10;
pub(super) const MOST_HEADERS: usize = 64;
pub(super) const MOST_HEAD_BYTES: usize = 64 << 10;
/// The longest id of a request that is taken over from the caller.
const REQUEST_ID_BYTES: usize = 128;

/// The routes of `vectord storaged`, with the layers of this page.
pub fn storaged_app(store: Arc<dyn Store>, keys: Keys, hosts: Hosts) -> Router {
    let (router, table) = storaged::router(store);
    wrap(router, Guard::new(keys, hosts, &table))
}

/// Puts the layers around `router`, whose callers `guard` knows.
pub(super) fn wrap(router: Router, guard: Arc<Guard>) -> Router {
    router
        .fallback(unknown_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(guard, authenticate))
        .layer(middleware::from_fn(bounded))
        .layer(middleware::from_fn(linger))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(identify))
}

/// Refuses a target that is too long, and a head that is. What is far too long is refused before it comes here.
async fn bounded(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers.len() > MOST_HEADERS || bytes > MOST_HEAD_BYTES {
        let error = Error::invalid(format!(
            "the head is too long: at most {MOST_HEADERS} headers of {MOST_HEAD_BYTES} bytes, got {} of {bytes}",
            headers.len()
        ));
        return Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, error).into_response();
    }
    let bytes = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if bytes > MOST_TARGET_BYTES {
        let error = Error::invalid(format!(
            "the URL is too long: at most {MOST_TARGET_BYTES} bytes from its path on, got {bytes}"
        ));
        return Problem::new(StatusCode::URI_TOO_LONG, error).into_response();
    }
    next.run(request).await
}

async fn unknown_route(request: Request) -> Problem {
    Error::not_found(format!("no route is at {}", request.uri().path())).into()
}

async fn wrong_method(method: Method) -> Problem {
    let error =
        Error::invalid(format!("this route does not take {method}: the Allow header lists what it takes"));
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, error)
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands the payload over")]
fn panicked(payload: Box<dyn Any + Send>) -> Response {
    let message = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(panic = message, "a request panicked");
    Problem::from(
        Error::internal("the request met a bug; the log of the service tells more").outcome_unknown(),
    )
    .into_response()
}

/// Gives the request an id, echoes it, writes it into the document of an error, and logs the answer.
async fn identify(request: Request, next: Next) -> Response {
    let id = request_id(&request);
    let asked = Asked::of(&request);
    let mut response = next.run(request).await;
    let status = response.status();
    let problem = response.extensions_mut().remove::<Problem>();
    let failed = status.is_client_error() || status.is_server_error();
    if failed && (problem.is_some() || !is_problem(&response)) {
        let text = id.to_str().ok();
        let problem = problem.unwrap_or_else(|| foreign(status));
        let (mut parts, _) = response.into_parts();
        let (told, body) = problem.respond(text).into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.extend(told.headers);
        response = Response::from_parts(parts, body);
    }
    asked.log(&response, &id);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// Whether the response tells what is wrong as it should, whoever made it.
fn is_problem(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes() == PROBLEM.as_bytes())
}

/// An error status that no handler of ours made.
fn foreign(status: StatusCode) -> Problem {
    let reason = status.canonical_reason().unwrap_or("error").to_lowercase();
    let error = if status.is_server_error() { Error::internal(reason) } else { Error::invalid(reason) };
    Problem::new(status, error)
}

/// The caller's id if it can stand in a log line, else a new one.
fn request_id(request: &Request) -> HeaderValue {
    let fits = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=REQUEST_ID_BYTES).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
    };
    request.headers().get(REQUEST_ID).filter(fits).cloned().unwrap_or_else(|| {
        HeaderValue::try_from(uuid::Uuid::new_v4().to_string()).expect("a uuid is a header value")
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;

    async fn ask(request: axum::http::request::Builder) -> (Response, Value) {
        let router = Router::new()
            .route("/panic", get(|| async { panic!("on purpose") as &'static str }))
            .route("/bare", get(|| async { StatusCode::URI_TOO_LONG }));
        let response =
            wrap(router, Arc::default()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        (Response::from_parts(parts, Body::empty()), serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn whatever_fails_is_problem_json_with_the_request_s_id() {
        for (path, method, status, code) in [
            ("/panic", "GET", 500, "internal"),
            ("/nowhere", "GET", 404, "not_found"),
            ("/panic", "DELETE", 405, "invalid_argument"),
            ("/bare", "GET", 414, "invalid_argument"),
        ] {
            let request = Request::builder().method(method).uri(path).header("x-request-id", "my-7");
            let (response, document) = ask(request).await;
            assert_eq!(response.status().as_u16(), status, "{path}");
            assert_eq!(response.headers()["content-type"], "application/problem+json");
            assert_eq!(response.headers()["x-request-id"], "my-7");
            assert_eq!((&document["code"], &document["request_id"]), (&code.into(), &"my-7".into()));
            if status == 405 {
                assert_eq!(response.headers()["allow"], "GET,HEAD");
            }
        }
    }

    #[tokio::test]
    async fn an_id_that_could_forge_a_log_line_is_replaced() {
        let long = "x".repeat(REQUEST_ID_BYTES + 1);
        for given in ["", "a b", &long] {
            let (response, _) = ask(Request::builder().uri("/nowhere").header("x-request-id", given)).await;
            assert_eq!(response.headers()["x-request-id"].len(), 36, "{given}");
        }
    }
}
