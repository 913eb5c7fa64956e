//! A vector index that a notebook, an ingest job and an HTTP service can open at the same time.
//!
//! This page is the contents of the crate; ARCHITECTURE.md draws how the layers stand on each other,
//! and `tests/tidy.rs` keeps them that way.

#[cfg(not(unix))]
compile_error!("vectord stores an index with O_TMPFILE, linkat and fsync: it builds on Linux and macOS only");

pub mod error;
pub mod frame;
pub mod graph;
pub mod index;
pub mod log;
pub mod metric;
pub mod registry;
pub mod store;

#[cfg(feature = "server")]
pub mod cli;
#[cfg(feature = "server")]
pub mod server;

#[cfg(feature = "python")]
mod python;
