//! The most that a store may hold: a write that would go beyond is answered 507 before the log is written.
//!
//! The store is listed now and then, and added is what is on its way and what has arrived since; so what several
//! processes write counts, and a batch is taken for as long as its body. Deletes are never refused.

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
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    seen: Option<Seen>,
    /// Bytes of bodies that were let in and are not done with.
    on_their_way: u64,
    /// Bytes of all bodies that are.
    done: u64,
}

/// What the store held when it was listed.
#[derive(Debug, Clone, Copy)]
struct Seen {
    at: Instant,
    bytes: u64,
    /// What was done with before the listing began: the rest may be in it or not.
    done: u64,
}

/// Room for a body, until it is written or given up.
#[derive(Debug)]
pub(super) struct Reserved {
    bytes: u64,
    quota: Arc<Quota>,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut counted = self.quota.counted.lock();
        counted.on_their_way -= self.bytes;
        counted.done += self.bytes;
    }
}

impl Quota {
    pub(super) fn new(most: u64, store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self { most, store, counted: Mutex::default() })
    }

    /// Lets a body of `bytes` in, or refuses it.
    pub(super) async fn admit(self: &Arc<Self>, bytes: u64) -> Result<Reserved, Problem> {
        for fresh in [STALE, FRESH] {
            if self.takes(bytes, fresh) {
                return Ok(Reserved { bytes, quota: Arc::clone(self) });
            }
            if self.is_fresh(FRESH) {
                break;
            }
            let quota = Arc::clone(self);
            let listed = tokio::task::spawn_blocking(move || quota.look()).await;
            listed.unwrap_or_else(|_| Err(Error::internal("the store could not be listed")))?;
        }
        if self.takes(bytes, FRESH) {
            Ok(Reserved { bytes, quota: Arc::clone(self) })
        } else {
            Err(self.is_full())
        }
    }

    fn is_fresh(&self, age: Duration) -> bool {
        self.counted.lock().seen.is_some_and(|seen| seen.at.elapsed() <= age)
    }

    fn takes(&self, bytes: u64, age: Duration) -> bool {
        let mut counted = self.counted.lock();
        let Counted { seen, on_their_way, done } = *counted;
        let Some(seen) = seen.filter(|seen| seen.at.elapsed() <= age) else { return false };
        let taken =
            [seen.bytes, done - seen.done, on_their_way, bytes].into_iter().fold(0, u64::saturating_add);
        if taken > self.most {
            return false;
        }
        counted.on_their_way += bytes;
        true
    }

    fn look(&self) -> Result<()> {
        let done = self.counted.lock().done;
        let bytes = list_all(&*self.store, "")?.iter().map(|object| object.size).sum();
        self.counted.lock().seen = Some(Seen { at: Instant::now(), bytes, done });
        Ok(())
    }

    fn is_full(&self) -> Problem {
        let (most, held) = (self.most, self.counted.lock().seen.map_or(0, |seen| seen.bytes));
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
    async fn what_the_store_holds_and_what_is_on_its_way_counts() {
        let store = Arc::new(Memory::new());
        let quota = Quota::new(100, Arc::clone(&store) as Arc<dyn Store>);
        let first = quota.admit(60).await.unwrap();
        assert!(quota.admit(41).await.is_err());
        let second = quota.admit(40).await.unwrap();
        let refused = quota.admit(1).await.unwrap_err().respond(None);
        assert_eq!(refused.status(), 507);
        quota.look().unwrap();
        assert!(quota.admit(1).await.is_err(), "what is on its way counts beside a new listing");
        drop(first);
        assert!(quota.admit(1).await.is_err(), "what arrived counts until the store is listed again");
        let key = Key::parse("_vectors/a/log/1").unwrap();
        assert!(matches!(store.put_if_absent(&key, &[0; 30]), Put::Created));
        quota.look().unwrap();
        assert!(quota.admit(31).await.is_err());
        let third = quota.admit(30).await.unwrap();
        drop((second, third));
    }
}
