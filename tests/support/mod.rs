//! What several integration tests share: seeded numbers, clustered vectors, and a store that fails on demand.

#![allow(dead_code, missing_docs, reason = "each test binary uses a part of it")]

pub mod faults;
pub mod numbers;
