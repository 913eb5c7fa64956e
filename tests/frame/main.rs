//! The bytes that are stored and sent: they stay as they were, what is written reads back, damage is noticed,
//! and no bytes whatever make a decoder panic or hang. What decoders allocate is counted in `frame_allocation.rs`.
//!
//! `golden.rs` and `go.rs` read the files of tests/data; `inputs.rs`, `edits.rs` and `reseal.rs` make frames and
//! break them; the other files hold one kind of claim each.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, but does not see that these functions are"
)]

#[path = "../support/mod.rs"]
mod support;

mod damage;
mod edits;
mod go;
mod golden;
mod hits;
mod inputs;
mod reseal;
mod round_trips;
mod versions;
