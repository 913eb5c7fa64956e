//! What a write waits for: to be durable and visible, or only to be queued.
//!
//! How the queue works is the registry's business.

use crate::error::{Error, Result};

/// The durability of the writes of one handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// A call returns when its rows are durable and visible.
    Sync,
    /// A call returns when its rows are checked and queued.
    Async,
}

impl Durability {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Async => "async",
        }
    }

    pub(super) fn parse(name: &str) -> Result<Self> {
        [Self::Sync, Self::Async]
            .into_iter()
            .find(|durability| durability.name() == name)
            .ok_or_else(|| Error::invalid(format!("unknown durability {name:?}: give \"sync\" or \"async\"")))
    }
}
