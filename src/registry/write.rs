//! Writing through a handle: checked here, in the caller's thread, then handed to the committer.
//!
//! When a call returns, its batch is durable and the caller's next search sees it.

use super::batch::Batch;
use super::live::LiveIndex;
use super::request::{Added, Deleted, MetadataSet, Request, Write};
use crate::error::{Error, Part, Result};
use crate::index;
use crate::log::Inventory;

/// Figures about a live index and its store.
#[derive(Debug, Clone)]
pub struct LiveStats {
    /// The index in memory.
    pub index: index::Stats,
    /// Bytes of its objects on the store.
    pub bytes_store: u64,
    /// Objects on the store.
    pub objects: usize,
    /// Why writes are refused, if they are.
    pub halted: Option<Error>,
}

impl LiveIndex {
    /// Inserts the rows, or replaces those whose ids are there. When it returns the batch is durable, and
    /// the next search sees it whole.
    ///
    /// With an `idempotency_key` a repetition of the same batch is answered as the first was; another
    /// batch under the same key is `InvalidArgument`. An empty batch does nothing.
    pub fn add(&self, batch: Batch, idempotency_key: Option<&str>) -> Result<Added> {
        let core = self.core()?;
        if batch.is_empty() {
            return Ok(Added { seq: core.shown.index.seq(), added: 0, length: core.shown.index.len() });
        }
        batch.check(core.shown.index.params())?;
        if let Some(key) = idempotency_key {
            index::check_key(key)?;
        }
        let written = self.write(Write::Upsert(batch), idempotency_key)?;
        Ok(Added { seq: written.seq, added: written.count, length: written.length })
    }

    /// Removes the rows of `ids`; ids that are not there are passed over.
    pub fn delete<S: AsRef<str>>(&self, ids: &[S]) -> Result<Deleted> {
        let core = self.core()?;
        if ids.is_empty() {
            return Ok(Deleted { seq: core.shown.index.seq(), deleted: 0, length: core.shown.index.len() });
        }
        let ids = ids.iter().map(|id| id.as_ref().to_owned()).collect();
        let written = self.write(Write::Delete(ids), None)?;
        Ok(Deleted { seq: written.seq, deleted: written.count, length: written.length })
    }

    /// Replaces the metadata of rows and leaves their vectors; `None` removes it. An id that is not there is
    /// `NotFound`, and nothing is changed.
    pub fn set_metadata<S: AsRef<str>>(&self, rows: &[(S, Option<S>)]) -> Result<MetadataSet> {
        let core = self.core()?;
        if rows.is_empty() {
            return Ok(MetadataSet {
                seq: core.shown.index.seq(),
                updated: 0,
                length: core.shown.index.len(),
            });
        }
        let compact = |(at, (id, text)): (usize, &(S, Option<S>))| {
            let text = text.as_ref().map(|text| index::compact_metadata(text.as_ref())).transpose();
            let text = text.map_err(|error| error.at(at, Part::Metadata))?.filter(|text| text != "null");
            Ok((id.as_ref().to_owned(), text.map(std::borrow::Cow::into_owned)))
        };
        let rows = rows.iter().enumerate().map(compact).collect::<Result<Vec<_>>>()?;
        let written = self.write(Write::SetMetadata(rows), None)?;
        Ok(MetadataSet { seq: written.seq, updated: written.count, length: written.length })
    }

    fn write(&self, write: Write, key: Option<&str>) -> Result<super::request::Written> {
        let idempotency_key = key.map(str::to_owned);
        self.ask(|reply| Request::Write { write, idempotency_key, reply })
    }

    /// Applies what other processes wrote, and returns the seq.
    pub fn refresh(&self) -> Result<u64> {
        self.ask(Request::Refresh)
    }

    /// Waits until everything asked before is durable and visible, and returns the seq.
    pub fn flush(&self) -> Result<u64> {
        self.ask(Request::Flush)
    }

    /// Writes a snapshot now, deletes what it makes superfluous, and returns its seq.
    pub fn checkpoint(&self) -> Result<u64> {
        self.ask(Request::Checkpoint)
    }

    pub(super) fn drop_index(&self) -> Result<u64> {
        self.ask(Request::Drop)
    }

    /// Figures of this moment; the store's are read from it.
    pub fn stats(&self) -> Result<LiveStats> {
        let core = self.core()?;
        let inventory = Inventory::take(&*core.store, self.name())?;
        Ok(LiveStats {
            index: core.shown.index.stats(),
            bytes_store: inventory.bytes,
            objects: inventory.objects,
            halted: core.shown.halted.load().as_deref().cloned(),
        })
    }
}
