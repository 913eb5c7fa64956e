//! A vector index that a notebook, an ingest job and an HTTP service can open at the same time.
//!
//! ```
//! use vectord::registry::{Batch, Params, Registry, SearchOptions};
//!
//! let registry = Registry::open("memory:")?; // or a directory, or http://storaged:3211
//! let docs = registry.create("docs", Params::new(2))?;
//! let mut batch = Batch::builder(2, 2);
//! batch.push_row("north", Some(r#"{"degrees": 0}"#), &[0.0, 1.0])?;
//! batch.push_row("east", None, &[1.0, 0.0])?;
//! docs.add(batch.finish()?, None)?; // durable, and seen by the next search
//! let hits = docs.search(&[0.1, 0.9], &SearchOptions::new(1))?;
//! assert_eq!((&hits.ids[0], hits.metadata[0].as_deref()), ("north", Some(r#"{"degrees":0}"#)));
//! # Ok::<(), vectord::error::Error>(())
//! ```
//!
//! This page is the contents of the crate; ARCHITECTURE.md draws how the layers stand on each other,
//! and `tests/tidy.rs` keeps them that way.

#[cfg(not(unix))]
compile_error!("vectord stores an index with O_TMPFILE, linkat and fsync: it builds on Linux and macOS only");

#[cfg(all(feature = "bugs", not(debug_assertions)))]
compile_error!("the feature `bugs` puts known bugs behind switches, for tests: no release may have them");

pub mod client;
pub mod error;
pub mod frame;
pub mod graph;
pub mod index;
pub mod log;
pub mod metric;
pub mod registry;
pub mod store;

mod http_client;

#[cfg(feature = "server")]
pub mod cli;
#[cfg(feature = "server")]
pub mod server;

#[cfg(feature = "python")]
mod python;
