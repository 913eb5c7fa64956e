//! Writing to an index, wherever it is, durably or queued.
//!
//! What is written was read and checked in `add.rs` and `index.rs`. A service knows no queue: its writes are
//! durable when they return.

use super::durability::Durability;
use super::filter::Given;
use super::handle::Handle;
use super::results::{Deleted, MetadataSet};
use crate::client;
use crate::error::Result;
use crate::registry::{self, Batch};

/// How a batch was written.
pub(super) struct Written {
    /// None while it is queued.
    pub(super) seq: Option<u64>,
    pub(super) length: usize,
    /// It was not in already.
    pub(super) new: bool,
}

impl Handle {
    pub(super) fn add(&self, batch: Batch, key: Option<&str>, durability: Durability) -> Result<Written> {
        match (self, durability) {
            (Self::Live(live), Durability::Sync) => {
                let registry::Added { seq, added: _, length, repeated } = live.add(batch, key)?;
                Ok(Written { seq: Some(seq), length, new: !repeated })
            }
            (Self::Live(live), Durability::Async) => {
                live.add_later(batch, key)?;
                Ok(Written { seq: None, length: self.visible()?.0, new: true })
            }
            (Self::Remote(remote), Durability::Sync | Durability::Async) => {
                let client::Added { seq, added: _, length, repeated } = remote.add(batch.into_rows(), key)?;
                Ok(Written { seq: Some(seq), length, new: !repeated })
            }
        }
    }

    pub(super) fn delete(&self, ids: &[String], durability: Durability) -> Result<Deleted> {
        match (self, durability) {
            (Self::Live(live), Durability::Sync) => Ok(live.delete(ids)?.into()),
            (Self::Live(live), Durability::Async) => {
                live.delete_later(ids)?;
                self.queued()
            }
            (Self::Remote(remote), Durability::Sync | Durability::Async) => Ok(remote.delete(ids)?.into()),
        }
    }

    pub(super) fn delete_where(&self, filter: Given, durability: Durability) -> Result<Deleted> {
        let Given { filter, text } = filter;
        match (self, durability) {
            (Self::Live(live), Durability::Sync) => Ok(live.delete_where(filter)?.into()),
            (Self::Live(live), Durability::Async) => {
                live.delete_where_later(filter)?;
                self.queued()
            }
            (Self::Remote(remote), Durability::Sync | Durability::Async) => {
                Ok(remote.delete_where(&text)?.into())
            }
        }
    }

    pub(super) fn set_metadata(
        &self,
        rows: &[(String, Option<String>)],
        durability: Durability,
    ) -> Result<MetadataSet> {
        match (self, durability) {
            (Self::Live(live), Durability::Sync) => Ok(live.set_metadata(rows)?.into()),
            (Self::Live(live), Durability::Async) => {
                live.set_metadata_later(rows)?;
                Ok(MetadataSet { seq: None, updated: rows.len(), length: self.visible()?.0 })
            }
            (Self::Remote(remote), Durability::Sync | Durability::Async) => {
                Ok(remote.set_metadata(rows)?.into())
            }
        }
    }

    fn queued(&self) -> Result<Deleted> {
        Ok(Deleted { seq: None, deleted: None, length: self.visible()?.0 })
    }
}
