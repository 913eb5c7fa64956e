//! The parts of the simulation: `run` is one seed, `oracle` judges it.

#![allow(unreachable_pub, reason = "one test binary uses it")]

pub mod batch;
pub mod call;
pub mod client;
pub mod counts;
pub mod faults;
pub mod journal;
pub mod model;
pub mod observe;
pub mod oracle;
pub mod passing;
pub mod process;
pub mod run;
pub mod scheduler;
pub mod seeds;
pub mod store;
pub mod task;
pub mod turnstile;
pub mod watch;
pub mod world;

/// The index that all are about.
pub const NAME: &str = "docs";
