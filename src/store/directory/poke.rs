//! An eventfd(2), which ends the wait of a thread that sleeps on another descriptor.
//!
//! It counts: a poke before the sleep ends that one at once, and several are one.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::Wake;
use std::time::Instant;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::{Errno, Result, read, write};

#[derive(Debug)]
pub(super) struct Poke(OwnedFd);

impl Poke {
    pub(super) fn new() -> Result<Self> {
        eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map(Self)
    }

    /// Sleeps until `other` can be read, until poked, or until `end`. Whether it was a poke.
    pub(super) fn sleep_beside(&self, other: &OwnedFd, end: Option<Instant>) -> Result<bool> {
        let mut sources = [PollFd::new(other, PollFlags::IN), PollFd::new(&self.0, PollFlags::IN)];
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        // A time that the kernel cannot count is no limit.
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut sources, left.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
        Ok(!sources[1].revents().is_empty() && read(&self.0, &mut [0; 8]).is_ok())
    }
}

impl Wake for Poke {
    fn wake(self: Arc<Self>) {
        // It fails only when the counter is full, and then the sleeper wakes as well.
        let _ = write(&self.0, &1_u64.to_ne_bytes());
    }
}
