//! Writing: each call carries an idempotency key, so that one whose answer was lost is sent again.
//!
//! What is written was checked before it comes here, as far as the index's parameters tell.

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::call::{Call, Effect, FRAME, JSON};
use super::index::RemoteIndex;
use super::read::pieces;
use crate::error::{Error, Item, Result};
use crate::frame::{Rows, retry_key};

/// The longest body of ids that a service reads is 8 MiB.
const IDS_BYTES: usize = 7 << 20;

/// The answer to an add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Added {
    /// The entry of the log that holds the batch.
    pub seq: u64,
    /// Rows of the batch.
    pub added: usize,
    /// Living rows after it.
    pub length: usize,
    /// It was in before this call, under the same key.
    #[serde(default)]
    pub repeated: bool,
}

/// The answer to a delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Deleted {
    /// The entry of the log that holds it; the present one where nothing was there to delete.
    pub seq: u64,
    /// Rows that were there.
    pub deleted: usize,
    /// Living rows after it.
    pub length: usize,
}

/// The answer to a change of metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct MetadataSet {
    /// The entry of the log that holds it.
    pub seq: u64,
    /// Rows whose metadata was set.
    pub updated: usize,
    /// Living rows after it.
    pub length: usize,
}

impl RemoteIndex {
    /// Inserts the rows, or replaces those whose ids are there; durable and visible when it returns.
    /// A service takes [`Rows::MOST_BYTES`] at once.
    ///
    /// A repetition of the same batch under the same `key` is answered as the first was; another batch under it is
    /// `InvalidArgument`. Without one, a key of this call's own makes it safe to send it again.
    pub fn add(&self, rows: Rows, key: Option<&str>) -> Result<Added> {
        if rows.is_empty() {
            let (length, seq) = self.now()?;
            return Ok(Added { seq, added: 0, length, repeated: false });
        }
        let call = self.write("add", key).body(FRAME, rows.into_bytes());
        let answer = self.at.link.send(&call)?;
        let added: Added = self.at.link.parse(&answer)?;
        self.wrote(added.seq);
        // A second attempt meets what the first one wrote.
        Ok(Added { repeated: added.repeated && answer.first, ..added })
    }

    /// Removes the rows of `ids`; ids that are not there are passed over.
    pub fn delete(&self, ids: &[String]) -> Result<Deleted> {
        if ids.is_empty() {
            let (length, seq) = self.now()?;
            return Ok(Deleted { seq, deleted: 0, length });
        }
        let mut sum = 0;
        let mut last = None;
        for (first, ids) in pieces(ids, IDS_BYTES, usize::MAX) {
            let part = self.deleted(&json!({ "ids": ids })).map_err(|error| shift(error, first))?;
            sum += part.deleted;
            last = Some(part);
        }
        let last = last.expect("there is at least one id, and so one piece");
        Ok(Deleted { deleted: sum, ..last })
    }

    /// Removes the rows that pass the filter, given as JSON.
    pub fn delete_where(&self, filter: &str) -> Result<Deleted> {
        self.deleted(&json!({ "filter": raw(filter)? }))
    }

    fn deleted(&self, body: &serde_json::Value) -> Result<Deleted> {
        let deleted: Deleted = self.at.link.ask(&self.write("delete", None).json(body))?;
        self.wrote(deleted.seq);
        Ok(deleted)
    }

    /// Replaces the metadata of rows, JSON text each, and leaves their vectors; `None` removes it. An id that is
    /// not there is `NotFound`, and nothing is changed.
    pub fn set_metadata(&self, rows: &[(String, Option<String>)]) -> Result<MetadataSet> {
        if rows.is_empty() {
            let (length, seq) = self.now()?;
            return Ok(MetadataSet { seq, updated: 0, length });
        }
        let mut body = b"{\"items\":[".to_vec();
        for (at, (id, text)) in rows.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let (id, text) = (serde_json::Value::from(id.as_str()), text.as_deref().unwrap_or("null"));
            body.extend_from_slice(format!("{comma}{{\"id\":{id},\"metadata\":{text}}}").as_bytes());
        }
        body.extend_from_slice(b"]}");
        let set: MetadataSet = self.at.link.ask(&self.write("metadata", None).body(JSON, body))?;
        self.wrote(set.seq);
        Ok(set)
    }

    /// A write of rows under `key`, or under one that nobody else has.
    fn write(&self, route: &str, key: Option<&str>) -> Call {
        let key = key.map_or_else(|| retry_key(uuid::Uuid::new_v4().into_bytes()), str::to_owned);
        Call::new(Method::POST, self.url([route]), Effect::WritesOnce).keyed(key)
    }

    /// Has the service write a snapshot now, and returns its seq.
    pub fn checkpoint(&self) -> Result<u64> {
        #[derive(Deserialize)]
        struct Checkpointed {
            seq: u64,
        }
        // Twice is as good as once.
        let call = Call::new(Method::POST, self.url(["checkpoint"]), Effect::WritesOnce);
        let Checkpointed { seq } = self.at.link.ask(&call)?;
        Ok(seq)
    }
}

/// JSON text as a value.
pub(super) fn raw(text: &str) -> Result<serde_json::Value> {
    serde_json::from_str(text).map_err(|error| Error::invalid(format!("filter is not JSON: {error}")))
}

/// The item's place in the whole call.
pub(super) fn shift(error: Error, first: usize) -> Error {
    match error.item() {
        Some(Item { index, part }) => error.at(first + index, part),
        None => error,
    }
}
