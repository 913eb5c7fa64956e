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
use super::state::AppState;
use crate::error::{Error, Result};
use crate::registry::{DEFAULT_M, Distance, LiveIndex, Params};

const LIMIT: usize = 64 << 10;

/// Numbers are wide, so that what is out of range is told with the range. As in the Go service 0 and ""
/// stand for the default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: String,
    dimension: i64,
    m: Option<i64>,
    ef_search: Option<i64>,
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
}

pub(super) async fn create(State(state): State<Arc<AppState>>, JsonText(text): JsonText<LIMIT>) -> Answer {
    blocking(move || {
        let body: Body = parse(&text)?;
        let params = params(&body)?;
        let live = state.registry.create(&body.name, params)?;
        state.loading.note(&body.name, None);
        let live = state.keep(live).live;
        let seq = live.seq()?;
        let described = Described { params: Told::of(&live)?, length: 0, seq };
        Ok(answer::json(StatusCode::CREATED, seq, &described))
    })
    .await
}

fn params(body: &Body) -> Result<Params> {
    let Body { name: _, dimension, m, ef_search, distance } = body;
    let narrow = |name: &str, value: i64| {
        u32::try_from(value).map_err(|_| Error::invalid(format!("{name} is out of range, got {value}")))
    };
    let given = |value: Option<i64>| value.filter(|value| *value != 0);
    let distance = distance.as_deref().filter(|name| !name.is_empty());
    let params = Params {
        dimension: narrow("dimension", *dimension)?,
        m: given(*m).map_or(Ok(DEFAULT_M), |m| narrow("m", m))?,
        ef_search: given(*ef_search).map(|ef| narrow("ef_search", ef)).transpose()?,
        distance: distance.map_or(Ok(Distance::Cosine), Distance::parse)?,
    };
    params.check()?;
    Ok(params)
}
