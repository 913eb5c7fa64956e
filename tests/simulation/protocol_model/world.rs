//! The store of the model, and the faults that happen to requests on their way to it.
//!
//! An entry's place in the true order is fixed when it is created one past the last; an entry created
//! anew where one was deleted has none.

use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use crate::support::numbers::Seeded;

/// A batch: its writer, and the writer's number for it.
pub type Batch = (usize, usize);

/// The batches of entries 1..=n.
pub type State = Vec<Batch>;

/// What of the protocol is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// A newer floor is looked for after every PUT and GET (I4, I5).
    pub checks_floor: bool,
    /// The floor is published before anything is deleted (I2).
    pub floor_first: bool,
    /// A snapshot has a name of its own, created if absent; else there is one, and it is overwritten.
    pub immutable_snapshots: bool,
    /// The floor rises to this snapshot, counted from the newest. The code keeps two; one is harder.
    pub kept: usize,
}

impl Rules {
    pub const PROTOCOL: Self =
        Self { checks_floor: true, floor_first: true, immutable_snapshots: true, kept: 1 };
}

/// A promise that a schedule broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// A process holds what is not the beginning of the true order.
    Diverged(String),
    /// A batch was acknowledged and is gone.
    AcknowledgedLost(String),
    /// A batch stands in the log twice.
    Doubled(String),
    /// Whoever opens the index last does not see all of the log.
    Short(String),
    /// Nobody can open the index.
    Unrecoverable(String),
}

impl Violation {
    pub fn promise(&self) -> &'static str {
        match self {
            Self::Diverged(_) => "DIVERGED",
            Self::AcknowledgedLost(_) => "ACKED-LOST",
            Self::Doubled(_) => "DUP",
            Self::Short(_) => "SHORT",
            Self::Unrecoverable(_) => "UNRECOVERABLE",
        }
    }
}

/// The store and what is on its way to it.
pub struct Store {
    pub rules: Rules,
    pub random: Seeded,
    pub log: BTreeMap<u64, Batch>,
    pub snapshots: BTreeMap<u64, State>,
    /// The floor chain: `floors[n]` is floor n. Floors are never deleted.
    pub floors: Vec<u64>,
    /// PUTs of entries whose senders think them lost.
    pub late_entries: Vec<(u64, Batch)>,
    /// Snapshots whose writers stalled before they were sent.
    pub late_snapshots: Vec<(u64, State)>,
    /// The true order.
    pub order: State,
    pub acknowledged: Vec<Batch>,
    pub deleted: usize,
    pub overtaken: usize,
    pub late: usize,
    pub trace: Vec<String>,
}

impl Store {
    /// Whether this call created the entry.
    pub fn put_entry(&mut self, seq: u64, batch: Batch) -> bool {
        if self.log.contains_key(&seq) {
            return false;
        }
        self.log.insert(seq, batch);
        if seq == self.order.len() as u64 + 1 {
            self.order.push(batch);
        }
        true
    }

    pub fn put_snapshot(&mut self, who: &str, seq: u64, state: State) {
        if self.rules.immutable_snapshots {
            self.snapshots.entry(seq).or_insert(state);
        } else {
            // In one step, as kindly as a key can be overwritten: there is never none.
            self.snapshots = BTreeMap::from([(seq, state)]);
        }
        self.say(who, "snapshot", &seq);
    }

    pub fn take_late_entry(&mut self) {
        let at = self.random.below(self.late_entries.len());
        let (seq, batch) = self.late_entries.swap_remove(at);
        let created = self.put_entry(seq, batch);
        self.late += usize::from(created);
        self.say("late", if created { "PUT created" } else { "PUT refused" }, &(seq, batch));
    }

    pub fn take_late_snapshot(&mut self) {
        let at = self.random.below(self.late_snapshots.len());
        let (seq, state) = self.late_snapshots.swap_remove(at);
        self.put_snapshot("late", seq, state);
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.draw() < probability
    }

    /// Uniform in 0..1.
    pub fn draw(&mut self) -> f64 {
        self.random.below(1 << 24) as f64 / (1 << 24) as f64
    }

    pub fn say(&mut self, who: &str, what: &str, about: &dyn Debug) {
        self.trace.push(format!("{who}: {what} {about:?}"));
    }
}

/// The store as processes share it.
#[derive(Clone)]
pub struct World(Rc<RefCell<Store>>);

impl World {
    pub fn new(rules: Rules, random: Seeded) -> Self {
        Self(Rc::new(RefCell::new(Store {
            rules,
            random,
            log: BTreeMap::new(),
            snapshots: BTreeMap::from([(0, State::new())]),
            floors: vec![0],
            late_entries: Vec::new(),
            late_snapshots: Vec::new(),
            order: State::new(),
            acknowledged: Vec::new(),
            deleted: 0,
            overtaken: 0,
            late: 0,
            trace: Vec::new(),
        })))
    }

    /// The store, for one operation: never held across a [`step`].
    pub fn store(&self) -> RefMut<'_, Store> {
        self.0.borrow_mut()
    }
}

/// Lets any other process go first: stands before every store operation.
pub async fn step() {
    let mut parked = false;
    poll_fn(|_| {
        if parked {
            return Poll::Ready(());
        }
        parked = true;
        Poll::Pending
    })
    .await;
}
