//! The most that a store may hold: a write that would go beyond is answered 507 before the log is written.
//!
//! The store is listed now and then, and what was let in since is added; so what several processes write counts, and
//! a batch is taken for as long as its body. Deletes are never refused.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::problem::Problem;
use crate::error::{Error, Result};
use crate::store::{Store, list_all};

/// A figure older than this is not relied on; one older than [`FRESH`] refuses nobody.
const STALE: Duration = Duration::from_secs(5);
const FRESH: Duration = Duration::from_secs(1);

/// The quota of a store.
#[derive(Debug)]
pub(super) struct Quota {
    most: u64,
    store: Arc<dyn Store>,
    seen: Mutex<Option<Seen>>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    at: Instant,
    bytes: u64,
    since: u64,
}

impl Quota {
    pub(super) fn new(most: u64, store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self { most, store, seen: Mutex::new(None) })
    }

    /// Lets a body of `bytes` in, or refuses it.
    pub(super) async fn admit(self: &Arc<Self>, bytes: u64) -> Result<(), Problem> {
        for fresh in [STALE, FRESH] {
            if self.takes(bytes, fresh) {
                return Ok(());
            }
            if self.is_fresh(FRESH) {
                break;
            }
            let quota = Arc::clone(self);
            let listed = tokio::task::spawn_blocking(move || quota.look()).await;
            listed.unwrap_or_else(|_| Err(Error::internal("the store could not be listed")))?;
        }
        if self.takes(bytes, FRESH) { Ok(()) } else { Err(self.is_full()) }
    }

    fn is_fresh(&self, age: Duration) -> bool {
        self.seen.lock().is_some_and(|seen| seen.at.elapsed() <= age)
    }

    fn takes(&self, bytes: u64, age: Duration) -> bool {
        let mut seen = self.seen.lock();
        let Some(seen) = seen.as_mut().filter(|seen| seen.at.elapsed() <= age) else { return false };
        let fits = seen.bytes.saturating_add(seen.since).saturating_add(bytes) <= self.most;
        if fits {
            seen.since += bytes;
        }
        fits
    }

    fn look(&self) -> Result<()> {
        let bytes = list_all(&*self.store, "")?.iter().map(|object| object.size).sum();
        *self.seen.lock() = Some(Seen { at: Instant::now(), bytes, since: 0 });
        Ok(())
    }

    fn is_full(&self) -> Problem {
        let (most, held) = (self.most, self.seen.lock().map_or(0, |seen| seen.bytes));
        Error::exhausted(format!(
            "the store's quota is reached, nothing was written: delete rows or indexes, or raise quota_bytes; at most \
             {most} bytes, {held} are in use"
        ))
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Key, Memory, Put};

    #[tokio::test]
    async fn what_the_store_holds_and_what_was_let_in_since_counts() {
        let store = Arc::new(Memory::new());
        let quota = Quota::new(100, Arc::clone(&store) as Arc<dyn Store>);
        quota.admit(60).await.unwrap();
        assert!(quota.admit(41).await.is_err());
        quota.admit(40).await.unwrap();
        let refused = quota.admit(1).await.unwrap_err().respond(None);
        assert_eq!(refused.status(), 507);
        let key = Key::parse("_vectors/a/log/1").unwrap();
        assert!(matches!(store.put_if_absent(&key, &[0; 70]), Put::Created));
        quota.look().unwrap();
        assert!(quota.admit(31).await.is_err());
        quota.admit(30).await.unwrap();
    }
}
