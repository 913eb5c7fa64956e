//! The graph against the plain scan of the same rows, on data every clone can make.
//!
//! It needs no service: `make soak` runs it under AddressSanitizer without the Cargo feature.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, but does not see that these functions are"
)]

#[path = "../support/mod.rs"]
mod support;

mod among;
mod clusters;
