//! A store in this process's memory: for tests, for trying things out, and `vectord.open("memory:")`.
//!
//! Nothing survives the process, and nothing pretends to.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;

use parking_lot::RwLock;

use crate::error::{Error, Result};
use crate::store::bell::Bells;
use crate::store::contract::{Fault, page_limit};
use crate::store::{Capabilities, Key, Object, Page, Put, Replace, Store, Watch};

/// Objects in a map under a lock. Each value is a store of its own; nothing survives it.
#[derive(Default)]
pub struct Memory {
    objects: RwLock<BTreeMap<String, Vec<u8>>>,
    bells: Bells,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("objects", &self.objects.read().len()).finish_non_exhaustive()
    }
}

/// Refuses a key that is a prefix of others or has an object for a prefix, as a file system must.
fn check_place(objects: &BTreeMap<String, Vec<u8>>, key: &Key) -> Result<(), Fault> {
    let text = key.as_str();
    let above = text.match_indices('/').map(|(at, _)| &text[..at]).find(|above| objects.contains_key(*above));
    if let Some(above) = above {
        return Err(Fault::known(Error::conflict(format!("{above} is an object, not a prefix")).within(key)));
    }
    let below = format!("{text}/");
    if objects.range(below.clone()..).next().is_some_and(|(next, _)| next.starts_with(&below)) {
        return Err(Fault::known(Error::conflict("it is the prefix of other objects").within(key)));
    }
    Ok(())
}

impl Store for Memory {
    fn put_if_absent(&self, key: &Key, bytes: &[u8]) -> Put {
        self.put_pieces_if_absent(key, &[bytes])
    }

    fn put_pieces_if_absent(&self, key: &Key, pieces: &[&[u8]]) -> Put {
        // Nobody waits for the bytes to be copied.
        let bytes = pieces.concat();
        let mut objects = self.objects.write();
        if objects.contains_key(key.as_str()) {
            return Put::Exists;
        }
        if let Err(fault) = check_place(&objects, key) {
            return fault.into();
        }
        objects.insert(key.as_str().to_owned(), bytes);
        drop(objects);
        self.bells.ring(key);
        Put::Created
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        Ok(self.objects.read().get(key.as_str()).cloned())
    }

    fn size(&self, key: &Key) -> Result<Option<u64>> {
        Ok(self.objects.read().get(key.as_str()).map(|bytes| bytes.len() as u64))
    }

    fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Page> {
        let limit = page_limit(limit)?;
        let start = match start_after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            Some(_) | None => Bound::Included(prefix),
        };
        let objects = self.objects.read();
        let mut found = objects
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, bytes)| Ok(Object { key: Key::parse(key.as_str())?, size: bytes.len() as u64 }));
        let page: Vec<Object> = found.by_ref().take(limit).collect::<Result<_>>()?;
        let next = found.next().and_then(|_| page.last().map(|object| object.key.as_str().to_owned()));
        Ok(Page { objects: page, next })
    }

    fn delete(&self, key: &Key) -> Result<()> {
        self.objects.write().remove(key.as_str());
        Ok(())
    }

    fn replace(&self, key: &Key, bytes: &[u8]) -> Replace {
        let mut objects = self.objects.write();
        if let Err(fault) = check_place(&objects, key) {
            return fault.into();
        }
        let before = objects.insert(key.as_str().to_owned(), bytes.to_vec());
        drop(objects);
        self.bells.ring(key);
        match before {
            None => Replace::Created,
            Some(_) => Replace::Replaced,
        }
    }

    fn watch(&self) -> Result<Option<Box<dyn Watch>>> {
        Ok(Some(self.bells.watch()))
    }

    fn url(&self) -> String {
        "memory:".to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            put_if_absent: true,
            durable: false,
            cheap_stat: true,
            max_object_bytes: isize::MAX as u64,
        }
    }
}
