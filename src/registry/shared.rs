//! One live registry per URL and process: two opens of one store are the same registry.
//!
//! Two of them in one process would each be a writer, and conflict with each other.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;

use super::handle::Shelf;
use super::settings::Settings;
use crate::error::Result;
use crate::store;

/// The shelves of a process. Another thread of the parent may have held the lock when this process was forked:
/// so a child never touches what it inherited, but begins anew.
struct Shelves {
    pid: u32,
    by_url: Mutex<HashMap<String, Weak<Shelf>>>,
}

static SHELVES: ArcSwapOption<Shelves> = ArcSwapOption::const_empty();

fn shelves() -> Arc<Shelves> {
    loop {
        let pid = std::process::id();
        let there = SHELVES.load_full();
        if let Some(shelves) = there.as_ref().filter(|shelves| shelves.pid == pid) {
            return Arc::clone(shelves);
        }
        SHELVES.compare_and_swap(&there, Some(Arc::new(Shelves { pid, by_url: Mutex::default() })));
    }
}

/// The shelf of this URL in this process; opened if it is not open.
pub(super) fn shelf(url: &str) -> Result<Arc<Shelf>> {
    let store = store::open(url)?;
    let url = store.url();
    if url == "memory:" {
        // Nobody else can write to it.
        return Ok(Arc::new(Shelf::new(store, Settings { follow: false, ..Settings::default() })));
    }
    let shelves = shelves();
    let mut by_url = shelves.by_url.lock();
    by_url.retain(|_, shelf| shelf.strong_count() > 0);
    if let Some(shelf) = by_url.get(&url).and_then(Weak::upgrade) {
        return Ok(shelf);
    }
    let shelf = Arc::new(Shelf::new(store, Settings::default()));
    by_url.insert(url, Arc::downgrade(&shelf));
    Ok(shelf)
}
