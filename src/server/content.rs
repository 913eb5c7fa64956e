//! Which content types a body may have, and that it comes uncompressed.
//!
//! So a form posted by mistake (curl without a header) is told what to send, and not that its JSON is wrong.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::problem::Problem;
use crate::error::Error;

/// Refuses a body that says it is something else than JSON. One that says nothing is taken for JSON.
pub(super) fn expect_json(headers: &HeaderMap) -> Result<(), Problem> {
    expect_plain(headers)?;
    let Some(given) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let text = given.to_str().unwrap_or("");
    let essence = text.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    if essence == "application/json" {
        return Ok(());
    }
    let error = Error::invalid(format!(
        "the body's content type is {text:?}: send the header Content-Type: application/json"
    ));
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error))
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

    #[test]
    fn json_or_nothing_is_taken_and_the_rest_is_told_what_to_send() {
        for (given, taken) in [
            (None, true),
            (Some("application/json"), true),
            (Some("Application/JSON; charset=utf-8"), true),
            (Some("application/merge-patch+json"), false),
            (Some("application/x-www-form-urlencoded"), false),
            (Some("text/plain"), false),
            (Some("text/json+json"), false),
            (Some(""), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(given) = given {
                headers.insert(header::CONTENT_TYPE, given.parse().unwrap());
            }
            assert_eq!(expect_json(&headers).is_ok(), taken, "{given:?}");
        }
    }
}
