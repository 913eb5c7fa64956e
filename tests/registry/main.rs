//! Indexes that are kept in a store: what was acknowledged is there whatever fails, whoever else writes, and
//! however often it is opened.
//!
//! The stores are in memory or in a directory of the test; processes are registries that share nothing but the
//! store. Real processes are in tests/python, schedules in tests/simulation.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, but does not see that these functions are"
)]

#[path = "../support/mod.rs"]
mod support;

mod adopt;
mod concurrent;
mod duplicates;
mod lifetimes;
mod live_recall;
mod log;
mod mapped;
mod model;
mod recovery;
mod shared;
