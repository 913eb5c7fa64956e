//! The store itself: what each call asks of the server, and what its answer means.
//!
//! Retries of puts are the log's: only it knows whether the bytes are the same.

use std::fmt;

use reqwest::blocking::Response;
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Method, StatusCode, Url};
use serde::Deserialize;

use super::answer::{Trouble, body};
use super::courier::Courier;
use super::requests::found;
use crate::error::{Error, Result};
use crate::store::contract::page_limit;
use crate::store::{Capabilities, Key, Object, Page, Put, Replace, Store};

/// The longest listing or description that is read.
const DOCUMENT_BYTES: u64 = 64 << 20;
/// The largest object of a server that does not say.
const OBJECT_BYTES: u64 = 4 << 30;
/// The client of a `vectord storaged`.
pub struct Storaged {
    pub(super) base: Url,
    pub(super) courier: Courier,
    pub(super) capabilities: Capabilities,
}

/// `/.well-known/storaged`
#[derive(Deserialize)]
struct WellKnown {
    #[serde(default)]
    put_if_absent: bool,
    #[serde(default)]
    durable: bool,
    max_object_bytes: Option<u64>,
}

#[derive(Deserialize)]
struct Listing {
    keys: Vec<Listed>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    key: String,
    size: u64,
}

impl Storaged {
    /// Opens the store at `url` (`http://` or `https://`, perhaps with a path) and asks it what it can do.
    pub fn open(url: &str) -> Result<Self> {
        let mut base = Url::parse(url)
            .ok()
            .filter(|base| matches!(base.scheme(), "http" | "https") && base.has_host())
            .ok_or_else(|| Error::invalid("a storaged URL is http://host:port or https://host"))?;
        if base.query().is_some() || base.fragment().is_some() {
            return Err(Error::invalid("a storaged URL has no query and no fragment"));
        }
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        let courier = Courier::new(base.scheme() == "https")?;
        let capabilities = Capabilities {
            put_if_absent: false,
            durable: false,
            cheap_stat: false,
            max_object_bytes: OBJECT_BYTES,
        };
        let mut store = Self { base, courier, capabilities };
        store.capabilities = store.ask()?;
        if !store.capabilities.put_if_absent {
            tracing::warn!(store = %store.place(), "this store cannot decide races: only one process may write to it");
        }
        Ok(store)
    }

    fn ask(&self) -> Result<Capabilities> {
        let url = self.url_of([".well-known", "storaged"]);
        let answer = self.patient(|client| match client.get(url.clone()).send().map_err(Trouble::of)? {
            found if found.status() == StatusCode::OK => body(found, DOCUMENT_BYTES).map(Some),
            absent if absent.status() == StatusCode::NOT_FOUND => Ok(None),
            other => Err(Trouble::answered(other)),
        })?;
        let Some(document) = answer else { return Ok(self.capabilities) };
        let WellKnown { put_if_absent, durable, max_object_bytes } = serde_json::from_slice(&document)
            .map_err(|error| {
                self.place_error(Error::unsupported("/.well-known/storaged cannot be read").caused_by(error))
            })?;
        Ok(Capabilities {
            put_if_absent,
            durable,
            cheap_stat: false,
            max_object_bytes: max_object_bytes.unwrap_or(OBJECT_BYTES),
        })
    }

    /// The address without what is secret in it.
    fn place(&self) -> String {
        let port = self.base.port().map_or(String::new(), |port| format!(":{port}"));
        let host = self.base.host_str().expect("checked by open");
        format!("{}://{host}{port}{}", self.base.scheme(), self.base.path().trim_end_matches('/'))
    }

    /// `error`, with the address it came from.
    pub(super) fn place_error(&self, error: Error) -> Error {
        error.within(self.place())
    }
}

impl fmt::Debug for Storaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storaged").field("url", &self.place()).finish_non_exhaustive()
    }
}

impl Store for Storaged {
    fn put_if_absent(&self, key: &Key, bytes: &[u8]) -> Put {
        if !self.capabilities.put_if_absent {
            return self.put_after_look(key, bytes).unwrap_or_else(Put::from);
        }
        match self.put(key, bytes, Some("*")) {
            Ok(StatusCode::CREATED) => Put::Created,
            Ok(StatusCode::PRECONDITION_FAILED) => Put::Exists,
            // It may have overwritten an object: the precondition was ignored.
            Ok(other) => self.strange(other).into(),
            Err(fault) => fault.into(),
        }
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        let url = self.object(key);
        self.patient(|client| {
            let response = client.get(url.clone()).send().map_err(Trouble::of)?;
            found(response)?.map(|found| body(found, self.capabilities.max_object_bytes)).transpose()
        })
    }

    fn size(&self, key: &Key) -> Result<Option<u64>> {
        let url = self.object(key);
        let size = self.patient(|client| {
            let response = client.request(Method::HEAD, url.clone()).send().map_err(Trouble::of)?;
            if matches!(response.status(), StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED) {
                return Ok(Some(None));
            }
            let length =
                |found: Response| found.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse::<u64>().ok();
            Ok(found(response)?.map(length))
        })?;
        match size {
            None => Ok(None),
            Some(Some(size)) => Ok(Some(size)),
            // A server that does not tell: the object itself does.
            Some(None) => Ok(self.get(key)?.map(|bytes| bytes.len() as u64)),
        }
    }

    fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Page> {
        let mut url = self.url_of(["v1", "storage"]);
        url.query_pairs_mut()
            .append_pair("prefix", prefix)
            .append_pair("limit", &page_limit(limit)?.to_string());
        if let Some(after) = start_after {
            url.query_pairs_mut().append_pair("start_after", after);
        }
        let document = self.patient(|client| {
            let response = client.get(url.clone()).send().map_err(Trouble::of)?;
            if response.status() == StatusCode::OK {
                body(response, DOCUMENT_BYTES)
            } else {
                Err(Trouble::answered(response))
            }
        })?;
        let Listing { keys, next } = serde_json::from_slice(&document).map_err(|error| {
            self.place_error(Error::unavailable("its listing cannot be read").caused_by(error))
        })?;
        let objects = keys
            .into_iter()
            // Another program may keep names on the server that are no keys of ours.
            .filter_map(|Listed { key, size }| Some(Object { key: Key::parse(key).ok()?, size }))
            .collect();
        Ok(Page { objects, next })
    }

    fn delete(&self, key: &Key) -> Result<()> {
        let url = self.object(key);
        self.patient(|client| {
            let response = client.delete(url.clone()).send().map_err(Trouble::of)?;
            match response.status() {
                StatusCode::OK | StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => Ok(()),
                _ => Err(Trouble::answered(response)),
            }
        })
    }

    fn replace(&self, key: &Key, bytes: &[u8]) -> Replace {
        match self.put(key, bytes, None) {
            Ok(StatusCode::CREATED) => Replace::Created,
            Ok(StatusCode::OK | StatusCode::NO_CONTENT) => Replace::Replaced,
            Ok(other) => self.strange(other).into(),
            Err(fault) => fault.into(),
        }
    }

    fn url(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }
}
