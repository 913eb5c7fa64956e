//! What a store tells a follower: "look again below this prefix".
//!
//! A watch saves asking, it never replaces it: a directory on a network file system hears nothing of what
//! other hosts put there. So followers still look at every timeout, which may be long.

use std::fmt;
use std::task::Waker;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::store::Key;

/// Wakes one thread when objects may have appeared below the prefixes it asked about.
///
/// A prefix is empty or ends in `/`; watched are the objects directly below it. Nothing is said of what was
/// there before [`Watch::add`]: add first, then look. A process that was forked must not touch the watches it
/// inherited, not even to remove a prefix (they are its parent's): it opens the store again.
pub trait Watch: Send + fmt::Debug {
    /// Watches the objects directly below `prefix`, also if there are none yet and no such place.
    ///
    /// If this fails (`ResourceExhausted` at the system's limits) the others stay watched, and the caller
    /// asks the store about this one from time to time.
    fn add(&mut self, prefix: &str) -> Result<()>;

    /// Watches `prefix` no longer; that it was never added is no error.
    fn remove(&mut self, prefix: &str);

    /// Waits until objects may have appeared below some of the prefixes, and says which: at least those,
    /// sorted. What happened between two waits ends the later one at once.
    ///
    /// At the timeout the answer is empty, unless there are prefixes that can be watched no more
    /// (resources ran out while their place was made again): then it is these, each time. It is empty
    /// too when the [`Watch::waker`] was used.
    fn wait(&mut self, timeout: Duration) -> Vec<String>;

    /// Ends the wait that is under way, or the next one, from any thread.
    fn waker(&self) -> Waker;
}

/// The place whose objects `prefix` names, without its slash.
pub(super) fn place(prefix: &str) -> Result<&str> {
    match prefix.strip_suffix('/') {
        None if prefix.is_empty() => Ok(""),
        Some(place) if Key::parse(place).is_ok() => Ok(place),
        Some(_) | None => Err(Error::invalid(format!("no objects are directly below {prefix:?}"))),
    }
}
