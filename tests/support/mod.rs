//! What several integration tests share: seeded numbers, clustered vectors, golden bytes, a store that fails on
//! demand, and how a test says that it was skipped.

#![allow(
    clippy::unwrap_used,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "each test binary uses a part of it"
)]

pub mod faults;
pub mod golden;
pub mod numbers;
pub mod skip;
