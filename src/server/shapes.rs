//! The JSON that handlers read and write by hand, as the OpenAPI document tells it.
//!
//! Rows go out without being parsed (`answer.rs`, `found.rs`), and lists come in element by element (`list.rs`).

#![expect(dead_code, reason = "these are described, and never made")]

use serde::Deserialize;
use serde_json::Value;
use utoipa::openapi::schema::AnyOfBuilder;
use utoipa::openapi::{ArrayBuilder, Ref, RefOr, Schema};
use utoipa::{IntoParams, ToSchema};

use super::{items, metadata};

/// Rows to add
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"items": [
    {"id": "oslo", "vector": [59.9, 10.8], "metadata": {"country": "NO"}},
    {"id": "paris", "vector": [48.9, 2.4], "metadata": {"country": "FR"}}
]}))]
pub(super) struct NewRows<'a> {
    /// At least one; of two with one id the later counts
    #[serde(borrow)]
    #[schema(min_items = 1)]
    pub(super) items: Vec<items::Item<'a>>,
}

/// Metadata to change
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"items": [{"id": "oslo", "metadata": {"country": "NO", "capital": true}}]}))]
pub(super) struct NewMetadatas<'a> {
    /// At least one
    #[serde(borrow)]
    #[schema(min_items = 1)]
    pub(super) items: Vec<metadata::Item<'a>>,
}

/// Rows to read
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"ids": ["oslo", "atlantis"]}))]
pub(super) struct Ids {
    /// Their ids
    pub(super) ids: Vec<String>,
}

/// A stored row
#[derive(ToSchema)]
#[schema(example = json!({"id": "oslo", "vector": [59.9, 10.8], "metadata": {"country": "NO"}}))]
pub(super) struct Row {
    pub(super) id: String,
    /// As it was given, bit for bit
    #[schema(required = false)]
    pub(super) vector: Vec<f32>,
    /// As it was given
    #[schema(required = false)]
    pub(super) metadata: Value,
}

/// Stored rows
#[derive(ToSchema)]
pub(super) struct Rows {
    pub(super) items: Vec<Row>,
    /// The newest entry of the log that the answer sees
    pub(super) seq: u64,
}

/// A page of stored rows
#[derive(ToSchema)]
#[schema(example = json!({"items": [{"id": "oslo", "vector": [59.9, 10.8]}], "next": "oslo", "seq": 2}))]
pub(super) struct Page {
    pub(super) items: Vec<Row>,
    /// What to give as `after` for the next page; null where no row follows
    pub(super) next: Option<String>,
    /// The newest entry of the log that the answer sees
    pub(super) seq: u64,
}

/// A row that was found
#[derive(ToSchema)]
pub(super) struct Hit {
    pub(super) id: String,
    /// Smaller is nearer: 1 - cos, L2 or 1 - q.v
    pub(super) distance: f32,
    /// If it was asked for
    #[schema(required = false)]
    pub(super) vector: Vec<f32>,
    /// As it was given
    #[schema(required = false)]
    pub(super) metadata: Value,
}

/// What was found
#[derive(ToSchema)]
#[schema(example = json!({
    "results": [{"id": "oslo", "distance": 7.9, "metadata": {"country": "NO"}}], "seq": 2, "consistency": "bounded"
}))]
pub(super) struct SearchResults {
    /// Rows, nearest first; for `vectors` a list of such lists
    #[schema(schema_with = one_or_many_of_hits)]
    pub(super) results: Vec<Hit>,
    /// For `vectors`: whether each list is exact
    #[schema(required = false)]
    pub(super) exact: Vec<bool>,
    /// The newest entry of the log that the answer sees
    pub(super) seq: u64,
    /// `strong` or `bounded`: how fresh the answer is
    pub(super) consistency: String,
    /// If it was asked for: what the search did; for `vectors` a list
    #[schema(required = false, schema_with = one_or_many_explained)]
    pub(super) explain: Value,
}

/// A list of hits, or a list of such lists.
fn one_or_many_of_hits() -> Schema {
    ArrayBuilder::new().items(RefOr::T(one_or_many("Hit"))).build().into()
}

fn one_or_many_explained() -> Schema {
    one_or_many("Explained")
}

fn one_or_many(name: &str) -> Schema {
    let many = ArrayBuilder::new().items(Ref::from_schema_name(name));
    AnyOfBuilder::new().item(Ref::from_schema_name(name)).item(many).build().into()
}

/// The header of writes that may be sent twice.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct IdempotencyKey {
    /// The write's name, chosen by the caller: sent again under it, it happens once
    #[param(
        rename = "Idempotency-Key",
        nullable = false,
        example = "batch-7",
        min_length = 1,
        max_length = 512
    )]
    pub(super) key: Option<String>,
}
