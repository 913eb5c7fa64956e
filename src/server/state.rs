//! What every request shares: the registry, the indexes at hand, limits, and whether the service is ready.
//!
//! The indexes at hand are a cache: an index found there costs a request no trip to a blocking thread.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use parking_lot::RwLock;

use super::admission::Admission;
use super::budget::Budget;
use super::hosts::Hosts;
use super::keys::Keys;
use super::loading::Loading;
use super::metrics::{Metrics, Refusal};
use super::pace::Pace;
use super::patience::Patience;
use super::room::Room;
use crate::error::Result;
use crate::registry::{LiveIndex, Registry};

/// How long things may take, and how much of them there may be at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The first byte of a connection, its TLS handshake, the head of each request, and the time between requests.
    pub header: Duration,
    /// Between two pieces of a body.
    pub body_idle: Duration,
    /// A whole body.
    pub body_whole: Duration,
    /// Between two pieces of an answer that its client takes.
    pub answer_idle: Duration,
    /// A read or a search, after its body.
    pub read: Duration,
    /// A write, after its body. One that takes longer goes on, and its caller is told so.
    pub write: Duration,
    /// What was accepted may take so long after the service was told to end.
    pub drain: Duration,
    /// Connections.
    pub connections: usize,
    /// Bytes of all bodies in memory.
    pub body_bytes: usize,
    /// Bytes of all answers in memory, but for short ones.
    pub answer_bytes: usize,
    /// Reads and searches that wait or run where they may block.
    pub reads: usize,
    /// Writes that wait or run.
    pub writes: usize,
    /// Bytes that the store may hold, if they are limited.
    pub quota: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(10),
            body_idle: Duration::from_secs(10),
            body_whole: Duration::from_secs(60),
            answer_idle: Duration::from_secs(30),
            read: Duration::from_secs(30),
            write: Duration::from_secs(60),
            drain: Duration::from_secs(10),
            connections: 4_096,
            body_bytes: 256 << 20,
            answer_bytes: 512 << 20,
            reads: 256,
            writes: 256,
            quota: None,
        }
    }
}

/// An index at hand, and how long its searches take.
#[derive(Clone)]
pub(super) struct Handle {
    pub(super) live: LiveIndex,
    pub(super) pace: Arc<Pace>,
}

/// The state of a service.
pub struct AppState {
    pub(super) registry: Registry,
    pub(super) keys: Keys,
    pub(super) hosts: Hosts,
    pub(super) admission: Arc<Admission>,
    patience: Patience,
    answers: Arc<Budget>,
    pub(super) loading: Loading,
    pub(super) draining: AtomicBool,
    pub(super) metrics: Arc<Metrics>,
    at_hand: RwLock<HashMap<String, Handle>>,
}

impl AppState {
    /// The state of a service over `registry` that asks for no key. Nothing is loaded yet: [`load`](Self::load) does it.
    pub fn new(registry: Registry, limits: Limits) -> Arc<Self> {
        Self::guarded(registry, limits, Keys::default(), Hosts::default())
    }

    /// The same of one that asks for `keys`, or else answers to `hosts`.
    pub fn guarded(registry: Registry, limits: Limits, keys: Keys, hosts: Hosts) -> Arc<Self> {
        let metrics = Arc::new(Metrics::new());
        let admission = Admission::new(&limits, &registry.store(), &metrics);
        let budget = |what, bytes| Budget::new(what, bytes, Some(Arc::clone(&metrics)));
        let patience = Patience {
            idle: limits.body_idle,
            whole: limits.body_whole,
            budget: budget(Refusal::Bodies, limits.body_bytes),
        };
        let answers = budget(Refusal::Answers, limits.answer_bytes);
        Arc::new(Self {
            registry,
            keys,
            hosts,
            admission,
            patience,
            answers,
            loading: Loading::default(),
            draining: AtomicBool::new(false),
            metrics,
            at_hand: RwLock::default(),
        })
    }

    pub(super) fn patience(&self) -> Patience {
        self.patience.clone()
    }

    /// Room for an answer.
    pub(super) fn room(&self) -> Room {
        Room::new(&self.answers)
    }

    /// The index `name` if it is at hand and good. Never blocks.
    pub(super) fn at_hand(&self, name: &str) -> Option<Handle> {
        // Dropped, or closed: the registry knows what to do.
        self.at_hand.read().get(name).filter(|handle| !handle.live.is_stale()).cloned()
    }

    /// The index `name`, loaded if need be. Blocks.
    pub(super) fn get(&self, name: &str) -> Result<Handle> {
        let found = self.registry.get(name);
        self.loading.note(name, found.as_ref().err());
        match found {
            Ok(live) => Ok(self.keep(live)),
            Err(error) => {
                self.forget(name);
                Err(error)
            }
        }
    }

    pub(super) fn keep(&self, live: LiveIndex) -> Handle {
        // What was learnt of its pace stays while the index does.
        if let Some(known) = self.at_hand(live.name()).filter(|known| known.live.is_same(&live)) {
            return known;
        }
        let handle = Handle { live, pace: Arc::default() };
        let before = self.at_hand.write().insert(handle.live.name().to_owned(), handle.clone());
        // The last handle of an index closes it, which may take long: after the lock.
        drop(before);
        handle
    }

    pub(super) fn forget(&self, name: &str) {
        let before = self.at_hand.write().remove(name);
        drop(before);
    }

    /// Every index at hand.
    pub(super) fn all_at_hand(&self) -> Vec<LiveIndex> {
        self.at_hand.read().values().map(|handle| handle.live.clone()).collect()
    }

    /// The indexes at hand that refuse writes, and why.
    pub(super) fn halted(&self) -> Vec<(String, crate::error::Error)> {
        let halted = |live: LiveIndex| Some((live.name().to_owned(), live.halted().ok()??));
        let mut halted: Vec<_> = self.all_at_hand().into_iter().filter_map(halted).collect();
        halted.sort_by(|(a, _), (b, _)| a.cmp(b));
        halted
    }
}
