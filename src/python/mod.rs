//! The Python face: each binding extracts, detaches from the interpreter, calls the registry, and wraps.

mod add;
mod array;
mod batch_hits;
mod column;
mod errors;
mod frame;
mod hits;
mod index;
mod json;
mod metadata;
mod module;
mod process;
mod progress;
mod registry;
mod results;
mod rows;
mod search;
#[cfg(feature = "server")]
mod server;
mod session;
mod table;
