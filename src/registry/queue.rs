//! Writes that nobody waits for (`durability="async"`): how many bytes are on their way, and the first that failed.
//!
//! A caller waits only when the queue is full. SIGKILL loses at most what is queued.

use std::sync::Arc;

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

/// A write's place in the queue; dropping it makes room, also where its committer died.
#[derive(Debug)]
pub(super) struct Place {
    queue: Arc<Queue>,
    bytes: usize,
}

impl Queue {
    /// Takes a place for `bytes` bytes, when there is room.
    pub(super) fn enter(self: &Arc<Self>, bytes: usize) -> Place {
        let mut state = self.state.lock();
        self.room.wait_while(&mut state, |state| state.bytes > 0 && state.bytes + bytes > MOST_BYTES);
        state.bytes += bytes;
        Place { queue: Arc::clone(self), bytes }
    }

    /// The first failure since this was asked last.
    pub(super) fn take_failure(&self) -> Option<Error> {
        self.state.lock().failed.take()
    }
}

impl Place {
    /// The write failed; the first failure is kept.
    pub(super) fn fail(&self, error: Error) {
        self.queue.state.lock().failed.get_or_insert(error);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queue.state.lock().bytes -= self.bytes;
        self.queue.room.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_given_up_makes_room() {
        let queue = Arc::<Queue>::default();
        let place = queue.enter(MOST_BYTES);
        std::thread::scope(|scope| {
            scope.spawn(|| drop(queue.enter(1)));
            drop(place);
        });
        assert_eq!(queue.state.lock().bytes, 0);
    }
}
