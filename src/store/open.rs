//! From what a user writes (a path or a URL) to a store.
//!
//! What stands behind an open store is the business of the files beside this one.

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::store::{Directory, Memory, Storaged, Store};

const KNOWN: &str = "a path, file://, memory:, http:// or https://";

/// Opens the store that `url` names: a path or `file://` URL (the directory is created if missing),
/// `memory:` (a new, empty store each time), or the `http(s)://` address of a `vectord storaged`.
///
/// `Unsupported` for buckets (`s3://`, `gs://`, `az://`), `InvalidArgument` for what names no store.
pub fn open(url: &str) -> Result<Arc<dyn Store>> {
    let Some(scheme) = scheme(url) else {
        if url.is_empty() {
            return Err(Error::invalid(format!("the store's URL is empty: give {KNOWN}")));
        }
        return Ok(Arc::new(Directory::open(url)?));
    };
    match scheme.to_ascii_lowercase().as_str() {
        "memory" if url.len() == "memory:".len() => Ok(Arc::new(Memory::new())),
        "memory" => Err(Error::invalid(format!("a memory store has no name: give memory:, got {url}"))),
        "file" => Ok(Arc::new(Directory::open(file_path(url)?)?)),
        "http" | "https" => Ok(Arc::new(Storaged::open(url)?)),
        "s3" | "gs" | "az" => Err(Error::unsupported(format!(
            "{scheme}:// needs a build with the `cloud` feature, which this release does not have"
        ))),
        other => {
            Err(Error::invalid(format!("unknown store {other}:, give {KNOWN} (./{url} if this is a path)")))
        }
    }
}

/// As [`open`], for whoever only looks: a directory that is not there is `NotFound`, and is not made.
pub fn open_existing(url: &str) -> Result<Arc<dyn Store>> {
    let path = match scheme(url) {
        None => Some(PathBuf::from(url)),
        Some(scheme) if scheme.eq_ignore_ascii_case("file") => Some(file_path(url)?),
        Some(_) => None,
    };
    match path {
        Some(path) if !url.is_empty() && !path.is_dir() => {
            Err(Error::not_found(format!("there is no directory {}", path.display())))
        }
        Some(_) | None => open(url),
    }
}

/// The scheme of `url`; a path has none. One letter is no scheme, and neither is what follows a slash.
fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let named = scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    named.then_some(scheme)
}

fn file_path(url: &str) -> Result<PathBuf> {
    reqwest::Url::parse(url)
        .ok()
        .and_then(|url| url.to_file_path().ok())
        .ok_or_else(|| Error::invalid(format!("a file URL is file:///absolute/path, got {url}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn each_url_opens_its_store_again() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a b/%41");
        let store = open(path.to_str().unwrap()).unwrap();
        assert!(path.is_dir());
        assert_eq!(open(&store.url()).unwrap().url(), store.url());
        let file = format!("file://{}/a%20b/%2541", root.path().display());
        assert_eq!(open(&file).unwrap().url(), store.url());
        assert_eq!(open("memory:").unwrap().url(), "memory:");
    }

    #[test]
    fn what_names_no_store_is_refused_with_what_would() {
        for (url, kind, says) in [
            ("", ErrorKind::InvalidArgument, "empty"),
            ("s3://bucket/x", ErrorKind::Unsupported, "cloud"),
            ("gs://bucket", ErrorKind::Unsupported, "cloud"),
            ("az://bucket", ErrorKind::Unsupported, "cloud"),
            ("redis://host", ErrorKind::InvalidArgument, "memory:"),
            ("memory:shared", ErrorKind::InvalidArgument, "no name"),
            ("file://host/path", ErrorKind::InvalidArgument, "file:///"),
        ] {
            let error = open(url).unwrap_err();
            assert_eq!(error.kind(), kind, "{url}: {error}");
            assert!(error.to_string().contains(says), "{url}: {error}");
        }
    }
}
