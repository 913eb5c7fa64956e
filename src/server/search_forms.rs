//! What a search is asked in: a JSON body, or the query string beside raw rows.
//!
//! What it means, and whether it may be asked, is in `question.rs`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::object::Integer;

/// A search: one of `vector`, `vectors` and `id`, and what is wanted
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Search, example = json!({"vector": [52.5, 13.4], "k": 1, "filter": {"country": {"$ne": "FR"}}}))]
pub(super) struct Body<'a> {
    /// One vector of the index's dimension
    #[serde(borrow)]
    #[schema(value_type = Option<Vec<f32>>)]
    pub(super) vector: Option<&'a RawValue>,
    /// Several, each of which gets a list of results
    #[serde(borrow)]
    #[schema(value_type = Option<Vec<Vec<f32>>>)]
    pub(super) vectors: Option<Vec<&'a RawValue>>,
    /// A row, whose vector is searched for; it finds itself first
    pub(super) id: Option<String>,
    /// How many rows: 10 unless told, at most 1,000
    #[schema(value_type = Option<i64>)]
    pub(super) k: Option<Integer>,
    /// How many candidates the walk keeps: more find more, and take longer
    #[schema(value_type = Option<i64>, minimum = 1)]
    pub(super) ef: Option<Integer>,
    /// In place of `ef`: the recall that is wanted
    pub(super) recall: Option<f64>,
    /// Compare every row
    #[serde(default)]
    pub(super) exact: bool,
    /// Which rows: conditions on metadata and on `$id`
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    pub(super) filter: Option<&'a RawValue>,
    /// Only rows at most this far away
    pub(super) within: Option<f32>,
    /// Tell what the search did
    #[serde(default)]
    pub(super) explain: bool,
    /// What of a row is told beside its id: `metadata` (as it is without) and `vector`
    #[serde(borrow)]
    pub(super) include: Option<Vec<Cow<'a, str>>>,
    /// The `seq` of a write that the answer has to see
    pub(super) min_seq: Option<u64>,
    /// `strong`: see every write that was answered before; `bounded`, as it is without: be at most about two seconds behind
    #[schema(pattern = "^(strong|bounded)$")]
    pub(super) consistency: Option<Cow<'a, str>>,
}

/// The query string beside raw rows; beside JSON only the last two.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Beside {
    /// Beside raw rows: how many rows each
    #[param(value_type = Option<i64>, nullable = false, minimum = 1, maximum = 1000)]
    pub(super) k: Option<Integer>,
    /// Beside raw rows: as in the body
    #[param(value_type = Option<i64>, nullable = false, minimum = 1)]
    pub(super) ef: Option<Integer>,
    /// Beside raw rows: as in the body
    #[param(nullable = false)]
    pub(super) recall: Option<f64>,
    /// Beside raw rows: as in the body
    #[serde(default)]
    #[param(value_type = Option<bool>, nullable = false)]
    pub(super) exact: bool,
    /// Beside raw rows: a filter, as JSON text
    #[param(nullable = false)]
    pub(super) filter: Option<String>,
    /// Beside raw rows: as in the body
    #[param(nullable = false)]
    pub(super) within: Option<f32>,
    /// Beside raw rows: as in the body
    #[serde(default)]
    #[param(value_type = Option<bool>, nullable = false)]
    pub(super) explain: bool,
    /// Beside raw rows: names with commas between them
    #[param(nullable = false, pattern = "^((vector|metadata)(,(vector|metadata))*)?$")]
    pub(super) include: Option<String>,
    /// The `seq` of a write that the answer has to see
    #[param(nullable = false)]
    pub(super) min_seq: Option<u64>,
    /// `strong`: see every write that was answered before; `bounded`, as it is without: be at most about two seconds behind
    #[param(nullable = false, pattern = "^(strong|bounded)$")]
    pub(super) consistency: Option<String>,
}
