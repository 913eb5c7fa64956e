//! Disks that fail, fill up, or may not be written: what was acknowledged is there, nothing else is, and
//! writing works again when the disk does.
//!
//! `work.rs` holds the rows and what must be true of them, `child.rs` the processes that are run in trouble,
//! the other files one kind of trouble each.

mod child;
mod descriptors;
mod full;
mod one_thread;
mod order;
mod read_only;
mod strace;
mod work;
