//! A simulated process: the real registry on its own front to the simulated store.
//!
//! All that depends on how logs are set up stands here.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use vectord::error::{ErrorKind, Result};
use vectord::log::Settings;
use vectord::registry::{LiveIndex, Params, Registry};

use super::NAME;
use super::store::SimStore;
use super::turnstile::{ProcessId, Turnstile};
use super::world::World;

pub struct Process {
    pub id: ProcessId,
    registry: Registry,
}

impl Process {
    pub fn start(turnstile: &Arc<Turnstile>, id: ProcessId) -> Self {
        let store = Arc::new(SimStore::Process(Arc::clone(turnstile), id));
        let settings = Settings { give_up: Duration::ZERO };
        Self { id, registry: Registry::on_with(store, settings) }
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
    Registry::on(Arc::new(SimStore::Direct(Arc::clone(world))))
}
