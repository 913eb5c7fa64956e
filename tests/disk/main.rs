//! Disks that fail, fill up, or may not be written: what was acknowledged is there, nothing else is, and
//! writing works again when the disk does.
//!
//! `work.rs` holds the rows and what must be true of them, `child.rs` the processes that are run in trouble,
//! the other files one kind of trouble each.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, but does not see that these functions are"
)]

mod child;
mod descriptors;
mod full;
mod one_thread;
mod order;
mod read_only;
#[path = "../store_conformance/skip.rs"]
mod skip;
mod strace;
mod work;
