//! Writing through a handle: checked here, in the caller's thread, then handed to the committer.
//!
//! When a call returns, its batch is durable and the caller's next search sees it; the calls that end in
//! `_later` return when it is queued.

use super::batch::Batch;
use super::keyed::key_of_filter;
use super::live::LiveIndex;
use super::request::{Added, Asked, Deleted, MetadataSet, Request, Waiting, Write, Written};
use crate::error::{Part, Result};
use crate::index::{self, Filter};

impl LiveIndex {
    /// Inserts the rows, or replaces those whose ids are there. When it returns the batch is durable, and
    /// the next search sees it whole.
    ///
    /// With an `idempotency_key` a repetition of the same batch is answered as the first was; another
    /// batch under the same key is `InvalidArgument`. An empty batch does nothing.
    pub fn add(&self, batch: Batch, idempotency_key: Option<&str>) -> Result<Added> {
        let Some(write) = self.checked_add(batch, idempotency_key)? else {
            let (seq, length) = self.now()?;
            return Ok(Added { seq, added: 0, length, repeated: false });
        };
        let Written { seq, count, length, repeated } = self.write(write, idempotency_key)?;
        Ok(Added { seq, added: count, length, repeated })
    }

    /// Like [`add`](Self::add), but returns when the batch is checked and queued: it becomes durable and visible
    /// a moment later. At most 64 MiB queue, then this waits. [`flush`](Self::flush) waits for all of them and
    /// tells of the first that failed; SIGKILL loses at most what is queued.
    pub fn add_later(&self, batch: Batch, idempotency_key: Option<&str>) -> Result<()> {
        match self.checked_add(batch, idempotency_key)? {
            Some(write) => self.write_later(write, idempotency_key),
            None => Ok(()),
        }
    }

    fn checked_add(&self, batch: Batch, idempotency_key: Option<&str>) -> Result<Option<Write>> {
        if let Some(key) = idempotency_key {
            index::check_key(key)?;
        }
        if batch.is_empty() {
            return Ok(None);
        }
        batch.check(&self.params())?;
        Ok(Some(Write::Upsert(batch)))
    }

    /// Removes the rows of `ids`; ids that are not there are passed over.
    pub fn delete<S: AsRef<str>>(&self, ids: &[S]) -> Result<Deleted> {
        if ids.is_empty() {
            let (seq, length) = self.now()?;
            return Ok(Deleted { seq, deleted: 0, length });
        }
        Ok(deleted(self.write(delete(ids), None)?))
    }

    /// Like [`delete`](Self::delete) with an idempotency key: as for [`add`](Self::add), a repetition is answered as
    /// the first was.
    pub fn delete_keyed<S: AsRef<str>>(&self, ids: &[S], key: &str) -> Result<Deleted> {
        index::check_key(key)?;
        if ids.is_empty() {
            return self.delete(ids);
        }
        Ok(deleted(self.write(delete(ids), Some(key))?))
    }

    /// Removes the rows that pass `filter` in the state that the deletion is written on: also what other processes
    /// added in the meantime, if it passes.
    pub fn delete_where(&self, filter: Filter) -> Result<Deleted> {
        Ok(deleted(self.write(Write::DeleteWhere(filter), None)?))
    }

    /// Like [`delete_where`](Self::delete_where) with an idempotency key; `filter` is JSON. A
    /// repetition with the same text is answered as the first call was. Another filter under the key is another deletion.
    pub fn delete_where_keyed(&self, filter: &str, key: &str) -> Result<Deleted> {
        index::check_key(key)?;
        let write = Write::DeleteWhere(Filter::parse(filter)?);
        Ok(deleted(self.write(write, Some(&key_of_filter(key, filter)))?))
    }

    /// Like [`delete_where`](Self::delete_where), queued like [`add_later`](Self::add_later).
    pub fn delete_where_later(&self, filter: Filter) -> Result<()> {
        self.write_later(Write::DeleteWhere(filter), None)
    }

    /// Like [`delete`](Self::delete), queued like [`add_later`](Self::add_later).
    pub fn delete_later<S: AsRef<str>>(&self, ids: &[S]) -> Result<()> {
        if ids.is_empty() { Ok(()) } else { self.write_later(delete(ids), None) }
    }

