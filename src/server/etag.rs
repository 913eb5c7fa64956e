//! ETags of reads: the lineage of the index and the entry of the log that the read saw.
//!
//! They are weak (RFC 9110 section 8.8.1): the same rows, not the same bytes. Who has the rows of that entry already
//! is answered 304.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::answer::SEQ;
use crate::registry::LiveIndex;

/// The ETags that the caller knows.
pub(super) struct Known(HeaderMap);

impl<S: Sync> FromRequestParts<S> for Known {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let known = parts.headers.get_all(header::IF_NONE_MATCH);
        Ok(Self(known.iter().map(|value| (header::IF_NONE_MATCH, value.clone())).collect()))
    }
}

impl Known {
    /// `response`, which speaks of `live` as of `seq`, with its ETag, or 304 in its place.
    pub(super) fn tagged(&self, live: &LiveIndex, seq: u64, mut response: Response) -> Response {
        let tag = tag(live.lineage(), seq);
        if self.has(&tag) {
            response = (StatusCode::NOT_MODIFIED, [(SEQ, HeaderValue::from(seq))]).into_response();
        }
        let tag = HeaderValue::try_from(tag).expect("digits and quotes are a header value");
        response.headers_mut().insert(header::ETAG, tag);
        response
    }

    fn has(&self, tag: &str) -> bool {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let same = |value: &HeaderValue| {
            value
                .to_str()
                .is_ok_and(|text| text.split(',').any(|one| one.trim() == "*" || opaque(one) == opaque(tag)))
        };
        self.0.get_all(header::IF_NONE_MATCH).iter().any(same)
    }
}

fn tag(lineage: [u8; 16], seq: u64) -> String {
    let lineage = u128::from_be_bytes(lineage);
    format!("W/\"{lineage:032x}-{seq}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_in_any_list_and_by_a_star() {
        let tag = tag([1; 16], 7);
        for (given, known) in [
            (tag.as_str(), true),
            (tag.trim_start_matches("W/"), true),
            (&format!("\"x\", {tag}"), true),
            ("*", true),
            ("\"7\"", false),
            ("", false),
        ] {
            let headers = [(header::IF_NONE_MATCH, given.parse().unwrap())].into_iter().collect();
            assert_eq!(Known(headers).has(&tag), known, "{given}");
        }
        assert!(!Known(HeaderMap::new()).has(&tag));
    }
}
