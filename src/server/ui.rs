//! The pages under /ui: files that are part of the binary, and the headers they go out with.
//!
//! They hold no data and may be served to anybody: what they show they ask of the other routes, with the reader's key.
//! Addresses in them are relative, so that a proxy may put the service under a prefix.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use xxhash_rust::xxh3::xxh3_64;

use super::problem::Problem;
use crate::error::Error;

/// Scripts and styles come from here alone, nothing is loaded from elsewhere, no page of others frames these, and
/// text never becomes markup: the sinks that would parse it are shut.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file by its name under /ui.
struct File {
    name: &'static str,
    content_type: &'static str,
    text: &'static str,
}

macro_rules! file {
    ($name:literal, $file:literal, $content_type:expr) => {
        File { name: $name, content_type: $content_type, text: include_str!(concat!("ui/", $file)) }
    };
    ($name:literal, $content_type:expr) => {
        file!($name, $name, $content_type)
    };
}

const FILES: &[File] = &[
    file!("", "index.html", HTML),
    file!("style.css", "text/css; charset=utf-8"),
    file!("icon.svg", "image/svg+xml"),
    file!("app.js", SCRIPT),
    file!("docs", "docs.html", HTML),
    file!("docs.js", SCRIPT),
    file!("dom.js", SCRIPT),
    file!("figures.js", SCRIPT),
    file!("key.js", SCRIPT),
    file!("metrics.js", SCRIPT),
    file!("picture.js", SCRIPT),
    file!("question.js", SCRIPT),
    file!("rows.js", SCRIPT),
    file!("search.js", SCRIPT),
    file!("service.js", SCRIPT),
];

/// To the page, whose files are beside it only if its address ends with a slash.
pub(super) async fn to_page() -> Response {
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "ui/")]).into_response()
}

pub(super) async fn page(headers: HeaderMap) -> Response {
    answer(&FILES[0], &headers)
}

pub(super) async fn file(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let file = FILES.iter().find(|file| file.name == name && !name.is_empty());
    let file = file.ok_or_else(|| Error::not_found("no such file is under /ui"))?;
    Ok(answer(file, &headers))
}

/// The file, or that the one the browser has is still good.
fn answer(&File { name: _, content_type, text }: &File, headers: &HeaderMap) -> Response {
    let tag = format!("\"{:016x}\"", xxh3_64(text.as_bytes()));
    let given = headers.get(header::IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == tag.as_bytes());
    let always: [(HeaderName, &str); 7] = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache"),
        (header::ETAG, &tag),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    if given { (StatusCode::NOT_MODIFIED, always).into_response() } else { (always, text).into_response() }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path as FilePath;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_served_and_names_no_other_place() {
        let folder = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("src/server/ui");
        assert_eq!(fs::read_dir(folder).unwrap().count(), FILES.len());
        for File { name, content_type: _, text } in FILES {
            let foreign = text.split("://").skip(1).find(|rest| !rest.starts_with("www.w3.org/2000/svg"));
            assert_eq!(foreign, None, "{name} names an address");
            for sink in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                " style=",
                "<style",
            ] {
                assert!(!text.contains(sink), "{name} holds {sink}");
            }
        }
    }

    #[test]
    fn the_pages_are_small() {
        let bytes: usize = FILES.iter().map(|file| file.text.len()).sum();
        assert!(bytes < 48 << 10, "{bytes} bytes");
    }

    #[tokio::test]
    async fn files_come_with_the_headers_that_protect_and_only_once() {
        let response = file(Path("app.js".to_owned()), HeaderMap::new()).await.unwrap();
        for (name, value) in [
            ("content-type", "text/javascript; charset=utf-8"),
            ("content-security-policy", POLICY),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-cache"),
        ] {
            assert_eq!(response.headers()[name], value);
        }
        let tag = response.headers()[header::ETAG].clone();
        let again = page(HeaderMap::from_iter([(header::IF_NONE_MATCH, tag.clone())])).await;
        assert_eq!(again.status(), StatusCode::OK, "the tag is another file's");
        let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, tag)]);
        let again = file(Path("app.js".to_owned()), headers).await.unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        for name in ["", "..", "index.html", "nowhere.js"] {
            assert!(file(Path(name.to_owned()), HeaderMap::new()).await.is_err(), "{name}");
        }
    }
}
