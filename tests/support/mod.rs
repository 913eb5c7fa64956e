//! What several integration tests share: seeded numbers, clustered vectors, golden bytes, and a store that fails on
//! demand.

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
