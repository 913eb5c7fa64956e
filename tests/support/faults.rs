//! A store that fails as told and counts what is written to it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use vectord::error::{Error, Result};
use vectord::store::{Capabilities, Key, Page, Put, Replace, Store, Written};

/// What happens to the next put whose key contains the given text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written, and the caller knows.
    NoSpace,
    /// Nothing is written, and the caller does not know.
    LostBefore,
    /// It is written, and the caller does not know.
    LostAfter,
    /// The answer is "exists" though nothing is there.
    FalseExists,
}

/// A store in front of another.
pub struct Faults {
    inner: Arc<dyn Store>,
    planned: Mutex<VecDeque<(&'static str, Fault)>>,
    always: Mutex<Option<(&'static str, Fault)>>,
    /// What the store says it can do; what the inner one says where nothing was set.
    capabilities: Mutex<Option<Capabilities>>,
    /// Run once, before the put that follows a lost answer.
    retry: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    /// Run once, after the next put of an entry.
    after: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    /// Run once, before the next put of a snapshot.
    snapshot: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    /// The next get whose key contains the text fails.
    unreadable: Mutex<Option<String>>,
    /// Puts that a fault met.
    pub refused: AtomicU64,
    pub bytes_put: AtomicU64,
    pub objects_put: AtomicU64,
}

impl std::fmt::Debug for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Faults").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl Faults {
    pub fn before(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            planned: Mutex::default(),
            always: Mutex::default(),
            capabilities: Mutex::default(),
            retry: Mutex::default(),
            after: Mutex::default(),
            snapshot: Mutex::default(),
            unreadable: Mutex::default(),
            refused: AtomicU64::new(0),
            bytes_put: AtomicU64::new(0),
            objects_put: AtomicU64::new(0),
        })
    }

    pub fn plan(&self, key_contains: &'static str, fault: Fault) {
        self.planned.lock().unwrap().push_back((key_contains, fault));
    }

    /// Meets every put whose key contains the text, until told otherwise.
    pub fn always(&self, fault: Option<(&'static str, Fault)>) {
        *self.always.lock().unwrap() = fault;
    }

    /// Runs `call` before the put of an entry that follows a lost answer.
    pub fn before_retry(&self, call: impl FnOnce() + Send + 'static) {
        *self.retry.lock().unwrap() = Some(Box::new(call));
    }

    /// Runs `call` after the next put of an entry, before it is answered.
    pub fn after_entry(&self, call: impl FnOnce() + Send + 'static) {
        *self.after.lock().unwrap() = Some(Box::new(call));
    }

    /// Runs `call` before the next put of a snapshot.
    pub fn before_snapshot(&self, call: impl FnOnce() + Send + 'static) {
        *self.snapshot.lock().unwrap() = Some(Box::new(call));
    }

    /// Fails the next get whose key contains the text.
    pub fn fail_get(&self, key_contains: &str) {
        *self.unreadable.lock().unwrap() = Some(key_contains.to_owned());
    }

    /// Says from now on that it can do this, whatever it can do.
    pub fn claim(&self, change: impl FnOnce(&mut Capabilities)) {
        let mut capabilities = self.capabilities();
        change(&mut capabilities);
        *self.capabilities.lock().unwrap() = Some(capabilities);
    }

    fn next(&self, key: &Key) -> Option<Fault> {
        if let Some((text, fault)) = *self.always.lock().unwrap() {
            return key.as_str().contains(text).then_some(fault);
        }
        let mut planned = self.planned.lock().unwrap();
        let matches = planned.front().is_some_and(|(text, _)| key.as_str().contains(text));
        matches.then(|| planned.pop_front().expect("front was there").1)
    }
}

impl Store for Faults {
    fn put_if_absent(&self, key: &Key, bytes: &[u8]) -> Put {
        let lost = || Put::Failed {
            error: Error::unavailable("connection lost").outcome_unknown(),
            written: Written::Unknown,
        };
        let fault = self.next(key);
        if fault.is_none()
            && self.refused.load(Ordering::Relaxed) > 0
            && let Some(call) = self.retry.lock().unwrap().take()
        {
            call();
        }
        self.refused.fetch_add(u64::from(fault.is_some()), Ordering::Relaxed);
        match fault {
            Some(Fault::NoSpace) => {
                return Put::Failed { error: Error::exhausted("no space left"), written: Written::No };
            }
            Some(Fault::LostBefore) => return lost(),
            Some(Fault::FalseExists) => return Put::Exists,
            Some(Fault::LostAfter) => {
                let _ = self.inner.put_if_absent(key, bytes);
                return lost();
            }
            None => {}
        }
        if key.as_str().contains("/snap/") {
            let call = self.snapshot.lock().unwrap().take();
            if let Some(call) = call {
                call();
            }
        }
        let put = self.inner.put_if_absent(key, bytes);
        if matches!(put, Put::Created) {
            self.bytes_put.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            self.objects_put.fetch_add(1, Ordering::Relaxed);
        }
        if key.as_str().contains("/log/") {
            let call = self.after.lock().unwrap().take();
            if let Some(call) = call {
                call();
            }
        }
        put
    }
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        if self.unreadable.lock().unwrap().take_if(|text| key.as_str().contains(text.as_str())).is_some() {
            return Err(Error::unavailable("not read"));
        }
        self.inner.get(key)
    }
    fn size(&self, key: &Key) -> Result<Option<u64>> {
        self.inner.size(key)
    }
    fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Page> {
        self.inner.list(prefix, start_after, limit)
    }
    fn delete(&self, key: &Key) -> Result<()> {
        self.inner.delete(key)
    }
    fn replace(&self, key: &Key, bytes: &[u8]) -> Replace {
        self.inner.replace(key, bytes)
    }
    fn url(&self) -> String {
        self.inner.url()
    }
    fn capabilities(&self) -> Capabilities {
        self.capabilities.lock().unwrap().unwrap_or_else(|| self.inner.capabilities())
    }
}
