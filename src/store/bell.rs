//! A watch on a store of this process: each put rings the bells of those who asked about its prefix.
//!
//! It hears only of puts through the same store; nobody else can reach its objects.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::error::Result;
use crate::store::{Key, Watch, watch};

/// Who is to be told of puts. Bells that were dropped are forgotten.
#[derive(Debug, Default)]
pub(super) struct Bells(Mutex<Vec<Weak<Bell>>>);

impl Bells {
    /// A new watch, told of every later [`Bells::ring`].
    pub(super) fn watch(&self) -> Box<dyn Watch> {
        let bell = Arc::<Bell>::default();
        let mut bells = self.0.lock();
        bells.retain(|bell| bell.strong_count() > 0);
        bells.push(Arc::downgrade(&bell));
        Box::new(Listener(bell))
    }

    /// Tells that `key` was put.
    pub(super) fn ring(&self, key: &Key) {
        for bell in self.0.lock().iter().filter_map(Weak::upgrade) {
            bell.ring(key);
        }
    }
}

#[derive(Debug, Default)]
struct Bell {
    state: Mutex<State>,
    rung: Condvar,
}

#[derive(Debug, Default)]
struct State {
    prefixes: BTreeSet<String>,
    changed: BTreeSet<String>,
    woken: bool,
}

impl Bell {
    fn ring(&self, key: &Key) {
        let (_, name) = key.split();
        let prefix = &key.as_str()[..key.as_str().len() - name.len()];
        let mut state = self.state.lock();
        if state.prefixes.contains(prefix) {
            state.changed.insert(prefix.to_owned());
            self.rung.notify_one();
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.state.lock().woken = true;
        self.rung.notify_one();
    }
}

#[derive(Debug)]
struct Listener(Arc<Bell>);

impl Watch for Listener {
    fn add(&mut self, prefix: &str) -> Result<()> {
        watch::place(prefix)?;
        self.0.state.lock().prefixes.insert(prefix.to_owned());
        Ok(())
    }

    fn remove(&mut self, prefix: &str) {
        let mut state = self.0.state.lock();
        state.prefixes.remove(prefix);
        state.changed.remove(prefix);
    }

    fn wait(&mut self, timeout: Duration) -> Vec<String> {
        let end = Instant::now().checked_add(timeout);
        let mut state = self.0.state.lock();
        while state.changed.is_empty() && !state.woken {
            match end {
                Some(end) if self.0.rung.wait_until(&mut state, end).timed_out() => break,
                Some(_) => {}
                None => self.0.rung.wait(&mut state),
            }
        }
        state.woken = false;
        std::mem::take(&mut state.changed).into_iter().collect()
    }

    fn waker(&self) -> Waker {
        Waker::from(self.0.clone())
    }
}
