//! The list of indexes, one of them, and its end.
//!
//! The list is read from the store each time: other processes create and delete indexes too.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::create::{Described, Told};
use super::live::{Answer, Live, Name, blocking, fresh_reader};
use super::query::{Asked, Fresh, Nothing};
use super::state::AppState;

/// The indexes there are
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"count": 2, "names": ["docs", "places"]}))]
pub(super) struct Names {
    /// How many there are
    count: usize,
    /// Their names, sorted
    names: Vec<String>,
}

/// List the indexes
///
/// The list is read from the store: indexes that other processes made are in it.
#[utoipa::path(
    get, path = "/index", tag = "Indexes",
    responses((status = 200, description = "Their names", body = Names))
)]
pub(super) async fn names(State(state): State<Arc<AppState>>, Asked(Nothing {}): Asked<Nothing>) -> Answer {
    blocking(move || {
        let names = state.registry.names()?;
        Ok(Json(Names { count: names.len(), names }).into_response())
    })
    .await
}

/// Describe an index
#[utoipa::path(
    get, path = "/index/{name}", tag = "Indexes", params(Fresh),
    responses((status = 200, description = "Its parameters and its length", body = Described))
)]
pub(super) async fn describe(Live(live): Live, Asked(fresh): Asked<Fresh>) -> Answer {
    let reader = fresh_reader(&live, fresh.freshness()?).await?;
    let seq = reader.seq();
    let ef_search_automatic = live.params().ef_search.is_none();
    let described = Described { params: Told::of(&live)?, length: reader.len(), seq, ef_search_automatic };
    Ok(answer::json(StatusCode::OK, seq, &described))
}

/// Delete an index
///
/// Its rows are gone for every process, and the store gets its room back.
#[utoipa::path(
    delete, path = "/index/{name}", tag = "Indexes",
    responses((status = 204, description = "It is gone"))
)]
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
