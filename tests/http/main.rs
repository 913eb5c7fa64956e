//! The service as its clients meet it. Every test starts the real binary.
//!
//! Heads and bodies that break HTTP itself are in tests/raw_socket.rs, the operator's commands in tests/operate.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, but does not see that these functions are"
)]

#[path = "../service/mod.rs"]
mod service;
#[path = "../support/mod.rs"]
mod support;

mod acceptance;
mod auth;
mod bodies;
mod filters;
mod metrics;
mod overload;
mod routes;
mod tls;
