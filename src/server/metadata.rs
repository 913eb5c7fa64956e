//! POST metadata: changes what rows say without touching their vectors.
//!
//! Its text is passed on as it was written, never parsed into a value.

use axum::http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::answer;
use super::body::JsonText;
use super::items::no_id;
use super::keyed::Keyed;
use super::limits;
use super::list::list;
use super::live::{Answer, Live, blocking};
use super::object::{Object, Text};
use super::query::{Asked, Nothing};
use super::shapes::{self, IdempotencyKey};
use crate::error::{Error, Part};
use crate::registry::MetadataSet;

/// A row's new metadata
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMetadata)]
pub(super) struct Item<'a> {
    /// A row that is there
    #[serde(borrow)]
    #[schema(value_type = String, required = true, min_length = 1)]
    id: Option<Text<'a>>,
    /// Any JSON of at most 64 KiB in the place of what is stored; null removes it
    #[serde(borrow, default, deserialize_with = "given")]
    #[schema(value_type = Value, required = true)]
    metadata: Option<&'a RawValue>,
}

/// Keeps a null apart from an absent field: null removes, and absent is a mistake.
fn given<'de: 'a, 'a, D: Deserializer<'de>>(source: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(source).map(Some)
}

/// Metadata that is on disk
#[derive(Serialize, ToSchema)]
#[schema(as = MetadataSet, example = json!({"updated": 1, "length": 2, "seq": 3}))]
pub(super) struct SetAnswer {
    /// How many rows there were to change
    updated: usize,
    /// How many the index holds
    length: usize,
    /// The entry of the log that says so
    seq: u64,
}

/// Change metadata, and leave the vectors
///
/// All of them, or none where an id has no row.
#[utoipa::path(
    post, path = "/index/{name}/metadata", tag = "Rows", params(IdempotencyKey), request_body = shapes::NewMetadatas,
    responses((status = 200, description = "It is on disk", body = SetAnswer))
)]
pub(super) async fn set(
    Live(live): Live,
    Asked(Nothing {}): Asked<Nothing>,
    Keyed(key): Keyed,
    JsonText(text): JsonText<{ limits::BODY }, true>,
) -> Answer {
    blocking(move || {
        let mut rows = Vec::new();
        let count = list(&text, "items", |at, Object(item): Object<Item<'_>>| {
            let Item { id, metadata } = item;
            let Text(id) = id.ok_or_else(|| no_id(at))?;
            let missing = || Error::invalid("metadata is missing: give a JSON value, or null to remove it");
            let metadata = metadata.ok_or_else(|| missing().at(at, Part::Metadata))?;
            rows.push((id.into_owned(), Some(metadata.get().to_owned())));
            Ok(())
        })?;
        if count.is_none_or(|count| count == 0) {
            return Err(Error::invalid("items is empty: give at least one {id, metadata}").into());
        }
        let done = key.map_or_else(|| live.set_metadata(&rows), |key| live.set_metadata_keyed(&rows, &key));
        let MetadataSet { seq, updated, length } = done?;
        Ok(answer::json(StatusCode::OK, seq, &SetAnswer { updated, length, seq }))
    })
    .await
}
