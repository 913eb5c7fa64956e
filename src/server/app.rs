//! Every route of the service, and nothing else.
//!
//! What stands around all of them (ids of requests, panics, unknown routes) is in `outer.rs`.

use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use axum::{Extension, Router};

use super::auth::Guard;
use super::routes::Need::{Admin, Grow, Open, Read, Write};
use super::routes::{Route, Routes};
use super::state::AppState;
use super::{
    counts, create, health, ids, indexes, items, later, metadata, metrics, openapi, outer, pages, recall,
    scrape, search, stats, ui,
};

/// The routes over `state`: the same under `/v1/vectors` and `/vectors`.
pub fn app(state: Arc<AppState>) -> Router {
    let (router, table) = table().finish();
    let guard = Guard::new(state.keys.clone(), state.hosts.clone(), &table);
    let admission = Arc::clone(&state.admission);
    let router = router.with_state(Arc::clone(&state)).layer(Extension(admission));
    outer::wrap(router, guard).layer(from_fn_with_state(state, metrics::measure))
}

/// Every route of [`app`], and what it needs.
pub fn routes() -> Vec<Route> {
    table().finish().1
}

fn table() -> Routes<Arc<AppState>> {
    let vectors = Routes::new()
        .post(Admin, "/index", create::create)
        .get(Read, "/index", indexes::names)
        .get(Read, "/index/{name}", indexes::describe)
        .delete(Admin, "/index/{name}", indexes::delete)
        .post(Grow, "/index/{name}/add", items::add)
        .post(Read, "/index/{name}/search", search::search)
        .get(Read, "/index/{name}/items", pages::list)
        .get(Read, "/index/{name}/items/{id}", items::get_one)
        .delete(Write, "/index/{name}/items/{id}", items::delete_one)
        .post(Read, "/index/{name}/get", ids::get)
        .post(Write, "/index/{name}/delete", ids::delete)
        .post(Grow, "/index/{name}/metadata", metadata::set)
        .get(Read, "/index/{name}/count", counts::get_count)
        .post(Read, "/index/{name}/count", counts::count)
        .get(Read, "/index/{name}/values", counts::values)
        .post(Read, "/index/{name}/recall", recall::recall)
        .post(Write, "/index/{name}/flush", later::flush)
        .get(Read, "/index/{name}/stats", stats::stats)
        .post(Admin, "/index/{name}/checkpoint", stats::checkpoint);
    Routes::new()
        .nest("/v1/vectors", vectors.clone())
        .nest("/vectors", vectors)
        .get(Open, "/livez", health::live)
        .get(Read, "/healthz", health::healthy)
        .get(Read, "/readyz", health::ready)
        .get(Read, "/openapi.json", openapi::openapi)
        .get(Read, "/docs", openapi::docs)
        .get(Open, "/ui", ui::to_page)
        .get(Open, "/ui/", ui::page)
        .get(Open, "/ui/{*file}", ui::file)
        .get(Read, "/metrics", scrape::metrics)
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::Context;
    use std::time::Duration;

    use axum::body::{Body, Bytes};
    use axum::http::Request;
    use axum::response::Response;
    use serde_json::Value;
    use tokio::sync::mpsc;
    use tower::ServiceExt;

    use super::*;
    use crate::registry::{Params, Registry};
    use crate::server::Limits;

    fn state(limits: Limits) -> Arc<AppState> {
        let registry = Registry::open("memory:").unwrap();
        registry.create("small", Params::new(2)).unwrap();
        AppState::new(registry, limits)
    }

    fn add(id: &str) -> Request<Body> {
        let body = format!(r#"{{"items":[{{"id":"{id}","vector":[1,2]}}]}}"#);
        Request::post("/vectors/index/small/add").body(body.into()).unwrap()
    }

    async fn document(response: Response) -> Value {
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[tokio::test]
    async fn a_client_that_goes_away_does_not_undo_its_write() {
        let state = state(Limits::default());
        let app = app(Arc::clone(&state));
        let live = state.get("small").unwrap().live;
        {
            let mut asked = pin!(app.oneshot(add("a")));
            let first = asked.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop()));
            assert!(first.is_pending(), "the write runs on another thread");
        }
        while live.is_empty().unwrap() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(live.contains("a").unwrap());
    }

    /// A body that never ends.
    struct Endless(mpsc::UnboundedReceiver<Bytes>);

    impl axum::body::HttpBody for Endless {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
            self.0.poll_recv(context).map(|data| data.map(|data| Ok(http_body::Frame::data(data))))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_is_a_408() {
        let app = app(state(Limits { body_idle: Duration::from_millis(20), ..Limits::default() }));
        let (sender, receiver) = mpsc::unbounded_channel();
        sender.send(Bytes::from_static(b"{\"items\":")).unwrap();
        let request = Request::post("/vectors/index/small/add").body(Body::new(Endless(receiver))).unwrap();
        let response = app.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 408);
        let document = document(response).await;
        assert_eq!((&document["code"], &document["retryable"]), (&"unavailable".into(), &true.into()));
    }

    #[tokio::test]
    async fn a_service_is_ready_when_it_has_loaded_and_until_it_ends() {
        let state = state(Limits::default());
        let ready = || async {
            let request = Request::get("/readyz").body(Body::empty()).unwrap();
            let response = app(Arc::clone(&state)).oneshot(request).await.unwrap();
            (response.status().as_u16(), document(response).await)
        };
        let (status, told) = ready().await;
        assert_eq!((status, &told["detail"]), (503, &"indexes are being loaded".into()));
        let (_going_on, end) = std::sync::mpsc::channel();
        state.load(&end);
        let (status, told) = ready().await;
        assert_eq!((status, &told["store"]["put_if_absent"]), (200, &true.into()));
        state.draining.store(true, std::sync::atomic::Ordering::Release);
        let (status, told) = ready().await;
        assert_eq!((status, &told["detail"]), (503, &"the service is ending".into()));
    }
}