    /// Replaces the metadata of rows and leaves their vectors; `None` removes it. An id that is not there is
    /// `NotFound`, and nothing is changed.
    pub fn set_metadata<S: AsRef<str>>(&self, rows: &[(S, Option<S>)]) -> Result<MetadataSet> {
        if rows.is_empty() {
            let (seq, length) = self.now()?;
            return Ok(MetadataSet { seq, updated: 0, length });
        }
        Ok(updated(self.write(set_metadata(rows)?, None)?))
    }

    /// Like [`set_metadata`](Self::set_metadata) with an idempotency key: as for [`add`](Self::add), a repetition is
    /// answered as the first was.
    pub fn set_metadata_keyed<S: AsRef<str>>(
        &self,
        rows: &[(S, Option<S>)],
        key: &str,
    ) -> Result<MetadataSet> {
        index::check_key(key)?;
        if rows.is_empty() {
            return self.set_metadata(rows);
        }
        Ok(updated(self.write(set_metadata(rows)?, Some(key))?))
    }

    /// Like [`set_metadata`](Self::set_metadata), queued like [`add_later`](Self::add_later): that an id is not
    /// there is told by [`flush`](Self::flush).
    pub fn set_metadata_later<S: AsRef<str>>(&self, rows: &[(S, Option<S>)]) -> Result<()> {
        if rows.is_empty() { Ok(()) } else { self.write_later(set_metadata(rows)?, None) }
    }

    fn now(&self) -> Result<(u64, usize)> {
        let index = self.core()?.shown.index();
        Ok((index.seq(), index.len()))
    }

    fn write(&self, write: Write, key: Option<&str>) -> Result<Written> {
        let idempotency_key = key.map(str::to_owned);
        self.core()?
            .ask(|reply| Request::Write(Asked { write, idempotency_key, waiting: Waiting::Caller(reply) }))
    }

    fn write_later(&self, write: Write, key: Option<&str>) -> Result<()> {
        let (core, bytes) = (self.core()?, write.bytes());
        let waiting = Waiting::Queue(core.queue.enter(bytes));
        let idempotency_key = key.map(str::to_owned);
        core.send(Request::Write(Asked { write, idempotency_key, waiting }))
    }

    /// Applies what other processes wrote, and returns the seq.
    pub fn refresh(&self) -> Result<u64> {
        let core = self.core()?;
        core.catch_up()?;
        Ok(core.shown.index().seq())
    }

    /// Waits until everything asked before is durable and visible, and returns the seq. What was queued and
    /// failed since the last flush is told here, the first of it.
    pub fn flush(&self) -> Result<u64> {
        let core = self.core()?;
        let seq = core.ask(Request::Flush)?;
        core.queue.take_failure().map_or(Ok(seq), Err)
    }

    /// Writes a snapshot now, deletes what it makes superfluous, and returns its seq.
    pub fn checkpoint(&self) -> Result<u64> {
        self.core()?.ask(Request::Checkpoint)
    }

    pub(super) fn drop_index(&self) -> Result<u64> {
        self.core()?.ask(Request::Drop)
    }
}

fn deleted(Written { seq, count, length, repeated: _ }: Written) -> Deleted {
    Deleted { seq, deleted: count, length }
}

fn updated(Written { seq, count, length, repeated: _ }: Written) -> MetadataSet {
    MetadataSet { seq, updated: count, length }
}

fn delete<S: AsRef<str>>(ids: &[S]) -> Write {
    Write::Delete(ids.iter().map(|id| id.as_ref().to_owned()).collect())
}

fn set_metadata<S: AsRef<str>>(rows: &[(S, Option<S>)]) -> Result<Write> {
    let compact = |(at, (id, text)): (usize, &(S, Option<S>))| {
        let text = text.as_ref().map(|text| index::compact_metadata(text.as_ref())).transpose();
        let text = text.map_err(|error| error.at(at, Part::Metadata))?.filter(|text| text != "null");
        Ok((id.as_ref().to_owned(), text.map(std::borrow::Cow::into_owned)))
    };
    Ok(Write::SetMetadata(rows.iter().enumerate().map(compact).collect::<Result<Vec<_>>>()?))
}
