//! POST index: a new index.
//!
//! Which values are allowed is the registry's business; here they are only read and told.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer;
use super::body::{JsonText, parse};
use super::live::{Answer, blocking};
use super::object::Integer;
use super::query::{Asked, Nothing};
use super::state::AppState;
use crate::error::Result;
use crate::registry::{DEFAULT_M, Distance, LiveIndex, Params, within};

const LIMIT: usize = 64 << 10;

/// As in the Go service 0 and "" stand for the default.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewIndex, example = json!({"name": "cities", "dimension": 2, "distance": "euclidean"}))]
pub(super) struct Body {
    /// Its name: at most 512 bytes of UTF-8 without control characters
    #[schema(min_length = 1)]
    name: String,
    /// How many components its vectors have
    #[schema(value_type = i64, minimum = 1, maximum = 16384)]
    dimension: Integer,
    /// How many neighbours a row keeps in the graph: 2 to 128, 16 unless told
    #[schema(value_type = Option<i64>, maximum = 128)]
    m: Option<Integer>,
    /// How many candidates a search keeps, unless it says otherwise; left to the index unless told
    #[schema(value_type = Option<i64>)]
    ef_search: Option<Integer>,
    /// `cosine` (1 - cos), `euclidean` (L2) or `dot` (1 - q.v); `cosine` unless told
    #[schema(pattern = "^(cosine|euclidean|dot)?$")]
    distance: Option<String>,
}

/// An index's parameters as they are told
#[derive(Serialize, ToSchema)]
#[schema(as = Params)]
pub(super) struct Told {
    /// Its name
    name: String,
    /// How many components its vectors have
    dimension: u32,
    /// How many neighbours a row keeps in the graph
    m: u32,
    /// How many candidates a search keeps: the value in force
    ef_search: usize,
    /// `cosine`, `euclidean` or `dot`
    distance: &'static str,
}

impl Told {
    pub(super) fn of(live: &LiveIndex) -> Result<Self> {
        let Params { dimension, m, ef_search: _, distance } = live.params();
        let (name, ef_search) = (live.name().to_owned(), live.ef_search()?);
        Ok(Self { name, dimension, m, ef_search, distance: distance.name() })
    }
}

/// An index
#[derive(Serialize, ToSchema)]
#[schema(as = Index, example = json!({
    "params": {"name": "cities", "dimension": 2, "m": 16, "ef_search": 64, "distance": "euclidean"},
    "length": 0, "seq": 1, "ef_search_automatic": true
}))]
pub(super) struct Described {
    pub(super) params: Told,
    /// How many rows it holds
    pub(super) length: usize,
    /// The newest entry of its log seen here
    pub(super) seq: u64,
    /// Whether the index chose its `ef_search` by itself
    pub(super) ef_search_automatic: bool,
}

/// Make an index
#[utoipa::path(
    post, path = "/index", tag = "Indexes", request_body = Body,
    responses((status = 201, description = "It is there, and empty", body = Described))
)]
pub(super) async fn create(
    State(state): State<Arc<AppState>>,
    Asked(Nothing {}): Asked<Nothing>,
    JsonText(text): JsonText<LIMIT>,
) -> Answer {
    blocking(move || {
        let body: Body = parse(&text)?;
        let params = params(&body)?;
        let live = state.registry.create(&body.name, params)?;
        state.loading.note(&body.name, None);
        let live = state.keep(live).live;
        let (seq, ef_search_automatic) = (live.seq()?, params.ef_search.is_none());
        let described = Described { params: Told::of(&live)?, length: 0, seq, ef_search_automatic };
        Ok(answer::json(StatusCode::CREATED, seq, &described))
    })
    .await
}

fn params(body: &Body) -> Result<Params> {
    let Body { name: _, dimension, m, ef_search, distance } = body;
    let given = |value: &Option<Integer>| value.map(|Integer(value)| value).filter(|value| *value != 0);
    let distance = distance.as_deref().filter(|name| !name.is_empty());
    let distance = distance.map_or(Ok(Distance::Cosine), Distance::parse)?;
    let dimension = within("dimension", dimension.0, Params::DIMENSION)?;
    let m = given(m).map_or(Ok(DEFAULT_M), |m| within("m", m, Params::M))?;
    let ef_search = given(ef_search).map(|ef| within("ef_search", ef, Params::EF_SEARCH)).transpose()?;
    Ok(Params { dimension, m, ef_search, distance })
}
