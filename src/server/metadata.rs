//! POST metadata: changes what rows say without touching their vectors.
//!
//! Its text is passed on as it was written, never parsed into a value.

use axum::http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::answer;
use super::body::JsonText;
use super::items::no_id;
use super::keyed::Keyed;
use super::list::list;
use super::live::{Answer, Live, blocking};
use super::object::{Object, Text};
use super::query::{Asked, Nothing};
use crate::error::{Error, Part};
use crate::registry::MetadataSet;

const LIMIT: usize = 64 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "given")]
    metadata: Option<&'a RawValue>,
}

/// Keeps a null apart from an absent field: null removes, and absent is a mistake.
fn given<'de: 'a, 'a, D: Deserializer<'de>>(source: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(source).map(Some)
}

#[derive(Serialize)]
struct SetAnswer {
    updated: usize,
    length: usize,
    seq: u64,
}

pub(super) async fn set(
    Live(live): Live,
    Asked(Nothing {}): Asked<Nothing>,
    Keyed(key): Keyed,
    JsonText(text): JsonText<LIMIT, true>,
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
