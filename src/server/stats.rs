//! Figures of an index, and a snapshot on request.
//!
//! Both ask the store, unlike a search.

use axum::http::StatusCode;
use serde::Serialize;

use super::answer;
use super::live::{Answer, Live, blocking};
use crate::index::Stats;
use crate::registry::LiveStats;

#[derive(Serialize)]
struct Told<'a> {
    rows: usize,
    dead: usize,
    tail: usize,
    pending: usize,
    bytes_memory: usize,
    bytes_mapped: usize,
    bytes_store: u64,
    objects: usize,
    seq: u64,
    lag: u64,
    codec: &'a str,
    degree: f64,
    ef_search: usize,
    halted: Option<String>,
}

#[derive(Serialize)]
struct Checkpointed {
    seq: u64,
}

pub(super) async fn stats(Live(live): Live) -> Answer {
    blocking(move || {
        let LiveStats { index, bytes_store, objects, lag, halted } = live.stats()?;
        let Stats { rows, dead, tail, pending, bytes_memory, bytes_mapped, seq, codec, degree, ef_search } =
            index;
        let halted = halted.map(|error| error.to_string());
        let told = Told {
            rows,
            dead,
            tail,
            pending,
            bytes_memory,
            bytes_mapped,
            bytes_store,
            objects,
            seq,
            lag,
            codec,
            degree,
            ef_search,
            halted,
        };
        Ok(answer::json(StatusCode::OK, seq, &told))
    })
    .await
}

pub(super) async fn checkpoint(Live(live): Live) -> Answer {
    blocking(move || {
        let seq = live.checkpoint()?;
        Ok(answer::json(StatusCode::OK, seq, &Checkpointed { seq }))
    })
    .await
}
