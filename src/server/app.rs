//! Every route of the service, and nothing else.
//!
//! What stands around all of them (ids of requests, panics, unknown routes) is in `outer.rs`.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use super::state::AppState;
use super::{
    counts, create, health, ids, indexes, items, metadata, metrics, outer, pages, scrape, search, stats, ui,
};

/// The routes over `state`: the same under `/v1/vectors` and `/vectors`.
pub fn app(state: Arc<AppState>) -> Router {
    let vectors = Router::new()
        .route("/index", post(create::create).get(indexes::names))
        .route("/index/{name}", get(indexes::describe).delete(indexes::delete))
        .route("/index/{name}/add", post(items::add))
        .route("/index/{name}/search", post(search::search))
        .route("/index/{name}/items", get(pages::list))
        .route("/index/{name}/items/{id}", get(items::get_one).delete(items::delete_one))
        .route("/index/{name}/get", post(ids::get))
        .route("/index/{name}/delete", post(ids::delete))
        .route("/index/{name}/metadata", post(metadata::set))
        .route("/index/{name}/count", get(counts::get_count).post(counts::count))
        .route("/index/{name}/values", get(counts::values))
        .route("/index/{name}/stats", get(stats::stats))
        .route("/index/{name}/checkpoint", post(stats::checkpoint));
    let router = Router::new()
        .nest("/v1/vectors", vectors.clone())
        .nest("/vectors", vectors)
        .route("/livez", get(health::live))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/ui", get(ui::to_page))
        .route("/ui/", get(ui::page))
        .route("/ui/{*file}", get(ui::file))
        .route("/metrics", get(scrape::metrics));
    outer::wrap(router.with_state(Arc::clone(&state))).layer(from_fn_with_state(state, metrics::measure))
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
