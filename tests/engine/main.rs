//! What the engine must hold whatever the data, the processor and the order of arrival: recall, lengths,
//! distances and the very bytes of its state.
//!
//! `fed.rs` holds an index beside what was put into it, `shapes.rs` the data, the other files one claim each.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, but does not see that these functions are"
)]

mod fed;
mod hostile;
mod lossless;
#[path = "../support/numbers.rs"]
mod numbers;
mod order;
mod processors;
mod shapes;
#[path = "../store_conformance/skip.rs"]
mod skip;
mod stored;
mod tuned;
