//! What every store promises, and the answers it gives.
//!
//! The log needs five calls (put-if-absent, get, size, list, delete); `replace` is there for
//! `vectord storaged`, whose plain PUT overwrites.

use std::fmt;

use crate::error::{Error, Outcome, Result};
use crate::store::{Key, Mapped, Watch};

/// Bytes by key.
///
/// Every store passes `tests/store/conformance.rs`. An object appears whole or not at all, and a put
/// that answered is seen by every later call through any handle. One name cannot be both an object and
/// the prefix of others (`a` and `a/b`): such a put fails with `Conflict`. Calls block, and are safe
/// from any thread.
pub trait Store: Send + Sync + fmt::Debug {
    /// Creates `key` unless it exists. Of any number of racing creators, in any processes, exactly one
    /// is told [`Put::Created`]; it is told so after the bytes are as durable as this store can make them.
    fn put_if_absent(&self, key: &Key, bytes: &[u8]) -> Put;

    /// As [`Store::put_if_absent`], of an object whose bytes are those of `pieces`, one after the other.
    fn put_pieces_if_absent(&self, key: &Key, pieces: &[&[u8]]) -> Put {
        self.put_if_absent(key, &pieces.concat())
    }

    /// The object's bytes, `None` if there is no such object.
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>>;

    /// The object's bytes without a copy of them, if this store has them in a local file, the object is worth it,
    /// and the system agrees; `None` else, and if there is no such object: then it is for [`Store::get`].
    ///
    /// They stay readable when the object is deleted.
    fn map(&self, _key: &Key) -> Result<Option<Mapped>> {
        Ok(None)
    }

    /// The object's size in bytes, `None` if there is no such object. Much cheaper than [`Store::get`].
    fn size(&self, key: &Key) -> Result<Option<u64>>;

    /// The objects whose keys begin with `prefix` (as text: it may end within a segment) and sort after
    /// `start_after`, in ascending order of their bytes, at most `limit` of them. `limit` 0 is `InvalidArgument`.
    ///
    /// Objects put or deleted during the call may or may not be in the page.
    fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Page>;

    /// Deletes the object; that it is absent already is no error. A crash may bring it back.
    fn delete(&self, key: &Key) -> Result<()>;

    /// Writes the object whether it exists or not: readers see the old bytes or the new.
    fn replace(&self, key: &Key, bytes: &[u8]) -> Replace;

    /// A new watch, which wakes its owner when objects appear; `None` where the store cannot tell, and must be
    /// asked again and again. So must one whose watch fails (`ResourceExhausted` at the system's limits).
    fn watch(&self) -> Result<Option<Box<dyn Watch>>> {
        Ok(None)
    }

    /// Why this handle takes no more writes, if it does not: the store must be opened again, and trying on
    /// is in vain. Reads go on. It is known at once, without asking the store.
    fn refuses_writes(&self) -> Option<Error> {
        None
    }

    /// What [`open`](crate::store::open) takes to reach the same store.
    fn url(&self) -> String;

    /// What this store can promise.
    fn capabilities(&self) -> Capabilities;
}

/// The answer to [`Store::put_if_absent`].
#[derive(Debug)]
#[must_use]
pub enum Put {
    /// This call created the object.
    Created,
    /// The object exists. It may be this caller's own, from an attempt whose answer was lost.
    Exists,
    /// It failed.
    Failed {
        /// Why.
        error: Error,
        /// Whether the object may exist all the same.
        written: Written,
    },
}

/// The answer to [`Store::replace`].
#[derive(Debug)]
#[must_use]
pub enum Replace {
    /// There was no such object.
    Created,
    /// There was one, with other bytes or the same.
    Replaced,
    /// It failed.
    Failed {
        /// Why.
        error: Error,
        /// Whether the object may hold the new bytes all the same.
        written: Written,
    },
}

/// What is known of a failed write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// Nothing was written.
    No,
    /// It may have been written, or may still be.
    Unknown,
}

/// A failed write on its way to [`Put::Failed`] or [`Replace::Failed`].
#[derive(Debug)]
pub(super) struct Fault(Error);

impl Fault {
    /// Nothing was written.
    pub(super) fn known(error: Error) -> Self {
        Self(error)
    }

    /// It may have been written.
    pub(super) fn unknown(error: Error) -> Self {
        Self(error.outcome_unknown())
    }

    fn written(&self) -> Written {
        match self.0.outcome() {
            Outcome::Known => Written::No,
            Outcome::Unknown => Written::Unknown,
        }
    }
}

impl From<Fault> for Put {
    fn from(fault: Fault) -> Self {
        let written = fault.written();
        Self::Failed { error: fault.0, written }
    }
}

impl From<Fault> for Replace {
    fn from(fault: Fault) -> Self {
        let written = fault.written();
        Self::Failed { error: fault.0, written }
    }
}

/// One page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Sorted by the bytes of their keys.
    pub objects: Vec<Object>,
    /// The `start_after` of the next page, `None` on the last.
    pub next: Option<String>,
}

/// One object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: Key,
    /// Its size in bytes.
    pub size: u64,
}

/// What a store can promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// [`Store::put_if_absent`] decides races; without it one process may write.
    pub put_if_absent: bool,
    /// What was put survives the loss of power.
    pub durable: bool,
    /// [`Store::size`] takes microseconds: whether an object is absent may be asked before each search.
    pub cheap_stat: bool,
    /// The largest object, in bytes.
    pub max_object_bytes: u64,
}

/// The limit of a page, checked.
pub(super) fn page_limit(limit: usize) -> Result<usize> {
    if limit == 0 { Err(Error::invalid("limit must be at least 1, got 0")) } else { Ok(limit) }
}

/// Every object whose key begins with `prefix`, sorted: the pages of [`Store::list`], one after the other.
pub fn list_all(store: &dyn Store, prefix: &str) -> Result<Vec<Object>> {
    // A directory reads all names for each page: few large pages, then. Servers answer with fewer keys.
    const PAGE: usize = 100_000;
    let mut page = store.list(prefix, None, PAGE)?;
    let mut objects = page.objects;
    while let Some(after) = page.next {
        page = store.list(prefix, Some(&after), PAGE)?;
        if page.next.as_ref().is_some_and(|next| *next <= after) {
            return Err(Error::corrupt("the store lists the same page again").within(store.url()));
        }
        objects.append(&mut page.objects);
    }
    Ok(objects)
}
