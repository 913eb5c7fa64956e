//! Answers: JSON, and the header that tells which entry of the log they speak of.
//!
//! Rows are written by hand, because their metadata is JSON text already and goes out as it is. What a search found is
//! in `found.rs`.

use std::io::Write as _;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::content::Form;
use super::problem::Problem;
use super::room::Room;
use crate::registry::{Include, Row};

/// The entry of the log that a write made, or after which a read looked.
pub(super) const SEQ: HeaderName = HeaderName::from_static("x-vectord-seq");

/// A JSON answer that speaks of the index as of `seq`.
pub(super) fn json(status: StatusCode, seq: u64, body: &impl Serialize) -> Response {
    let text = serde_json::to_vec(body).expect("structs of numbers and strings are always JSON");
    respond(status, HeaderValue::from_static(Form::Json.name()), seq, text.into())
}

/// An answer of any form that may be long; `room` has it checked.
pub(super) fn long(form: HeaderValue, seq: u64, body: Vec<u8>, room: Room) -> Response {
    respond(StatusCode::OK, form, seq, room.body(body))
}

fn respond(status: StatusCode, form: HeaderValue, seq: u64, body: Body) -> Response {
    (status, [(header::CONTENT_TYPE, form), (SEQ, HeaderValue::from(seq))], body).into_response()
}

/// `{"items":[row],"seq"}`, or `{"items":[row],"next","seq"}`, written row by row.
pub(super) struct Rows {
    out: Vec<u8>,
    include: Include,
    room: Room,
}

impl Rows {
    pub(super) fn new(include: Include, room: Room) -> Self {
        Self { out: b"{\"items\":[".to_vec(), include, room }
    }

    /// Writes one more; 413 where the answer becomes too long, 503 where all answers together do.
    pub(super) fn push(&mut self, row: &Row) -> Result<(), Problem> {
        if self.out.ends_with(b"}") {
            self.out.push(b',');
        }
        write_row(&mut self.out, row, self.include);
        self.room.check(self.out.len())
    }

    pub(super) fn end(self, seq: u64) -> Response {
        self.close(b"]", seq)
    }

    /// The end of a page: `next` is null where no row follows.
    pub(super) fn end_page(mut self, seq: u64, next: Option<&str>) -> Response {
        put(&mut self.out, "],\"next\":", &next);
        self.close(b"", seq)
    }

    fn close(mut self, before: &[u8], seq: u64) -> Response {
        self.out.extend_from_slice(before);
        put(&mut self.out, ",\"seq\":", &seq);
        self.out.push(b'}');
        long(HeaderValue::from_static(Form::Json.name()), seq, self.out, self.room)
    }
}

/// `{"id","vector","metadata"?}`.
pub(super) fn row(seq: u64, row: &Row) -> Response {
    let mut out = Vec::new();
    write_row(&mut out, row, Include::ALL);
    respond(StatusCode::OK, HeaderValue::from_static(Form::Json.name()), seq, out.into())
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
