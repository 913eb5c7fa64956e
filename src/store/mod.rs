//! Bytes by key: what the log stands on, and the stores that provide it.
//!
//! [`Store`] is synchronous and object-safe. No store knows what an index or a log is; the rules for
//! index names are the registry's.

mod bell;
mod contract;
mod directory;
mod key;
mod map;
mod memory;
mod open;
mod probe;
mod storaged;
mod watch;

pub use contract::{Capabilities, Object, Page, Put, Replace, Store, Written, list_all};
pub use directory::{Directory, Publish};
pub use key::Key;
pub use map::{Bytes, Mapped};
pub use memory::Memory;
pub use open::{open, open_existing};
pub use probe::{Check, Probe, probe, remember};
pub use storaged::Storaged;
pub use watch::Watch;
