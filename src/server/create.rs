//! POST index: a new index.
//!
//! Which values are allowed is the registry's business; here they are only read and told.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

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
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: String,
    dimension: Integer,
    m: Option<Integer>,
    ef_search: Option<Integer>,
    distance: Option<String>,
}

/// An index's parameters as they are told; `ef_search` is the value in force.
#[derive(Serialize)]
pub(super) struct Told {
    name: String,
    dimension: u32,
    m: u32,
    ef_search: usize,
    distance: &'static str,
}

impl Told {
    pub(super) fn of(live: &LiveIndex) -> Result<Self> {
        let Params { dimension, m, ef_search: _, distance } = live.params();
        let (name, ef_search) = (live.name().to_owned(), live.ef_search()?);
        Ok(Self { name, dimension, m, ef_search, distance: distance.name() })
    }
}

/// The answer about an index.
#[derive(Serialize)]
pub(super) struct Described {
    pub(super) params: Told,
    pub(super) length: usize,
    pub(super) seq: u64,
    /// The index chose its `ef_search` by itself.
    pub(super) ef_search_automatic: bool,
}

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
