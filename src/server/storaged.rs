//! `vectord storaged`: any store over HTTP, in the few calls the log needs. FORMAT.md describes them.
//!
//! Neither keys nor addresses are here: each route only says what it needs.
//! Objects pass through memory whole, as the [`Store`] trait takes them; a PUT is checked against
//! the limit by its announced length before any of it is read.

mod problem;
mod range;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use self::problem::{problem, refuse, unwritten};
use self::range::Range;
use super::budget::Budget;
use super::metrics::Refusal;
use super::patience::{self, Patience};
use super::payload::Payload;
use super::routes::{Need, Route, Routes};
use crate::error::Error;
use crate::store::{Capabilities, Key, Page, Put, Replace, Store};

/// The largest object taken: the snapshot of a million vectors of a thousand dimensions fits.
pub const MAX_OBJECT_BYTES: u64 = 4 << 30;
/// Keys per page of a listing: by default, and at most (more may be asked for, fewer are answered).
const PAGE: usize = 1_000;
const MAX_PAGE: usize = 10_000;
/// How long a PUT may be silent, and may take: 4 GiB at 1 MiB/s, and some more.
const IDLE: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(5_000);
const ROOT: &str = "/v1/storage/";

type Shared = Arc<dyn Store>;

/// The routes of `vectord storaged` over `store`, and what each needs.
pub(super) fn router(store: Arc<dyn Store>) -> (Router, Vec<Route>) {
    let (router, table) = table().finish();
    (router.with_state(store), table)
}

/// Every route of `vectord storaged`, and what it needs.
pub fn routes() -> Vec<Route> {
    table().finish().1
}

fn table() -> Routes<Shared> {
    Routes::new()
        .get(Need::Open, "/livez", super::health::live)
        .get(Need::Read, "/v1/storage", list)
        .get(Need::Read, "/v1/storage/{*key}", read)
        .put(Need::Write, "/v1/storage/{*key}", write)
        .delete(Need::Write, "/v1/storage/{*key}", delete)
        .get(Need::Read, "/.well-known/storaged", describe)
}

fn max_object_bytes(store: &dyn Store) -> u64 {
    store.capabilities().max_object_bytes.min(MAX_OBJECT_BYTES)
}

/// The key in a path, decoded once as a whole: `a%2Fb` and `a/b` are the same.
struct PathKey(Key);

impl<S: Sync> FromRequestParts<S> for PathKey {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let encoded = parts.uri.path().strip_prefix(ROOT).unwrap_or_default();
        percent_decode_str(encoded)
            .decode_utf8()
            .map_err(|_| Error::invalid("the key is not UTF-8"))
            .and_then(|text| Key::parse(text.into_owned()))
            .map(Self)
            .map_err(|error| refuse(&error))
    }
}

/// The body of a PUT, whole and within the limit.
struct Whole(Payload);

impl FromRequest<Shared> for Whole {
    type Rejection = Response;

    async fn from_request(request: Request, store: &Shared) -> Result<Self, Response> {
        let most = max_object_bytes(&**store);
        let limit = usize::try_from(most).unwrap_or(usize::MAX);
        let patience =
            Patience { idle: IDLE, whole: WHOLE, budget: Budget::new(Refusal::Bodies, usize::MAX, None) };
        let (parts, body) = request.into_parts();
        patience::read(&parts.headers, body, limit, false, patience).await.map(Self).map_err(|refusal| {
            let response = refusal.into_response();
            if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
                let error = Error::exhausted(format!("the object is too large: at most {most} bytes"));
                return problem(StatusCode::PAYLOAD_TOO_LARGE, &error);
            }
            response
        })
    }
}

/// Runs a call of the store where it may block.
async fn blocking<T: Send + 'static>(
    store: Shared,
    call: impl FnOnce(&dyn Store) -> T + Send + 'static,
) -> Result<T, Response> {
    tokio::task::spawn_blocking(move || call(&*store))
        .await
        .map_err(|_| refuse(&Error::internal("the call did not finish")))
}

