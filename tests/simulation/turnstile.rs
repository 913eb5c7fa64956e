//! Where every store call of every simulated process waits until the scheduler lets it through.
//!
//! A client calls the index from a thread of its own, and the index's committer calls the store from
//! another; the two never call it at once, so a client has at most one call waiting. The scheduler chooses
//! only when each busy client has one: which thread the machine runs first then decides nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use super::call::{Answer, Call};

/// A client's place among the clients of a seed.
pub type ClientNumber = usize;

/// A process: the client, and how often it was started before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId {
    pub client: ClientNumber,
    pub life: u32,
}

/// A call that waits.
pub struct Waiting {
    pub process: ProcessId,
    pub call: Call,
    reply: SyncSender<Answer>,
}

impl Waiting {
    /// Lets the call through with this answer.
    pub fn answer(self, answer: Answer) {
        // A caller that died while it waited takes no answer.
        drop(self.reply.send(answer));
    }
}

#[derive(Default)]
struct State {
    waiting: Vec<Waiting>,
    busy: Vec<bool>,
    /// Clients that prepare something while a call of theirs waits.
    held: Vec<bool>,
    killed: Vec<ProcessId>,
    /// All is over: nobody waits any more.
    over: bool,
}

pub struct Turnstile {
    state: Mutex<State>,
    changed: Condvar,
}

/// Far beyond what any step takes: a step that takes longer waits for ever.
const HANGS: Duration = Duration::from_secs(20);

impl Turnstile {
    pub fn new(clients: usize) -> Self {
        let state = State { busy: vec![false; clients], held: vec![false; clients], ..State::default() };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Waits to be let through; a killed process gets no further.
    pub fn pass(&self, process: ProcessId, call: Call) -> Answer {
        let (reply, answer) = sync_channel(1);
        {
            let mut state = self.state.lock().unwrap();
            if state.over || state.killed.contains(&process) {
                return call.refused();
            }
            state.waiting.push(Waiting { process, call, reply });
        }
        self.changed.notify_all();
        answer.recv().expect("the scheduler answers every call")
    }

    pub fn begins(&self, client: ClientNumber) {
        self.state.lock().unwrap().busy[client] = true;
    }

    pub fn ends(&self, client: ClientNumber) {
        self.state.lock().unwrap().busy[client] = false;
        self.changed.notify_all();
    }

    /// Waits until each busy client has a call waiting. Returns the clients that have one, and those that
    /// are idle; `None` if a client neither ends nor calls.
    pub fn quiet(&self) -> Option<(Vec<ClientNumber>, Vec<ClientNumber>)> {
        let state = self.state.lock().unwrap();
        let waits = |state: &State, client| state.waiting.iter().any(|call| call.process.client == client);
        let (state, timeout) = self
            .changed
            .wait_timeout_while(state, HANGS, |state| {
                (0..state.busy.len())
                    .any(|client| state.busy[client] && (state.held[client] || !waits(state, client)))
            })
            .unwrap();
        if timeout.timed_out() {
            return None;
        }
        let (calling, rest): (Vec<_>, Vec<_>) =
            (0..state.busy.len()).partition(|client| waits(&state, *client));
        Some((calling, rest.into_iter().filter(|client| !state.busy[*client]).collect()))
    }

    /// Whether `client` is about to write an entry, or to look whether it counts.
    pub fn appends(&self, client: ClientNumber) -> bool {
        let decides = |call: &Call| match call {
            Call::Put(key, _) => key.as_str().contains("/log/"),
            Call::Get(key) => key.as_str().contains("/floor/"),
            _ => false,
        };
        let state = self.state.lock().unwrap();
        state.waiting.iter().any(|call| call.process.client == client && decides(&call.call))
    }

    /// Takes the waiting call of `client`.
    pub fn take(&self, client: ClientNumber) -> Waiting {
        let mut state = self.state.lock().unwrap();
        let at = state.waiting.iter().position(|call| call.process.client == client);
        state.waiting.remove(at.expect("the scheduler takes calls that wait"))
    }

    pub fn is_killed(&self, process: ProcessId) -> bool {
        let state = self.state.lock().unwrap();
        state.over || state.killed.contains(&process)
    }

    /// Nothing of `client` is let through until it is released, though a call of its waits.
    pub fn hold(&self, client: ClientNumber) {
        self.state.lock().unwrap().held[client] = true;
    }

    pub fn release(&self, client: ClientNumber) {
        self.state.lock().unwrap().held[client] = false;
        self.changed.notify_all();
    }

    /// Waits until a call of `client`, which holds, waits here, or `done` says that none will come.
    pub fn wait_for_call(&self, client: ClientNumber, done: &AtomicBool) {
        let state = self.state.lock().unwrap();
        let comes = |state: &mut State| {
            !state.waiting.iter().any(|call| call.process.client == client) && !done.load(Ordering::Acquire)
        };
        drop(self.changed.wait_while(state, comes).unwrap());
    }

    /// Wakes those who wait for a change that is not made here.
    pub fn notify(&self) {
        drop(self.state.lock().unwrap());
        self.changed.notify_all();
    }

    /// Refuses every call that waits or comes, so that all threads end.
    pub fn close(&self) {
        let waiting = {
            let mut state = self.state.lock().unwrap();
            state.over = true;
            std::mem::take(&mut state.waiting)
        };
        for call in waiting {
            let refused = call.call.refused();
            call.answer(refused);
        }
    }

    /// From here on nothing that `process` does has an effect, and it is told that all of it failed.
    pub fn kill(&self, process: ProcessId) {
        let mut state = self.state.lock().unwrap();
        state.killed.push(process);
        let (dead, alive) =
            std::mem::take(&mut state.waiting).into_iter().partition(|call| call.process == process);
        state.waiting = alive;
        let dead: Vec<Waiting> = dead;
        for call in dead {
            let refused = call.call.refused();
            call.answer(refused);
        }
    }
}
