//! What a process's part in a log depends on beside the store: time and patience.
//!
//! With the feature `bugs`, also which known bug is put back in, to prove that the tests would find it.

use std::sync::Arc;
use std::time::Duration;

use super::clock::{Clock, SystemClock};

/// How patient the log is, and by which clock.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long an append whose outcome is unknown is tried before its callers are told so.
    pub give_up: Duration,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The bug to commit.
    #[cfg(feature = "bugs")]
    pub bug: Option<Bug>,
    /// The id to write under instead of a new one: a fork that was not noticed.
    #[cfg(feature = "bugs")]
    pub writer_id: Option<[u8; 16]>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            give_up: Duration::from_secs(30),
            clock: Arc::new(SystemClock::default()),
            #[cfg(feature = "bugs")]
            bug: None,
            #[cfg(feature = "bugs")]
            writer_id: None,
        }
    }
}

/// Mistakes that a log like this one has been built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// Entries count without a look at the newest floor.
    NoFloorCheck,
    /// A checkpoint deletes before it publishes the floor.
    DeleteBeforeFloor,
    /// A write is acknowledged before it is durable.
    AckBeforeFsync,
    /// "Exists" is taken for another's entry, though it may be one's own.
    ExistsIsConflict,
    /// An entry whose outcome is unknown is given up and the next position is used.
    PassUnknown,
    /// There is one snapshot, and it is overwritten.
    OverwrittenSnapshot,
    /// An entry counts as one's own if its writer id is.
    OursByWriter,
    /// What a filter deletes is not looked up again when another process wrote first.
    PassedOnce,
}

impl Settings {
    /// Whether `bug` is to be committed: never, but in builds made to be caught.
    #[cfg(feature = "bugs")]
    pub(crate) fn commits(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// Whether `bug` is to be committed: never, but in builds made to be caught.
    #[cfg(not(feature = "bugs"))]
    #[inline]
    #[expect(clippy::unused_self, reason = "the other build asks the settings")]
    pub(crate) fn commits(&self, _: Bug) -> bool {
        false
    }

    /// The id to write under instead of a new one, if there is one.
    #[cfg(feature = "bugs")]
    pub(super) fn given_writer_id(&self) -> Option<[u8; 16]> {
        self.writer_id
    }

    /// The id to write under instead of a new one, if there is one.
    #[cfg(not(feature = "bugs"))]
    #[expect(clippy::unused_self, reason = "the other build asks the settings")]
    pub(super) fn given_writer_id(&self) -> Option<[u8; 16]> {
        None
    }
}
