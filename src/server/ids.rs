//! Rows by a list of ids: got, or deleted; deleted by a filter, too.
//!
//! A single row by its path is in `items.rs`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::body::{JsonText, parse};
use super::content::wants_frame;
use super::items;
use super::keyed::Keyed;
use super::limits;
use super::list::{list, named};
use super::live::{Answer, Live, blocking, fresh_reader};
use super::problem::Problem;
use super::query::{Asked, Fresh, Nothing};
use super::shapes::{self, IdempotencyKey};
use super::state::AppState;
use super::stored::Rows;
use crate::error::{Error, Result};
use crate::registry::{Filter, Include};

const LIMIT: usize = 8 << 20;
/// Rows that are got at once.
const TOGETHER: usize = 1_024;

/// Which rows to delete: `ids` or `filter`
// The list is read by itself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Doomed, example = json!({"ids": ["paris"]}))]
pub(super) struct Which<'a> {
    /// Those with these ids
    #[schema(value_type = Option<Vec<String>>, nullable = false)]
    ids: Option<IgnoredAny>,
    /// Those that pass
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    filter: Option<&'a RawValue>,
}

/// Read rows
///
/// In the order of the list; ids without a row are left out. With `Accept: application/vnd.vectord.frame` the answer is
/// a batch as FORMAT.md lays it out (UPSERT).
#[utoipa::path(
    post, path = "/index/{name}/get", tag = "Rows", params(Fresh), request_body = shapes::Ids,
    responses((status = 200, description = "The rows as they are stored", content(
        (shapes::Rows = "application/json"), (Vec<u8> = "application/vnd.vectord.frame")
    )))
)]
pub(super) async fn get(
    State(state): State<Arc<AppState>>,
    Live(live): Live,
    Asked(fresh): Asked<Fresh>,
    headers: HeaderMap,
    JsonText(text): JsonText<LIMIT, true>,
) -> Answer {
    let reader = fresh_reader(&live, fresh.freshness()?).await?;
    blocking(move || {
        let ids = ids(&text).map_err(named_ids)?;
        let dimension = live.params().dimension;
        limits::check_rows(ids.len(), dimension)?;
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        let mut rows = Rows::new(dimension, Include::ALL, wants_frame(&headers), state.room())?;
        let seq = reader.seq();
        // A few at a time, so that no more is held than is answered; later ones may be of later entries than `seq`.
        for some in ids.chunks(TOGETHER) {
            for row in reader.get(some).iter().flatten() {
                rows.push(row)?;
            }
        }
        rows.end(seq)
    })
    .await
}

/// Delete rows
#[utoipa::path(
    post, path = "/index/{name}/delete", tag = "Rows", params(IdempotencyKey), request_body = Which,
    responses((status = 200, description = "They are gone, if they were there", body = items::DeleteAnswer))
)]
pub(super) async fn delete(
    Live(live): Live,
    Asked(Nothing {}): Asked<Nothing>,
    Keyed(key): Keyed,
    JsonText(text): JsonText<LIMIT, true>,
) -> Answer {
    blocking(move || {
        let Which { ids: listed, filter } = parse(&text)?;
        if let Some(filter) = filter {
            if listed.is_some() {
                return Err(Error::invalid("give ids or filter, not both").into());
            }
            let done = match key {
                Some(key) => live.delete_where_keyed(filter.get(), &key),
                None => live.delete_where(Filter::parse(filter.get())?),
            };
            return Ok(items::deleted(done?));
        }
        let ids = ids(&text).map_err(named_ids)?;
        let done = key.map_or_else(|| live.delete(&ids), |key| live.delete_keyed(&ids, &key));
        Ok(items::deleted(done.map_err(named_ids)?))
    })
    .await
}

fn ids(text: &[u8]) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    let count = list(text, "ids", |_, id: String| {
        ids.push(id);
        Ok(())
    });
    count?.map(|_| ids).ok_or_else(|| Error::invalid("ids is missing: give a list of strings"))
}

fn named_ids(error: Error) -> Problem {
    named("ids", error)
}
