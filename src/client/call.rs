//! One call: what is asked, and whether it may be asked twice.
//!
//! How it is sent is in `link.rs`.

use bytes::Bytes;
use reqwest::{Method, Url};

/// What a call does when it arrives twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It reads.
    Reads,
    /// It writes, once: a repetition is recognised, or changes nothing.
    WritesOnce,
    /// It writes each time.
    Writes,
}

/// A request, which can be made again and again.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) effect: Effect,
    pub(super) accept: &'static str,
    pub(super) body: Option<(&'static str, Bytes)>,
    pub(super) idempotency_key: Option<String>,
}

pub(super) const JSON: &str = "application/json";
pub(super) const FRAME: &str = "application/vnd.vectord.frame";
pub(super) const RAW: &str = "application/octet-stream";

impl Call {
    pub(super) fn new(method: Method, url: Url, effect: Effect) -> Self {
        Self { method, url, effect, accept: JSON, body: None, idempotency_key: None }
    }

    pub(super) fn get(url: Url) -> Self {
        Self::new(Method::GET, url, Effect::Reads)
    }

    pub(super) fn body(mut self, kind: &'static str, bytes: impl Into<Bytes>) -> Self {
        self.body = Some((kind, bytes.into()));
        self
    }

    pub(super) fn json(self, value: &serde_json::Value) -> Self {
        self.body(JSON, value.to_string())
    }

    pub(super) fn accept(self, accept: &'static str) -> Self {
        Self { accept, ..self }
    }

    /// Under a key by which the service recognises the call when it comes again.
    pub(super) fn keyed(self, key: String) -> Self {
        Self { idempotency_key: Some(key), ..self }
    }
}
