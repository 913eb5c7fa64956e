//! A simulated process: the real registry on its own front to the simulated store.
//!
//! All that depends on how logs are set up stands here.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vectord::error::{ErrorKind, Result};
use vectord::log::{self, Bug, Clock};
use vectord::registry::{LiveIndex, Params, Registry, Settings};

use super::NAME;
use super::call::Call;
use super::store::SimStore;
use super::turnstile::{ProcessId, Turnstile};
use super::world::World;

/// How the processes of a seed are set up.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    pub give_up: Duration,
    pub least_dead: usize,
    /// The bug they have; only builds with the feature `bugs` can.
    pub bug: Option<Bug>,
}

impl Setup {
    fn settings(self, clock: SimClock) -> Settings {
        #[cfg(not(feature = "bugs"))]
        assert!(self.bug.is_none(), "bugs need the feature of that name");
        let log = log::Settings {
            give_up: self.give_up,
            clock: Arc::new(clock),
            #[cfg(feature = "bugs")]
            bug: self.bug,
            // A fork that nobody noticed: all write under one id.
            #[cfg(feature = "bugs")]
            writer_id: (self.bug == Some(Bug::OursByWriter)).then_some([7; 16]),
        };
        Settings {
            log,
            follow: false,
            least_dead: self.least_dead,
            resolve_again: Duration::from_secs(3_600),
            live_recall: 0.0,
        }
    }
}

/// The world's time, as one process sees it.
struct SimClock {
    store: Arc<SimStore>,
    world: Arc<Mutex<World>>,
    /// How often it was asked after its process was killed: then time flies, so that nobody is patient.
    asked: AtomicU64,
}

impl fmt::Debug for SimClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the clock of {:?}", self.store)
    }
}

impl Clock for SimClock {
    fn now(&self) -> Duration {
        if self.store.is_alive() {
            return self.world.lock().unwrap().now;
        }
        Duration::from_secs(1_000_000 + 60 * self.asked.fetch_add(1, Ordering::Relaxed))
    }

    fn sleep(&self, pause: Duration) {
        self.store.call(Call::Sleep(pause));
    }
}

pub struct Process {
    registry: Registry,
}

impl Process {
    pub fn start(world: &Arc<Mutex<World>>, turnstile: &Arc<Turnstile>, id: ProcessId, setup: Setup) -> Self {
        let store = Arc::new(SimStore::Process(Arc::clone(turnstile), id));
        let clock =
            SimClock { store: Arc::clone(&store), world: Arc::clone(world), asked: AtomicU64::new(0) };
        Self { registry: Registry::on_with(store, setup.settings(clock)) }
    }

    /// The index; created if there is none.
    pub fn index(&self, dimension: u32) -> Result<LiveIndex> {
        match self.registry.get(NAME) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.registry.create(NAME, Params::new(dimension))
            }
            found => found,
        }
    }

    pub fn drop_index(&self) -> Result<()> {
        self.registry.delete(NAME)
    }

    /// Ends in good order.
    pub fn close(self) -> Result<()> {
        self.registry.close()
    }
}

/// A process that looks at what is left, and meets no faults.
pub fn fresh(world: &Arc<Mutex<World>>) -> Registry {
    let store = Arc::new(SimStore::Direct(Arc::clone(world)));
    Registry::on_with(store, Settings { follow: false, ..Settings::default() })
}
