//! Answers: JSON, and the header that tells which entry of the log they speak of.
//!
//! Rows are written by hand, because their metadata is JSON text already and goes out as it is: stored ones in
//! `stored.rs`, what a search found in `found.rs`.

use std::io::Write as _;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::content::Form;
use super::room::Room;

/// The entry of the log that a write made, or after which a read looked.
pub(super) const SEQ: HeaderName = HeaderName::from_static("x-vectord-seq");

/// A JSON answer that speaks of the index as of `seq`.
pub(super) fn json(status: StatusCode, seq: u64, body: &impl Serialize) -> Response {
    text(status, seq, serde_json::to_vec(body).expect("structs of numbers and strings are always JSON"))
}

/// The same of JSON text.
pub(super) fn text(status: StatusCode, seq: u64, body: Vec<u8>) -> Response {
    respond(status, Form::Json, seq, body.into())
}

/// An answer of any form that may be long, and was checked by `room`.
pub(super) fn long(form: Form, seq: u64, body: impl Into<Bytes>, room: Room) -> Response {
    respond(StatusCode::OK, form, seq, room.body(body.into()))
}

fn respond(status: StatusCode, form: Form, seq: u64, body: Body) -> Response {
    let form = HeaderValue::from_static(form.name());
    (status, [(header::CONTENT_TYPE, form), (SEQ, HeaderValue::from(seq))], body).into_response()
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
