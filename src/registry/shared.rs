//! One live registry per URL and process: two opens of one store are the same registry.
//!
//! Two of them in one process would each be a writer, and conflict with each other.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Weak};

use parking_lot::Mutex;

use super::handle::Shelf;
use crate::error::Result;
use crate::store;

type Key = (u32, String);

static SHELVES: LazyLock<Mutex<HashMap<Key, Weak<Shelf>>>> = LazyLock::new(|| Mutex::new(HashMap::new()));

/// The shelf of this URL in this process; opened if it is not open.
pub(super) fn shelf(url: &str) -> Result<Arc<Shelf>> {
    let store = store::open(url)?;
    let url = store.url();
    if url == "memory:" {
        return Ok(Arc::new(Shelf::new(store)));
    }
    let mut shelves = SHELVES.lock();
    shelves.retain(|_, shelf| shelf.strong_count() > 0);
    let key = (std::process::id(), url);
    if let Some(shelf) = shelves.get(&key).and_then(Weak::upgrade) {
        return Ok(shelf);
    }
    let shelf = Arc::new(Shelf::new(store));
    shelves.insert(key, Arc::downgrade(&shelf));
    Ok(shelf)
}
