//! `graph/arena.rs` and what it stands on, as they are, compiled for loom: `cargo test` here runs its models.

#[path = "../../../src/graph/arena.rs"]
mod arena;
#[path = "../../../src/graph/pages.rs"]
mod pages;
#[path = "../../../src/graph/prefetch.rs"]
mod prefetch;
#[path = "../../../src/graph/sync.rs"]
mod sync;
