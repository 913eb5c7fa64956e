//! The list of indexes, one of them, and its end.
//!
//! The list is read from the store each time: other processes create and delete indexes too.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Serialize;

use super::answer;
use super::create::{Described, Told};
use super::live::{Answer, Live, Name, blocking, reading};
use super::query::{Asked, Fresh, Nothing};
use super::state::AppState;

#[derive(Serialize)]
struct Names {
    count: usize,
    names: Vec<String>,
}

pub(super) async fn names(State(state): State<Arc<AppState>>, Asked(Nothing {}): Asked<Nothing>) -> Answer {
    blocking(move || {
        let names = state.registry.names()?;
        Ok(Json(Names { count: names.len(), names }).into_response())
    })
    .await
}

pub(super) async fn describe(Live(live): Live, Asked(fresh): Asked<Fresh>) -> Answer {
    reading(live, fresh.freshness()?, |live, reader| {
        let seq = reader.seq();
        let ef_search_automatic = live.params().ef_search.is_none();
        let described = Described { params: Told::of(live)?, length: reader.len(), seq, ef_search_automatic };
        Ok(answer::json(StatusCode::OK, seq, &described))
    })
    .await
}

pub(super) async fn delete(
    State(state): State<Arc<AppState>>,
    Name(name): Name,
    Asked(Nothing {}): Asked<Nothing>,
) -> Answer {
    blocking(move || {
        state.registry.delete(&name)?;
        state.loading.note(&name, None);
        state.forget(&name);
        Ok(StatusCode::NO_CONTENT.into_response())
    })
    .await
}
