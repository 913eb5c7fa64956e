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
use super::limits::check_answer;
use super::problem::Problem;
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

/// `{"items":[row],"seq"}`, or `{"items":[row],"next","seq"}`, written row by row.
pub(super) struct Rows {
    out: Vec<u8>,
    include: Include,
}

impl Rows {
    pub(super) fn new(include: Include) -> Self {
        Self { out: b"{\"items\":[".to_vec(), include }
    }

    /// Writes one more; 413 where the answer becomes too long.
    pub(super) fn push(&mut self, row: &Row) -> Result<(), Problem> {
        if self.out.ends_with(b"}") {
            self.out.push(b',');
        }
        write_row(&mut self.out, row, self.include);
        check_answer(self.out.len())
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
        bytes(StatusCode::OK, seq, self.out)
    }
}

/// `{"id","vector","metadata"?}`.
pub(super) fn row(seq: u64, row: &Row) -> Response {
    let mut out = Vec::new();
    write_row(&mut out, row, Include::ALL);
    bytes(StatusCode::OK, seq, out)
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
