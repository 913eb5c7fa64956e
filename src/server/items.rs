//! Rows: a batch added, one got, one deleted.
//!
//! Lists of ids are in `ids.rs`, metadata alone in `metadata.rs`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::answer;
use super::content::{Form, form};
use super::etag::Known;
use super::floats::floats;
use super::keyed::{Keyed, idempotency_key};
use super::later::{self, Wanted};
use super::limits;
use super::list::list;
use super::live::{Answer, Live, PathId, blocking, fresh_reader};
use super::object::{Object, Text};
use super::patience;
use super::query::{Asked, Fresh, Nothing};
use super::shapes::{self, IdempotencyKey};
use super::state::AppState;
use super::stored;
use crate::error::{Error, Part, Result};
use crate::frame::Rows;
use crate::registry::{Added, Batch, Deleted};

// A batch that a client cut is not longer than the body that is read.
const _: () = assert!(Rows::MOST_BYTES <= limits::BODY);

/// A row to add, or to put in the place of the one with the same id
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRow)]
pub(super) struct Item<'a> {
    /// At most 512 bytes of UTF-8 without control characters
    #[serde(borrow)]
    #[schema(value_type = String, required = true, min_length = 1)]
    id: Option<Text<'a>>,
    /// As many finite numbers as the index has dimensions
    #[serde(borrow)]
    #[schema(value_type = Vec<f32>, required = true)]
    vector: Option<&'a RawValue>,
    /// Any JSON of at most 64 KiB; null or absent, what is stored stays
    #[serde(borrow)]
    #[schema(value_type = Value)]
    metadata: Option<&'a RawValue>,
}

/// Rows that are on disk
#[derive(Serialize, ToSchema)]
#[schema(as = Added, example = json!({"added": 2, "length": 2, "seq": 2}))]
pub(super) struct AddAnswer {
    /// How many the request held
    added: usize,
    /// How many the index holds now
    length: usize,
    /// The entry of the log that they are in
    seq: u64,
    /// They were in already, under their idempotency key; absent otherwise
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    repeated: bool,
}

/// Rows that are gone
#[derive(Serialize, ToSchema)]
#[schema(as = Deleted, example = json!({"deleted": 1, "length": 1, "seq": 3}))]
pub(super) struct DeleteAnswer {
    /// How many there were
    deleted: usize,
    /// How many the index holds now
    length: usize,
    /// The entry of the log that says so
    seq: u64,
}

/// Add rows, or replace those with the same ids
///
/// All of them, or none: one that cannot be stored refuses the batch, and is named. When the answer is here, they are on
/// disk. A frame is a batch as FORMAT.md lays it out (UPSERT).
#[utoipa::path(
    post, path = "/index/{name}/add", tag = "Rows", params(IdempotencyKey, Wanted),
    request_body(content((shapes::NewRows = "application/json"), (Vec<u8> = "application/vnd.vectord.frame"))),
    responses(
        (status = 200, description = "They are on disk", body = AddAnswer),
        (status = 202, description = "They are queued, as was asked for", body = later::Queued)
    )
)]
pub(super) async fn add(
    State(state): State<Arc<AppState>>,
    Live(live): Live,
    Asked(wanted): Asked<Wanted>,
    request: Request,
) -> Answer {
    let (parts, body) = request.into_parts();
    let form = form(&parts.headers, &[Form::Json, Form::Frame])?;
    let (key, is_later) = (idempotency_key(&parts.headers)?, wanted.is_later()?);
    let mut text = patience::read(&parts.headers, body, limits::BODY, true, state.patience()).await?;
    blocking(move || {
        let batch = match form {
            Form::Json | Form::Raw => batch(&text, live.params().dimension)?,
            Form::Frame => frame(&text)?,
        };
        text.forget();
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

/// Read a row
#[utoipa::path(
    get, path = "/index/{name}/items/{id}", tag = "Rows", params(Fresh),
    responses((status = 200, description = "The row as it is stored", body = shapes::Row))
)]
pub(super) async fn get_one(
    Live(live): Live,
    PathId(id): PathId,
    Asked(fresh): Asked<Fresh>,
    known: Known,
) -> Answer {
    let reader = fresh_reader(&live, fresh.freshness()?).await?;
    let seq = reader.seq();
    let found = reader.get(&[&id]).pop().flatten();
    let row = found.ok_or_else(|| Error::not_found(format!("no row has the id {id:?}")))?;
    Ok(known.tagged(&live, seq, stored::row(seq, &row)))
}

/// Delete a row
#[utoipa::path(
    delete, path = "/index/{name}/items/{id}", tag = "Rows", params(IdempotencyKey),
    responses((status = 200, description = "It is gone, if it was there", body = DeleteAnswer))
)]
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
