//! Whether the process is up (`/livez`, `/healthz`), and whether it can answer for every index (`/readyz`).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::loading::Lacking;
use super::problem::Problem;
use super::state::AppState;
use crate::error::Error;

pub(super) async fn live() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

pub(super) async fn ready(State(state): State<Arc<AppState>>) -> Result<Response, Problem> {
    let Lacking { loading, store, mut failed } = state.loading.lacking();
    let readable = state.halted();
    let told = |readable: bool| move |(name, error): &(String, Error)| json!({"name": name, "readable": readable, "code": error.kind().code(), "detail": error.to_string()});
    failed.retain(|(name, _)| readable.iter().all(|(halted, _)| halted != name));
    let indexes: Vec<Value> = failed.iter().map(told(false)).chain(readable.iter().map(told(true))).collect();
    let status = if state.draining.load(Ordering::Acquire) {
        "the service is ending"
    } else if store.is_some() {
        "the store cannot be listed"
    } else if loading {
        "indexes are being loaded"
    } else if indexes.is_empty() {
        return Ok(
            Json(json!({"status": "ready", "indexes": [], "store": described(&state)})).into_response()
        );
    } else {
        "indexes are damaged or refuse writes; the others are served"
    };
    let error =
        Error::unavailable(store.map_or_else(|| status.to_owned(), |error| format!("{status}: {error}")));
    Err(Problem::from(error).with("indexes", indexes.into()).with("store", described(&state)))
}

fn described(state: &AppState) -> Value {
    let store = state.registry.store();
    let put_if_absent = store.capabilities().put_if_absent;
    let mut described = json!({"put_if_absent": put_if_absent});
    if !put_if_absent {
        described["warning"] = "this store cannot decide races: only one process may write to it".into();
    }
    described
}
