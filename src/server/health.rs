//! Whether the process is up (`/livez`, `/healthz`), and whether it can answer for every index (`/readyz`).
//!
//! None of them touches the store: a probe costs nothing and cannot hang.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::loading::Lacking;
use super::problem::Problem;
use super::state::AppState;
use crate::error::Error;

/// The process is up
#[derive(ToSchema)]
#[schema(example = json!({"status": "ok"}))]
#[expect(dead_code, reason = "it describes what is written by hand")]
pub(super) struct Up {
    /// `ok`
    status: &'static str,
}

/// Every index can be served
#[derive(ToSchema)]
#[schema(example = json!({"status": "ready", "indexes": [], "store": {"put_if_absent": true}}))]
#[expect(dead_code, reason = "it describes what is written by hand")]
pub(super) struct Ready {
    /// `ready`
    status: &'static str,
    /// Those that cannot be served: none
    indexes: Vec<Value>,
    /// What the store can do
    #[schema(value_type = Object)]
    store: Value,
}

/// Tell that the process is up
#[utoipa::path(
    get, path = "/livez", tag = "Operations",
    responses((status = 200, description = "It is", body = Up))
)]
pub(super) async fn live() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

/// Tell that the process is up, under the name that some probes know
#[utoipa::path(
    get, path = "/healthz", tag = "Operations",
    responses((status = 200, description = "It is", body = Up))
)]
pub(super) async fn healthy() -> Response {
    live().await
}

/// Tell whether every index can be served
///
/// 503 names those that cannot.
#[utoipa::path(
    get, path = "/readyz", tag = "Operations",
    responses((status = 200, description = "All of them", body = Ready))
)]
pub(super) async fn ready(State(state): State<Arc<AppState>>) -> Result<Response, Problem> {
    let Lacking { loading, store, mut failed } = state.loading.lacking();
    let refuses = state.registry.store().refuses_writes();
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
    } else if refuses.is_some() {
        "the store refuses writes; what is loaded is served"
    } else if indexes.is_empty() {
        return Ok(
            Json(json!({"status": "ready", "indexes": [], "store": described(&state)})).into_response()
        );
    } else {
        "indexes are damaged or refuse writes; the others are served"
    };
    let cause = store.or(refuses).map_or_else(String::new, |error| format!(": {error}"));
    let error = Error::unavailable(format!("{status}{cause}"));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;
    use crate::registry::Registry;
    use crate::server::Limits;
    use crate::store::{Capabilities, Key, Memory, Page, Put, Replace, Store};

    /// Overwrites and cannot do otherwise, as the Go service's storaged; and has another trouble.
    #[derive(Debug)]
    struct Old(Memory, Trouble);

    #[derive(Debug, PartialEq)]
    enum Trouble {
        Away,
        RefusesWrites,
    }

    impl Store for Old {
        fn put_if_absent(&self, key: &Key, bytes: &[u8]) -> Put {
            self.0.put_if_absent(key, bytes)
        }

        fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
            self.0.get(key)
        }

        fn size(&self, key: &Key) -> Result<Option<u64>> {
            self.0.size(key)
        }

        fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Page> {
            if prefix == "_vectors/" && self.1 == Trouble::Away {
                Err(Error::unavailable("it is away"))
            } else {
                self.0.list(prefix, start_after, limit)
            }
        }

        fn delete(&self, key: &Key) -> Result<()> {
            self.0.delete(key)
        }

        fn replace(&self, key: &Key, bytes: &[u8]) -> Replace {
            self.0.replace(key, bytes)
        }

        fn refuses_writes(&self) -> Option<Error> {
            (self.1 == Trouble::RefusesWrites).then(|| Error::unavailable("an fsync failed"))
        }

        fn url(&self) -> String {
            self.0.url()
        }

        fn capabilities(&self) -> Capabilities {
            Capabilities { put_if_absent: false, ..self.0.capabilities() }
        }
    }

    async fn told(trouble: Trouble) -> Value {
        let store = Arc::new(Old(Memory::new(), trouble));
        let state = AppState::new(Registry::on(store), Limits::default());
        let (going_on, end) = std::sync::mpsc::channel::<()>();
        drop(going_on);
        state.load(&end);
        let response = ready(State(state)).await.unwrap_err().into_response();
        assert_eq!(response.status(), 503);
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    #[tokio::test]
    async fn a_store_that_is_away_or_cannot_decide_races_is_told() {
        let told = told(Trouble::Away).await;
        assert_eq!(told["detail"], "the store cannot be listed: it is away");
        assert_eq!(told["store"]["put_if_absent"], false);
        assert!(told["store"]["warning"].as_str().unwrap().contains("one process"));
    }

    #[tokio::test]
    async fn a_store_that_refuses_writes_is_told_with_why() {
        let told = told(Trouble::RefusesWrites).await;
        assert_eq!(told["detail"], "the store refuses writes; what is loaded is served: an fsync failed");
    }
}
