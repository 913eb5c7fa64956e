//! Which content types a body may have.
//!
//! So a form posted by mistake (curl without a header) is told what to send, and not that its JSON is wrong.

use axum::http::{HeaderMap, StatusCode, header};

use super::problem::Problem;
use crate::error::Error;

/// Refuses a body that says it is something else than JSON. One that says nothing is taken for JSON.
pub(super) fn expect_json(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(given) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let text = given.to_str().unwrap_or("");
    let essence = text.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let json =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    if json {
        return Ok(());
    }
    let error = Error::invalid(format!(
        "the body's content type is {text:?}: send the header Content-Type: application/json"
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
            (Some("application/merge-patch+json"), true),
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
