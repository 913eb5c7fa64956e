//! Which content types a body may have and an answer is wished in, and that bodies come uncompressed.
//!
//! So a form posted by mistake (curl without a header) is told what to send, and not that its JSON is wrong.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::problem::Problem;
use crate::error::Error;

/// What a body is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    /// f32 rows, little-endian, one after the other.
    Raw,
    /// A batch in the layout of the log (FORMAT.md section 3).
    Frame,
}

impl Form {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Raw => "application/octet-stream",
            Self::Frame => "application/vnd.vectord.frame",
        }
    }
}

/// The form of a body, one of `taken`. A body that says nothing is taken for JSON.
pub(super) fn form(headers: &HeaderMap, taken: &[Form]) -> Result<Form, Problem> {
    expect_plain(headers)?;
    let Some(given) = headers.get(header::CONTENT_TYPE) else { return Ok(Form::Json) };
    let text = given.to_str().unwrap_or("");
    let found = taken.iter().find(|form| essence(text).eq_ignore_ascii_case(form.name()));
    found.copied().ok_or_else(|| {
        let names: Vec<_> = taken.iter().map(|form| form.name()).collect();
        let names = names.join(" or ");
        let error = Error::invalid(format!(
            "the body's content type is {text:?}: send the header Content-Type: {names}"
        ));
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error)
    })
}

/// Refuses a body that says it is something else than JSON.
pub(super) fn expect_json(headers: &HeaderMap) -> Result<(), Problem> {
    form(headers, &[Form::Json]).map(drop)
}

/// Whether the caller names the binary form among those it reads. What else it would read better is not weighed.
pub(super) fn wants_raw(headers: &HeaderMap) -> bool {
    wants(headers, Form::Raw)
}

/// The same of a frame.
pub(super) fn wants_frame(headers: &HeaderMap) -> bool {
    wants(headers, Form::Frame)
}

fn wants(headers: &HeaderMap, form: Form) -> bool {
    let named = |value: &HeaderValue| {
        let text = value.to_str().unwrap_or("");
        text.split(',').any(|one| essence(one).eq_ignore_ascii_case(form.name()))
    };
    headers.get_all(header::ACCEPT).iter().any(named)
}

/// A content type without its parameters.
fn essence(text: &str) -> &str {
    text.split(';').next().unwrap_or("").trim()
}

fn expect_plain(headers: &HeaderMap) -> Result<(), Problem> {
    let plain = |value: &&HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity");
    let Some(coding) = headers.get_all(header::CONTENT_ENCODING).iter().find(|value| !plain(value)) else {
        return Ok(());
    };
    let error = Error::invalid(format!(
        "the body's content encoding is {:?}: bodies are not decompressed, send it as plain JSON without the header \
         Content-Encoding",
        coding.to_str().unwrap_or("")
    ));
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: Option<&str>) -> HeaderMap {
        value.map(|value| (name, value.parse().unwrap())).into_iter().collect()
    }

    #[test]
    fn json_or_nothing_is_taken_and_the_rest_is_told_what_to_send() {
        for (given, taken) in [
            (None, true),
            (Some("application/json"), true),
            (Some("Application/JSON; charset=utf-8"), true),
            (Some("application/merge-patch+json"), false),
            (Some("application/x-www-form-urlencoded"), false),
            (Some("application/octet-stream"), false),
            (Some("text/plain"), false),
            (Some("text/json+json"), false),
            (Some(""), false),
        ] {
            let headers = headers(header::CONTENT_TYPE, given);
            assert_eq!(expect_json(&headers).is_ok(), taken, "{given:?}");
        }
    }

    #[test]
    fn the_form_of_a_body_is_one_of_those_a_route_takes() {
        let of = |given| form(&headers(header::CONTENT_TYPE, given), &[Form::Json, Form::Raw]).ok();
        assert_eq!(of(None), Some(Form::Json));
        assert_eq!(of(Some("application/octet-stream")), Some(Form::Raw));
        assert_eq!(of(Some("application/vnd.vectord.frame")), None);
    }

    #[test]
    fn the_binary_answer_is_for_those_who_name_it() {
        for (given, raw) in [
            (None, false),
            (Some("*/*"), false),
            (Some("application/json"), false),
            (Some("application/octet-stream"), true),
            (Some("application/json;q=0.5, Application/Octet-Stream ; q=1"), true),
        ] {
            assert_eq!(wants_raw(&headers(header::ACCEPT, given)), raw, "{given:?}");
        }
    }
}
