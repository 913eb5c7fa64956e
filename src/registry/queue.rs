//! Writes that nobody waits for (`durability="async"`): how many bytes are on their way, and the first that failed.
//!
//! A caller waits only when the queue is full. SIGKILL loses at most what is queued.

use parking_lot::{Condvar, Mutex};

use crate::error::Error;

/// More bytes than this do not queue, but for one write that is larger itself.
const MOST_BYTES: usize = 64 << 20;

/// The queue of one index in one process.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    room: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: usize,
    failed: Option<Error>,
}

impl Queue {
    /// Takes a place for `bytes` bytes, when there is room.
    pub(super) fn enter(&self, bytes: usize) {
        let mut state = self.state.lock();
        self.room.wait_while(&mut state, |state| state.bytes > 0 && state.bytes + bytes > MOST_BYTES);
        state.bytes += bytes;
    }

    /// A write of `bytes` bytes is in, or failed.
    pub(super) fn done(&self, bytes: usize, failed: Option<Error>) {
        let mut state = self.state.lock();
        state.bytes -= bytes;
        if state.failed.is_none() {
            state.failed = failed;
        }
        self.room.notify_all();
    }

    /// The first failure since this was asked last.
    pub(super) fn take_failure(&self) -> Option<Error> {
        self.state.lock().failed.take()
    }
}
