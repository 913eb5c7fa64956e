//! What a store promises, each store and every disk: one suite in `conformance.rs`, run over all of them.
//!
//! The files beside it hold what only one kind of store can promise, `disk` what becomes of indexes when a disk
//! fails, fills up or may not be written.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, but does not see that these functions are"
)]

#[path = "../support/mod.rs"]
mod support;

mod conformance;
mod directory;
#[cfg(target_os = "linux")]
mod disk;
#[cfg(feature = "server")]
mod http;
#[cfg(feature = "server")]
mod storaged;
mod suite;
mod watch;
