//! Answers: JSON, and the header that tells which entry of the log they speak of.
//!
//! Rows are written by hand, because their metadata is JSON text already and goes out as it is. What a search found is
//! in `found.rs`.

use std::io::Write as _;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::content::Form;
use super::include::Include;
use crate::registry::Row;

/// The entry of the log that a write made, or after which a read looked.
pub(super) const SEQ: HeaderName = HeaderName::from_static("x-vectord-seq");

/// A JSON answer that speaks of the index as of `seq`.
pub(super) fn json(status: StatusCode, seq: u64, body: &impl Serialize) -> Response {
    bytes(status, seq, serde_json::to_vec(body).expect("structs of numbers and strings are always JSON"))
}

/// The same of JSON text.
pub(super) fn bytes(status: StatusCode, seq: u64, body: Vec<u8>) -> Response {
    respond(status, HeaderValue::from_static(Form::Json.name()), seq, body)
}

/// An answer of any form.
pub(super) fn respond(status: StatusCode, form: HeaderValue, seq: u64, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, form), (SEQ, HeaderValue::from(seq))], body).into_response()
}

/// `{"items":[row],"seq"}`.
pub(super) fn rows<'a>(seq: u64, rows: impl Iterator<Item = &'a Row>) -> Response {
    let mut out = items(rows, Include::ALL);
    put(&mut out, ",\"seq\":", &seq);
    out.push(b'}');
    bytes(StatusCode::OK, seq, out)
}

/// `{"items":[row],"next","seq"}`: `next` is null where no row follows.
pub(super) fn page<'a>(
    seq: u64,
    rows: impl Iterator<Item = &'a Row>,
    next: Option<&str>,
    include: Include,
) -> Response {
    let mut out = items(rows, include);
    put(&mut out, ",\"next\":", &next);
    put(&mut out, ",\"seq\":", &seq);
    out.push(b'}');
    bytes(StatusCode::OK, seq, out)
}

/// `{"id","vector","metadata"?}`.
pub(super) fn row(seq: u64, row: &Row) -> Response {
    let mut out = Vec::new();
    write_row(&mut out, row, Include::ALL);
    bytes(StatusCode::OK, seq, out)
}

fn items<'a>(rows: impl Iterator<Item = &'a Row>, include: Include) -> Vec<u8> {
    let mut out = b"{\"items\":[".to_vec();
    for (at, one) in rows.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_row(&mut out, one, include);
    }
    out.push(b']');
    out
}

fn write_row(out: &mut Vec<u8>, row: &Row, include: Include) {
    let Row { id, vector, metadata } = row;
    put(out, "{\"id\":", id);
    if include.vector {
        put(out, ",\"vector\":", vector);
    }
    end(out, metadata.as_deref().filter(|_| include.metadata));
}

/// The metadata of a row, if it has any, and the end of the row.
pub(super) fn end(out: &mut Vec<u8>, metadata: Option<&str>) {
    if let Some(text) = metadata {
        write!(out, ",\"metadata\":{text}").expect("memory can be written");
    }
    out.push(b'}');
}

/// A field of an object: what stands before its value, and the value.
pub(super) fn put(out: &mut Vec<u8>, before: &str, value: &(impl Serialize + ?Sized)) {
    out.extend_from_slice(before.as_bytes());
    serde_json::to_writer(out, value).expect("strings and finite numbers are always JSON");
}
