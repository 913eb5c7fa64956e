//! The Python face: each binding extracts, detaches from the interpreter, calls the registry or the client, and wraps.

// Docstrings are Python's: their lists of strings are no links of rustdoc.
#![allow(clippy::doc_link_with_quotes)]

mod add;
mod array;
mod batch_hits;
mod column;
mod connect;
mod durability;
mod errors;
mod figures;
mod filter;
mod frame;
mod given;
mod handle;
mod hits;
mod index;
mod ingest;
mod json;
mod metadata;
mod module;
mod origin;
mod process;
mod progress;
mod recall;
mod registry;
mod results;
mod rows;
mod search;
#[cfg(feature = "server")]
mod server;
mod session;
mod shape;
mod table;
mod whole;
mod write;
