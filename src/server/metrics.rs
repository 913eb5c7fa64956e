//! What the service counts of its requests: how many, how long they took, how many are under way or were refused.
//!
//! Labels are bounded: a route is its template, one stands for all unknown ones, and so with methods. What indexes and
//! the process are like is looked at when somebody asks, in `scrape.rs`.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::state::AppState;

/// The counters of one service.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<Route, Histogram>,
    in_flight: Gauge,
    refused: Family<Why, Counter>,
    begun: Instant,
}

/// Why a request was turned away without being looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Too many bytes of bodies are under way.
    Bodies,
    /// Too many bytes of answers are under way.
    Answers,
    /// Too many searches wait for a thread.
    Searches,
    /// Too many writes wait for the log.
    Writes,
    /// Too many wait for an index that is being opened.
    Opens,
    /// Too many wait for a write that is to be seen.
    Waits,
    /// Too many measure recall.
    Labours,
    /// Too many connections are open.
    Connections,
    /// The store holds as much as it may.
    Quota,
}

impl Refusal {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bodies => "bodies",
            Self::Answers => "answers",
            Self::Searches => "searches",
            Self::Writes => "writes",
            Self::Opens => "opens",
            Self::Waits => "waits",
            Self::Labours => "measurements",
            Self::Connections => "connections",
            Self::Quota => "quota",
        }
    }
}

impl EncodeLabelValue for Refusal {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        self.name().encode(encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Why {
    reason: Refusal,
}

/// The route of a request that is for none.
const UNKNOWN: &str = "unknown";
/// The status of a request whose client went away before the answer; nginx has it so.
const CLIENT_CLOSED: u16 = 499;
/// Upper ends, in seconds.
const BUCKETS: [f64; 16] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("vectord");
        let requests = Family::<Answered, Counter>::default();
        let seconds = Family::<Route, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let (in_flight, refused) = (Gauge::default(), Family::<Why, Counter>::default());
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register(
            "http_request_duration_seconds",
            "From the end of a request's head to the beginning of its answer",
            seconds.clone(),
        );
        registry.register("http_requests_in_flight", "Requests under way", in_flight.clone());
        registry.register(
            "http_requests_refused",
            "Requests and connections turned away because the service has enough to do",
            refused.clone(),
        );
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The vectord that runs", version);
        Self { registry, requests, seconds, in_flight, refused, begun: Instant::now() }
    }

    /// Counts a request that was turned away.
    pub fn refused(&self, why: Refusal) {
        self.refused.get_or_create(&Why { reason: why }).inc();
    }

    /// Seconds since the service began.
    pub(super) fn uptime_seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    pub(super) fn encode(&self, out: &mut String) -> fmt::Result {
        text::encode_registry(out, &self.registry)
    }

    fn begin(&self, request: &Request) -> UnderWay<'_> {
        let route = request.extensions().get::<MatchedPath>().map_or(UNKNOWN, MatchedPath::as_str);
        self.in_flight.inc();
        let answered =
            Answered { route: route.to_owned(), method: method(request.method()), status: CLIENT_CLOSED };
        UnderWay { metrics: self, begun: Instant::now(), answered }
    }
}

/// A request under way; dropping it counts it.
struct UnderWay<'a> {
    metrics: &'a Metrics,
    begun: Instant,
    answered: Answered,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let Self { metrics, begun, answered } = self;
        metrics.in_flight.dec();
        metrics.requests.get_or_create(answered).inc();
        let route = Route { route: std::mem::take(&mut answered.route) };
        metrics.seconds.get_or_create(&route).observe(begun.elapsed().as_secs_f64());
    }
}

/// Counts a request and how long it takes; also one whose client goes away.
pub(super) async fn measure(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let mut under_way = state.metrics.begin(&request);
    let response = next.run(request).await;
    under_way.answered.status = response.status().as_u16();
    response
}

/// Clients can make methods up: those no route has are one.
fn method(method: &Method) -> &'static str {
    const KNOWN: [Method; 7] = [
        Method::GET,
        Method::POST,
        Method::DELETE,
        Method::PUT,
        Method::PATCH,
        Method::HEAD,
        Method::OPTIONS,
    ];
    const NAMES: [&str; 7] = ["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"];
    KNOWN.iter().position(|known| known == method).map_or("other", |at| NAMES[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_counted_by_why() {
        let metrics = Metrics::new();
        metrics.refused(Refusal::Bodies);
        metrics.refused(Refusal::Bodies);
        metrics.refused(Refusal::Quota);
        let mut out = String::new();
        metrics.encode(&mut out).unwrap();
        for line in [
            "vectord_http_requests_refused_total{reason=\"bodies\"} 2\n",
            "vectord_http_requests_refused_total{reason=\"quota\"} 1\n",
        ] {
            assert!(out.contains(line), "{out}");
        }
    }

    #[test]
    fn a_method_that_was_made_up_is_no_label_of_its_own() {
        assert_eq!(method(&Method::POST), "POST");
        assert_eq!(method(&Method::from_bytes(b"BREW").unwrap()), "other");
    }

    #[test]
    fn a_request_whose_client_goes_away_is_counted_and_no_longer_under_way() {
        let metrics = Metrics::new();
        let request = Request::get("/nowhere").body(axum::body::Body::empty()).unwrap();
        let under_way = metrics.begin(&request);
        assert_eq!(metrics.in_flight.get(), 1);
        drop(under_way);
        assert_eq!(metrics.in_flight.get(), 0);
        let closed = Answered { route: UNKNOWN.to_owned(), method: "GET", status: CLIENT_CLOSED };
        assert_eq!(metrics.requests.get_or_create(&closed).get(), 1);
    }
}
