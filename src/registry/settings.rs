//! What a registry's indexes depend on beside their store.
//!
//! The defaults are what users get; tests choose their own clock and limits.

use std::time::Duration;

use crate::log;

/// How the indexes of a registry behave.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The patience of their logs, and time.
    pub log: log::Settings,
    /// Whether a thread follows what other processes write. Without it an index catches up when it is read or
    /// written.
    pub follow: bool,
    /// Fewer dead rows than this are never compacted away.
    pub least_dead: usize,
    /// How long after a write whose outcome is unknown it is sent again, when nothing else is asked; and how long
    /// writes must pause before what can wait is done: a compaction, the snapshot after it.
    pub resolve_again: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            log: log::Settings::default(),
            follow: true,
            least_dead: 1_024,
            resolve_again: Duration::from_millis(500),
        }
    }
}