async fn read(
    State(store): State<Shared>,
    PathKey(key): PathKey,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let missing = Error::not_found("no such object").within(&key);
    let found = blocking(store, move |store| {
        store.get(&key).map(|found| found.map(|bytes| (format!("\"{:032x}\"", xxh3_128(&bytes)), bytes)))
    });
    let Some((etag, bytes)) = found.await?.map_err(|error| refuse(&error))? else {
        return Err(refuse(&missing));
    };
    let bytes = Bytes::from(bytes);
    let common = [
        (header::ETAG, etag.clone()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
    ];
    if text(&headers, header::IF_NONE_MATCH).is_some_and(|tags| lists(tags, &etag)) {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let range = text(&headers, header::RANGE)
        .filter(|_| text(&headers, header::IF_RANGE).is_none_or(|wanted| wanted == etag))
        .map_or(Range::Whole, |range| Range::parse(range, bytes.len()));
    let size = bytes.len();
    Ok(match range {
        Range::Whole => (common, bytes).into_response(),
        Range::Part { first, end } => {
            let shown = format!("bytes {first}-{}/{size}", end - 1);
            let part = bytes.slice(first..end);
            (StatusCode::PARTIAL_CONTENT, common, [(header::CONTENT_RANGE, shown)], part).into_response()
        }
        Range::Outside => {
            let error = Error::invalid(format!("the range begins after the object's end: size is {size}"));
            let mut response = problem(StatusCode::RANGE_NOT_SATISFIABLE, &error);
            let shown = format!("bytes */{size}").parse().expect("digits are a header value");
            response.headers_mut().insert(header::CONTENT_RANGE, shown);
            response
        }
    })
}

async fn write(
    State(store): State<Shared>,
    PathKey(key): PathKey,
    headers: HeaderMap,
    Whole(bytes): Whole,
) -> Result<Response, Response> {
    let absent_only = match text(&headers, header::IF_NONE_MATCH) {
        None if headers.contains_key(header::IF_NONE_MATCH) || headers.contains_key(header::IF_MATCH) => None,
        None => Some(false),
        Some("*") if !headers.contains_key(header::IF_MATCH) => Some(true),
        Some(_) => None,
    };
    match absent_only {
        // A precondition must be honoured or refused, never passed over.
        None => Err(refuse(&Error::invalid("the only precondition of a PUT is If-None-Match: *"))),
        Some(true) => match blocking(store, move |store| store.put_if_absent(&key, &bytes)).await? {
            Put::Created => Ok(StatusCode::CREATED.into_response()),
            Put::Exists => {
                Err(problem(StatusCode::PRECONDITION_FAILED, &Error::already_exists("the object exists")))
            }
            Put::Failed { error, written } => Err(unwritten(&error, written)),
        },
        Some(false) => match blocking(store, move |store| store.replace(&key, &bytes)).await? {
            Replace::Created => Ok(StatusCode::CREATED.into_response()),
            Replace::Replaced => Ok(StatusCode::OK.into_response()),
            Replace::Failed { error, written } => Err(unwritten(&error, written)),
        },
    }
}

async fn delete(State(store): State<Shared>, PathKey(key): PathKey) -> Result<Response, Response> {
    blocking(store, move |store| store.delete(&key)).await?.map_err(|error| refuse(&error))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize)]
struct Asked {
    prefix: Option<String>,
    start_after: Option<String>,
    limit: Option<usize>,
}

#[derive(Serialize)]
struct Listing {
    keys: Vec<Listed>,
    next: Option<String>,
}

#[derive(Serialize)]
struct Listed {
    key: String,
    size: u64,
}

async fn list(
    State(store): State<Shared>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Response> {
    let Query(Asked { prefix, start_after, limit }) =
        asked.map_err(|rejection| refuse(&Error::invalid(rejection.body_text())))?;
    let limit = limit.unwrap_or(PAGE).min(MAX_PAGE);
    let page = blocking(store, move |store| {
        store.list(prefix.as_deref().unwrap_or_default(), start_after.as_deref(), limit)
    });
    let Page { objects, next } = page.await?.map_err(|error| refuse(&error))?;
    let keys =
        objects.into_iter().map(|object| Listed { key: object.key.to_string(), size: object.size }).collect();
    Ok(axum::Json(Listing { keys, next }).into_response())
}

async fn describe(State(store): State<Shared>) -> Response {
    let Capabilities { put_if_absent, durable, cheap_stat: _, max_object_bytes: _ } = store.capabilities();
    axum::Json(serde_json::json!({
        "put_if_absent": put_if_absent,
        "durable": durable,
        "max_object_bytes": max_object_bytes(&*store),
    }))
    .into_response()
}

/// A header's value, if it is there and is text.
fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Whether a list of entity tags holds `etag`, or is `*`.
fn lists(tags: &str, etag: &str) -> bool {
    tags == "*" || tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)
}
