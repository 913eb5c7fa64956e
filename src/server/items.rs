//! Rows: a batch added, one got, one deleted.
//!
//! Lists of ids are in `ids.rs`, metadata alone in `metadata.rs`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::answer;
use super::content::{Form, form};
use super::etag::Known;
use super::floats::floats;
use super::keyed::{Keyed, idempotency_key};
use super::later::{self, Wanted};
use super::list::list;
use super::live::{Answer, Live, PathId, blocking, reading};
use super::object::{Object, Text};
use super::patience;
use super::query::{Asked, Fresh, Nothing};
use super::state::AppState;
use crate::error::{Error, Part, Result};
use crate::registry::{Added, Batch, Deleted};

const LIMIT: usize = 64 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    vector: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct AddAnswer {
    added: usize,
    length: usize,
    seq: u64,
    /// It was in already, under its idempotency key; absent otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    repeated: bool,
}

#[derive(Serialize)]
struct DeleteAnswer {
    deleted: usize,
    length: usize,
    seq: u64,
}

pub(super) async fn add(
    State(state): State<Arc<AppState>>,
    Live(live): Live,
    Asked(wanted): Asked<Wanted>,
    request: Request,
) -> Answer {
    let (parts, body) = request.into_parts();
    let form = form(&parts.headers, &[Form::Json, Form::Frame])?;
    let (key, is_later) = (idempotency_key(&parts.headers)?, wanted.is_later()?);
    let text = patience::read(&parts.headers, body, LIMIT, true, state.patience()).await?;
    blocking(move || {
        let batch = match form {
            Form::Json | Form::Raw => batch(&text, live.params().dimension)?,
            Form::Frame => frame(&text)?,
        };
        drop(text);
        if is_later {
            return Ok(later::add(&live, batch, key.as_deref())?);
        }
        let Added { seq, added, length, repeated } = live.add(batch, key.as_deref())?;
        Ok(answer::json(StatusCode::OK, seq, &AddAnswer { added, length, seq, repeated }))
    })
    .await
}

/// A batch in the layout of the log.
fn frame(bytes: &[u8]) -> Result<Batch> {
    let batch = Batch::read(bytes)?;
    if batch.is_empty() {
        Err(Error::invalid("the body holds no rows: give at least one"))
    } else {
        Ok(batch)
    }
}

fn batch(text: &[u8], dimension: u32) -> Result<Batch> {
    let (mut rows, mut vector) = (Batch::builder(0, dimension), Vec::with_capacity(dimension as usize));
    let count = list(text, "items", |at, Object(item): Object<Item<'_>>| {
        let Item { id, vector: numbers, metadata } = item;
        let Text(id) = id.ok_or_else(|| no_id(at))?;
        floats(numbers, &mut vector).map_err(|error| error.at(at, Part::Vector))?;
        if vector.len() != dimension as usize {
            let got = vector.len();
            let error = Error::invalid(format!("dimension mismatch: index has {dimension}, got {got}"));
            return Err(error.at(at, Part::Vector));
        }
        rows.push_row(&id, metadata.map(RawValue::get), &vector)
    })?;
    match count {
        Some(1..) => rows.finish(),
        Some(0) => Err(Error::invalid("items is empty: give at least one")),
        None => Err(Error::invalid("items is missing: give a list of {id, vector, metadata}")),
    }
}

/// The refusal of item `at`, which has no id.
pub(super) fn no_id(at: usize) -> Error {
    Error::invalid("id is missing").at(at, Part::Id)
}

pub(super) async fn get_one(
    Live(live): Live,
    PathId(id): PathId,
    Asked(fresh): Asked<Fresh>,
    known: Known,
) -> Answer {
    reading(live, fresh.freshness()?, move |live, reader| {
        let seq = reader.seq();
        let found = reader.get(&[&id]).pop().flatten();
        let row = found.ok_or_else(|| Error::not_found(format!("no row has the id {id:?}")))?;
        Ok(known.tagged(live, seq, answer::row(seq, &row)))
    })
    .await
}

pub(super) async fn delete_one(
    Live(live): Live,
    PathId(id): PathId,
    Asked(Nothing {}): Asked<Nothing>,
    Keyed(key): Keyed,
) -> Answer {
    blocking(move || {
        let ids = [id];
        let done = key.map_or_else(|| live.delete(&ids), |key| live.delete_keyed(&ids, &key));
        Ok(deleted(done?))
    })
    .await
}

/// The answer to a delete.
pub(super) fn deleted(Deleted { seq, deleted, length }: Deleted) -> Response {
    answer::json(StatusCode::OK, seq, &DeleteAnswer { deleted, length, seq })
}
