//! GET /metrics: the counters, and the figures of every loaded index and of the process, as OpenMetrics text.
//!
//! Prometheus reads it (`application/openmetrics-text`, OpenMetrics 1.0). Nothing on a store is listed, and an index that
//! is not loaded is not loaded for it.

use std::fmt::Error as Unwritten;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::live::{Answer, blocking};
use super::state::AppState;
use crate::registry::{Estimate, LiveFigures, LiveIndex, LiveRecall};

const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

type Number = Gauge<f64, AtomicU64>;
/// A figure of an index; what is not known is left out.
type Figure = fn(&LiveFigures) -> Option<f64>;
type Part = fn(Estimate) -> f64;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    index: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Searches {
    index: String,
    searches: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Described {
    index: String,
    codec: &'static str,
    distance: &'static str,
    dimension: u32,
}

const FIGURES: [(&str, &str, Figure); 10] = [
    ("index_rows", "Living rows", |told| Some(told.index.rows as f64)),
    ("index_rows_dead", "Deleted or replaced rows whose memory is still held", |told| {
        Some(told.index.dead as f64)
    }),
    ("index_rows_tail", "Rows in no graph yet, which every search compares", |told| {
        Some(told.index.tail as f64)
    }),
    ("index_rows_pending", "Rows on their way into the graph", |told| Some(told.index.pending as f64)),
    ("index_memory_bytes", "Bytes in memory", |told| Some(told.index.bytes_memory as f64)),
    ("index_mapped_bytes", "Bytes of vectors that are read from a mapped snapshot", |told| {
        Some(told.index.bytes_mapped as f64)
    }),
    ("index_seq", "The last entry of the log that is visible here", |told| Some(told.index.seq as f64)),
    (
        "index_lag",
        "Entries on the store that are not visible here yet, where the store tells in microseconds",
        |told| told.lag.map(|lag| lag as f64),
    ),
    ("index_ef_search", "The candidate list's length in force", |told| Some(told.index.ef_search as f64)),
    ("index_halted", "1 if writes are refused", |told| Some(f64::from(u8::from(told.halted)))),
];

const RECALL: [(&str, &str, Part); 4] = [
    (
        "index_live_recall",
        "The share of the true neighbours that approximate searches found, measured on the latest of them",
        |told| told.recall,
    ),
    ("index_live_recall_low", "The lower end of its 95 % interval", |told| told.low),
    ("index_live_recall_high", "The upper end of its 95 % interval", |told| told.high),
    ("index_live_recall_queries", "The searches it was measured on", |told| told.queries as f64),
];

/// Tell figures to Prometheus
#[utoipa::path(
    get, path = "/metrics", tag = "Operations",
    responses((status = 200, description = "OpenMetrics 1.0", body = String, content_type = "application/openmetrics-text"))
)]
pub(super) async fn metrics(State(state): State<Arc<AppState>>) -> Answer {
    blocking(move || {
        let mut out = String::with_capacity(16 << 10);
        encode(&state, &mut out).expect("memory can be written");
        Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], out).into_response())
    })
    .await
}

fn encode(state: &AppState, out: &mut String) -> Result<(), Unwritten> {
    state.metrics.encode(out)?;
    let mut registry = Registry::with_prefix("vectord");
    registry.register("uptime_seconds", "Since the service began", number(state.metrics.uptime_seconds()));
    indexes(&mut registry, &state.all_at_hand());
    text::encode_registry(out, &registry)?;
    if let Some(bytes) = resident_bytes() {
        // Named as every exporter names it.
        let mut process = Registry::default();
        process.register("process_resident_memory_bytes", "Resident memory", number(bytes));
        text::encode_registry(out, &process)?;
    }
    text::encode_eof(out)
}

fn indexes(registry: &mut Registry, at_hand: &[LiveIndex]) {
    // One that was dropped meanwhile has no figures.
    let told: Vec<(&LiveIndex, LiveFigures)> =
        at_hand.iter().filter_map(|live| Some((live, live.figures().ok()?))).collect();
    for (name, help, figure) in FIGURES {
        let family = Family::<Of, Number>::default();
        for (live, told) in &told {
            if let Some(value) = figure(told) {
                family.get_or_create(&Of { index: live.name().to_owned() }).set(value);
            }
        }
        registry.register(name, help, family);
    }
    for (name, help, part) in RECALL {
        let family = Family::<Searches, Number>::default();
        for (live, told) in &told {
            let Some(LiveRecall { all, filtered }) = told.live_recall else { continue };
            for (searches, estimate) in [("all", Some(all)), ("filtered", filtered)] {
                if let Some(estimate) = estimate {
                    let index = live.name().to_owned();
                    family.get_or_create(&Searches { index, searches }).set(part(estimate));
                }
            }
        }
        registry.register(name, help, family);
    }
    let described = Family::<Described, Number>::default();
    for (live, told) in &told {
        let params = live.params();
        let (index, codec, distance) = (live.name().to_owned(), told.index.codec, params.distance.name());
        described.get_or_create(&Described { index, codec, distance, dimension: params.dimension }).set(1.0);
    }
    registry.register("index_info", "What the index is; always 1", described);
}

/// What the process has in memory, where the kernel tells.
fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

fn number(value: f64) -> Number {
    let number = Number::default();
    number.set(value);
    number
}
