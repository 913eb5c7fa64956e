//! Answers: JSON, and the header that tells which entry of the log they speak of.
//!
//! Rows are written by hand, because their metadata is JSON text already and goes out as it is.

use std::io::Write as _;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::registry::{Consistency, Explanation, Hits, Row};

/// The entry of the log that a write made, or after which a read looked.
pub(super) const SEQ: HeaderName = HeaderName::from_static("x-vectord-seq");

/// A JSON answer that speaks of the index as of `seq`.
pub(super) fn json(status: StatusCode, seq: u64, body: &impl Serialize) -> Response {
    bytes(status, seq, serde_json::to_vec(body).expect("structs of numbers and strings are always JSON"))
}

fn bytes(status: StatusCode, seq: u64, body: Vec<u8>) -> Response {
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json), (SEQ, HeaderValue::from(seq))], body).into_response()
}

/// What a search did.
#[derive(Serialize)]
struct Explained {
    matches: Option<usize>,
    path: &'static str,
    scanned: usize,
    distances: usize,
    ef: usize,
    exact: bool,
}

impl Explained {
    fn of(&Explanation { matches, path, scanned, distances, ef, exact }: &Explanation) -> Self {
        Self { matches, path: path.name(), scanned, distances, ef, exact }
    }
}

/// `{"results":[{"id","distance","metadata"?}],"seq","consistency"}`.
pub(super) fn results(hits: &Hits, consistency: Consistency) -> Response {
    let Hits { seq, exact: _, ids, distances, metadata, explanation } = hits;
    let mut out = Vec::with_capacity(64 * ids.len() + 64);
    out.extend_from_slice(b"{\"results\":[");
    for (at, ((id, distance), metadata)) in ids.iter().zip(distances).zip(metadata).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        put(&mut out, "{\"id\":", id);
        put(&mut out, ",\"distance\":", distance);
        end(&mut out, metadata.as_deref());
    }
    put(&mut out, "],\"seq\":", seq);
    put(&mut out, ",\"consistency\":", consistency.name());
    if let Some(told) = explanation {
        put(&mut out, ",\"explain\":", &Explained::of(told));
    }
    out.push(b'}');
    bytes(StatusCode::OK, *seq, out)
}

/// `{"items":[row],"seq"}`.
pub(super) fn rows<'a>(seq: u64, rows: impl Iterator<Item = &'a Row>) -> Response {
    let mut out = b"{\"items\":[".to_vec();
    for (at, one) in rows.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_row(&mut out, one);
    }
    put(&mut out, "],\"seq\":", &seq);
    out.push(b'}');
    bytes(StatusCode::OK, seq, out)
}

/// `{"id","vector","metadata"?}`.
pub(super) fn row(seq: u64, row: &Row) -> Response {
    let mut out = Vec::new();
    write_row(&mut out, row);
    bytes(StatusCode::OK, seq, out)
}

fn write_row(out: &mut Vec<u8>, row: &Row) {
    let Row { id, vector, metadata } = row;
    put(out, "{\"id\":", id);
    put(out, ",\"vector\":", vector);
    end(out, metadata.as_deref());
}

fn end(out: &mut Vec<u8>, metadata: Option<&str>) {
    if let Some(text) = metadata {
        write!(out, ",\"metadata\":{text}").expect("memory can be written");
    }
    out.push(b'}');
}

fn put(out: &mut Vec<u8>, before: &str, value: &(impl Serialize + ?Sized)) {
    out.extend_from_slice(before.as_bytes());
    serde_json::to_writer(out, value).expect("strings and finite numbers are always JSON");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ids_are_escaped_and_metadata_goes_out_as_it_is() {
        let hits = Hits {
            seq: 7,
            exact: true,
            ids: ["a\"b/ü", "c"].into_iter().collect(),
            distances: vec![0.0, 0.1],
            metadata: vec![Some(r#"{"n":1.0,"big":12345678901234567890123}"#.into()), None],
            explanation: None,
        };
        let response = results(&hits, Consistency::Strong);
        assert_eq!(response.headers()[SEQ], "7");
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        assert_eq!(
            body,
            "{\"results\":[{\"id\":\"a\\\"b/ü\",\"distance\":0.0,\"metadata\":{\"n\":1.0,\"big\":12345678901234567890123}},\
             {\"id\":\"c\",\"distance\":0.1}],\"seq\":7,\"consistency\":\"strong\"}"
        );
    }
}
