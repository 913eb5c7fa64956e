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
use super::state::AppState;
use crate::error::{Error, Result};
use crate::registry::{Distance, LiveIndex, Params};

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
    let given = |value: &Option<Integer>| value.map(|Integer(value)| value).filter(|value| *value != 0);
    let distance = distance.as_deref().filter(|name| !name.is_empty());
    let mut params = Params::new(1);
    params.distance = distance.map_or(Ok(Distance::Cosine), Distance::parse)?;
    set(&mut params, dimension.0, |params, value| params.dimension = value)?;
    if let Some(m) = given(m) {
        set(&mut params, m, |params, value| params.m = value)?;
    }
    if let Some(ef_search) = given(ef_search) {
        set(&mut params, ef_search, |params, value| params.ef_search = Some(value))?;
    }
    Ok(params)
}

/// Sets one parameter and checks it. The ranges are the index's: what no `u32` holds is refused as the
/// nearest that one does, and told as it was given.
fn set(params: &mut Params, given: i64, put: impl FnOnce(&mut Params, u32)) -> Result<()> {
    let nearest = given.clamp(0, i64::from(u32::MAX));
    put(params, u32::try_from(nearest).expect("clamped to what a u32 holds"));
    params.check().map_err(|error| match error.message().rsplit_once("got ") {
        Some((range, _)) => Error::invalid(format!("{range}got {given}")),
        None => error,
    })
}
