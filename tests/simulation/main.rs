//! The log under schedules that a seed decides: `claims.rs` holds what the real code must do, `protocol_model.rs` what
//! the protocol must, without the code. Feature `bugs` puts known bugs back in, which must be found.
//!
//! Of the parts of the simulation `run` is one seed and `oracle` judges it.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, but does not see that these functions are"
)]

#[path = "../support/mod.rs"]
mod support;

mod batch;
mod call;
mod claims;
mod client;
mod counts;
mod faults;
mod journal;
mod model;
mod observe;
mod oracle;
mod passing;
mod process;
mod protocol_model;
mod run;
mod scheduler;
mod seeds;
mod store;
mod task;
mod turnstile;
mod watch;
mod world;

/// The index that all are about.
const NAME: &str = "docs";
