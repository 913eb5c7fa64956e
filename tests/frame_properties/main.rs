//! Claims about the decoders that hold for every input: what is written reads back, damage is noticed,
//! and no bytes whatever make them panic or hang.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod edits;
#[path = "../support/golden.rs"]
mod golden;
mod inputs;
mod reseal;

mod damage;
mod hits;
mod round_trips;
mod versions;
