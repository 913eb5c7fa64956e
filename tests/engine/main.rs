//! What the engine must hold whatever the data, the processor and the order of arrival: recall, lengths,
//! distances and the very bytes of its state. All of it through the index, without a store.
//!
//! `fed.rs` holds an index beside what was put into it, `shapes.rs` the data, the other files one claim each.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, but does not see that these functions are"
)]

#[path = "../support/mod.rs"]
mod support;

mod among;
mod attach;
mod batches;
mod compact;
mod fed;
mod hostile;
mod lossless;
mod order;
mod processors;
mod recall;
mod shapes;
mod stored;
mod tuned;
