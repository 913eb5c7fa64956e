//! What every process does: open the index, and look whether the floor passed it.

use super::world::{State, Store, Violation, World, step};

/// How often an index may be tried to open before it counts as lost.
const PATIENCE: usize = 300;

/// One process: the entries it has applied, and the newest floor it has seen.
pub struct Process {
    pub world: World,
    pub name: String,
    pub state: State,
    floor: usize,
}

impl Process {
    pub fn new(world: &World, name: String) -> Self {
        Self { world: world.clone(), name, state: State::new(), floor: 0 }
    }

    /// The entry that comes next.
    pub fn next(&self) -> u64 {
        self.state.len() as u64 + 1
    }

    pub fn say(&self, store: &mut Store, what: &str, about: &dyn std::fmt::Debug) {
        store.say(&self.name, what, about);
    }

    /// Whether entry `seq` counts: it stands above the newest floor (I4).
    pub async fn counts(&mut self, seq: u64) -> bool {
        if !self.world.store().rules.checks_floor {
            return true;
        }
        loop {
            step().await;
            if self.floor + 1 < self.world.store().floors.len() {
                self.floor += 1;
            } else {
                return seq > self.world.store().floors[self.floor];
            }
        }
    }

    /// A kill: what was in memory is gone.
    pub fn crash(&mut self) {
        (self.state, self.floor) = (State::new(), 0);
    }

    /// Opens the index: the newest snapshot, the log after it, and the floor looked for once more (I6).
    pub async fn open(&mut self) -> Result<(), Violation> {
        for _ in 0..PATIENCE {
            step().await;
            let newest = self.world.store().snapshots.keys().next_back().copied();
            step().await;
            let found = newest.and_then(|seq| self.world.store().snapshots.get(&seq).cloned());
            let Some(mut state) = found else { continue };
            let first = state.len() as u64 + 1;
            loop {
                step().await;
                let next = self.world.store().log.get(&(state.len() as u64 + 1)).copied();
                let Some(batch) = next else { break };
                state.push(batch);
            }
            if self.counts(first).await {
                self.state = state;
                self.say(&mut self.world.store(), "opened at", &self.state.len());
                return self.agrees();
            }
        }
        Err(Violation::Unrecoverable(self.name.clone()))
    }

    /// After the floor passed this process.
    pub async fn reopen(&mut self) -> Result<(), Violation> {
        self.world.store().overtaken += 1;
        self.open().await
    }

    /// What this process holds is the beginning of the true order.
    pub fn agrees(&self) -> Result<(), Violation> {
        let store = self.world.store();
        if store.order.get(..self.state.len()) == Some(&*self.state) {
            return Ok(());
        }
        Err(Violation::Diverged(format!(
            "{} holds {:?}, the order is {:?}",
            self.name, self.state, store.order
        )))
    }
}
