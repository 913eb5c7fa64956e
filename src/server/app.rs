//! Every route of the service, and nothing else.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::state::AppState;
use super::{create, health, ids, indexes, items, metadata, outer, search, stats};

/// The routes over `state`: the same under `/v1/vectors` and `/vectors`.
pub fn app(state: Arc<AppState>) -> Router {
    let vectors = Router::new()
        .route("/index", post(create::create).get(indexes::names))
        .route("/index/{name}", get(indexes::describe).delete(indexes::delete))
        .route("/index/{name}/add", post(items::add))
        .route("/index/{name}/search", post(search::search))
        .route("/index/{name}/items/{id}", get(items::get_one).delete(items::delete_one))
        .route("/index/{name}/get", post(ids::get))
        .route("/index/{name}/delete", post(ids::delete))
        .route("/index/{name}/metadata", post(metadata::set))
        .route("/index/{name}/stats", get(stats::stats))
        .route("/index/{name}/checkpoint", post(stats::checkpoint));
    let router = Router::new()
        .nest("/v1/vectors", vectors.clone())
        .nest("/vectors", vectors)
        .route("/livez", get(health::live))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready));
    outer::wrap(router.with_state(state))
}
