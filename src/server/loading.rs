//! Loading every index when the service starts, and remembering which could not be loaded.
//!
//! One that is damaged keeps no other from loading. A store that does not answer is asked again.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;

use parking_lot::Mutex;

use super::state::AppState;
use crate::error::{Error, ErrorKind};

/// How far loading is.
#[derive(Debug, Default)]
pub(super) struct Loading {
    progress: Mutex<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    done: bool,
    store: Option<Error>,
    failed: BTreeMap<String, Error>,
}

/// What keeps a service from being ready.
#[derive(Debug, Clone)]
pub(super) struct Lacking {
    /// Not every index has been tried.
    pub(super) loading: bool,
    /// Why the store could not be listed.
    pub(super) store: Option<Error>,
    /// The indexes that could not be loaded.
    pub(super) failed: Vec<(String, Error)>,
}

impl Loading {
    /// Remembers what came of opening `name` for a request: `None` is success. Of the failures only damage
    /// counts, since it says that there is an index.
    pub(super) fn note(&self, name: &str, error: Option<&Error>) {
        match error {
            None => self.settled(name),
            Some(error) => match error.kind() {
                ErrorKind::NotFound => self.settled(name),
                ErrorKind::Corrupt => self.failed(name, error.clone()),
                ErrorKind::InvalidArgument
                | ErrorKind::AlreadyExists
                | ErrorKind::Conflict
                | ErrorKind::Unauthenticated
                | ErrorKind::PermissionDenied
                | ErrorKind::ResourceExhausted
                | ErrorKind::Unavailable
                | ErrorKind::Unsupported
                | ErrorKind::Internal => {}
            },
        }
    }

    fn settled(&self, name: &str) {
        self.progress.lock().failed.remove(name);
    }

    fn failed(&self, name: &str, error: Error) {
        self.progress.lock().failed.insert(name.to_owned(), error);
    }

    pub(super) fn lacking(&self) -> Lacking {
        let Progress { done, store, failed } = &*self.progress.lock();
        let failed = failed.iter().map(|(name, error)| (name.clone(), error.clone())).collect();
        Lacking { loading: !done, store: store.clone(), failed }
    }

    fn listed(&self, error: Option<Error>) {
        self.progress.lock().store = error;
    }
}

impl AppState {
    /// Loads every index, one after the other. Blocks; ends early when `ended` hangs up.
    pub fn load(&self, ended: &mpsc::Receiver<()>) {
        let mut pause = Duration::from_millis(100);
        let mut wait = || {
            let ends = ended.recv_timeout(pause) != Err(mpsc::RecvTimeoutError::Timeout);
            pause = (pause * 2).min(Duration::from_secs(10));
            ends
        };
        let mut names = loop {
            match self.registry.names() {
                Ok(names) => break names,
                Err(error) => {
                    tracing::error!(%error, "the store cannot be listed");
                    self.loading.listed(Some(error));
                }
            }
            if wait() {
                return;
            }
        };
        self.loading.listed(None);
        loop {
            names.retain(|name| !self.draining.load(Ordering::Acquire) && self.waits(name));
            if names.is_empty() || wait() {
                break;
            }
        }
        self.loading.progress.lock().done = true;
    }

    /// Loads one index; answers whether it is worth trying again.
    fn waits(&self, name: &str) -> bool {
        match self.get(name) {
            Ok(_) => false,
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(error) => {
                tracing::error!(index = name, %error, "index cannot be loaded, the others are served");
                let again = error.kind() == ErrorKind::Unavailable;
                self.loading.failed(name, error);
                again
            }
        }
    }
}
