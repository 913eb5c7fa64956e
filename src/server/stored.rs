//! Stored rows, as they are answered: JSON by default, or in the layout of the log (FORMAT.md section 3).
//!
//! JSON: `{"items": [row], "seq"}`, for a page `{"items": [row], "next", "seq"}`, where a row is `{"id", "vector"?,
//! "metadata"?}`. What stands beside the rows there, a frame tells in headers.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::answer::{self, end, put};
use super::content::Form;
use super::problem::Problem;
use super::room::Room;
use crate::error::{Error, Result};
use crate::frame;
use crate::registry::{Include, Row};

/// Beside a frame: what to give as `after` for the next page, percent-encoded; absent where no row follows.
const NEXT: HeaderName = HeaderName::from_static("x-vectord-next");

/// Rows of an answer, written one by one.
pub(super) struct Rows {
    out: Out,
    include: Include,
    room: Room,
}

enum Out {
    Json(Vec<u8>),
    Frame(frame::RowsBuilder),
}

impl Rows {
    /// No rows yet. A frame holds vectors: it cannot leave them out.
    pub(super) fn new(dimension: u32, include: Include, is_frame: bool, room: Room) -> Result<Self> {
        if is_frame && !include.vector {
            let frame = Form::Frame.name();
            return Err(Error::invalid(format!("{frame} holds vectors: include them, or ask for JSON")));
        }
        let out = if is_frame {
            Out::Frame(frame::Rows::builder(0, dimension))
        } else {
            Out::Json(b"{\"items\":[".to_vec())
        };
        Ok(Self { out, include, room })
    }

    /// Writes one more; 413 where the answer becomes too long, 503 where all answers together do.
    pub(super) fn push(&mut self, row: &Row) -> Result<(), Problem> {
        match &mut self.out {
            Out::Json(out) => {
                if out.ends_with(b"}") {
                    out.push(b',');
                }
                write_row(out, row, self.include);
                self.room.check(out.len())
            }
            Out::Frame(rows) => {
                let Row { id, vector, metadata } = row;
                rows.push_row(id, metadata.as_deref().filter(|_| self.include.metadata), vector)?;
                self.room.check(rows.bytes())
            }
        }
    }

    pub(super) fn end(self, seq: u64) -> Result<Response, Problem> {
        match self.out {
            Out::Json(mut out) => {
                out.push(b']');
                Ok(json(out, seq, self.room))
            }
            Out::Frame(rows) => frame(rows, seq, None, self.room),
        }
    }

    /// The end of a page: `next` is the id after which the next one begins.
    pub(super) fn end_page(self, seq: u64, next: Option<&str>) -> Result<Response, Problem> {
        match self.out {
            Out::Json(mut out) => {
                put(&mut out, "],\"next\":", &next);
                Ok(json(out, seq, self.room))
            }
            Out::Frame(rows) => frame(rows, seq, next, self.room),
        }
    }
}

fn json(mut out: Vec<u8>, seq: u64, room: Room) -> Response {
    put(&mut out, ",\"seq\":", &seq);
    out.push(b'}');
    vary(answer::long(Form::Json, seq, out, room))
}

fn frame(rows: frame::RowsBuilder, seq: u64, next: Option<&str>, room: Room) -> Result<Response, Problem> {
    let mut response = vary(answer::long(Form::Frame, seq, rows.finish()?.into_bytes(), room));
    if let Some(id) = next {
        let id = utf8_percent_encode(id, NON_ALPHANUMERIC).to_string();
        let id = HeaderValue::try_from(id).expect("letters, digits and percent signs are a header value");
        response.headers_mut().insert(NEXT, id);
    }
    Ok(response)
}

/// The same rows have two forms: no cache may give the one for the other.
fn vary(mut response: Response) -> Response {
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// One row alone.
pub(super) fn row(seq: u64, row: &Row) -> Response {
    let mut out = Vec::new();
    write_row(&mut out, row, Include::ALL);
    answer::text(StatusCode::OK, seq, out)
}

fn write_row(out: &mut Vec<u8>, row: &Row, include: Include) {
    let Row { id, vector, metadata } = row;
    put(out, "{\"id\":", id);
    if include.vector {
        put(out, ",\"vector\":", vector);
    }
    end(out, metadata.as_deref().filter(|_| include.metadata));
}
