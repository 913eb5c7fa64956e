//! What a live index is in one process: what readers see, the keeper, and the committer once somebody writes.
//!
//! Readers and the follower take the keeper themselves, to catch up; only the committer writes.

use std::sync::mpsc::{Sender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use super::committer;
use super::follower::Follower;
use super::keeper::Keeper;
use super::queue::Queue;
use super::remap::remap_above;
use super::request::{Reply, Request};
use super::shown::Shown;
use super::snapshot::{self, Encoded};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Clock, Mark};
use crate::store::Store;

/// How long the follower waits for a keeper that is in use.
const HELD: Duration = Duration::from_millis(50);

/// A live index in one process.
pub(super) struct Core {
    pid: u32,
    pub(super) name: String,
    pub(super) store: Arc<dyn Store>,
    pub(super) shown: Arc<Shown>,
    pub(super) mark: Arc<Mark>,
    pub(super) queue: Arc<Queue>,
    pub(super) clock: Arc<dyn Clock>,
    keeper: Arc<Mutex<Keeper>>,
    committer: Mutex<Committer>,
    /// Who follows it where no registry does.
    follower: OnceLock<Follower>,
}

enum Committer {
    /// No write yet: no thread.
    Idle,
    Running(Sender<Request>, JoinHandle<()>),
    Closed,
}

impl Core {
    pub(super) fn new(store: Arc<dyn Store>, keeper: Keeper) -> Result<Self> {
        let (shown, mark) = (Arc::clone(&keeper.shown), Arc::clone(keeper.log.mark()));
        let (name, clock) = (keeper.name.clone(), Arc::clone(&keeper.settings.log.clock));
        let writes = keeper.log.checkpoint_worthwhile() && keeper.check_writable().is_ok();
        shown.attach(&name);
        let keeper = Arc::new(Mutex::new(keeper));
        let committer = if writes { started(&name, &keeper)? } else { Committer::Idle };
        Ok(Self {
            pid: std::process::id(),
            name,
            store,
            shown,
            mark,
            queue: Arc::default(),
            clock,
            keeper,
            committer: Mutex::new(committer),
            follower: OnceLock::new(),
        })
    }

    /// Whether this process made it: a forked child must not touch its locks and threads.
    pub(super) fn is_own(&self) -> bool {
        self.pid == std::process::id()
    }

    /// Starts a follower for this index alone.
    pub(super) fn follow_alone(self: &Arc<Self>) {
        if let Some(follower) = Follower::start(&self.store) {
            follower.add(self);
            self.follower.get_or_init(|| follower);
        }
    }

    /// The snapshot of the present state, and its seq.
    pub(super) fn snapshot(&self) -> Result<(u64, Encoded)> {
        snapshot::encode(&self.keeper)
    }

    /// Applies what other processes wrote.
    pub(super) fn catch_up(&self) -> Result<()> {
        self.keeper.lock().catch_up()
    }

    /// Applies what other processes wrote, if anything is there and nobody else is at it; answers whether it
    /// did. `floors` says to look for a newer floor too.
    pub(super) fn follow(&self, floors: bool) -> Result<bool> {
        if self.shown.is_dropped()
            || self.shown.damage().is_some()
            || !self.mark.behind(&*self.store, floors)?
        {
            return Ok(false);
        }
        match self.keeper.try_lock_for(HELD) {
            Some(mut keeper) => keeper.catch_up().map(|()| true),
            None => Ok(false),
        }
    }

    /// Reads vectors from a newer snapshot, if other processes deleted those before it.
    pub(super) fn remap(&self) -> Result<()> {
        remap_above(self.mark.floor(), &*self.store, &self.name, &self.shown)
    }

    /// Goes on if what stopped this index has been repaired.
    pub(super) fn recover(&self) -> Result<()> {
        match self.shown.damage().is_some().then(|| self.keeper.try_lock_for(HELD)).flatten() {
            Some(mut keeper) => keeper.recover(),
            None => Ok(()),
        }
    }

    /// Sends a request to the committer and waits for its answer.
    pub(super) fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T> {
        let (reply, answer) = sync_channel(1);
        self.send(request(reply))?;
        answer.recv().unwrap_or_else(|_| Err(self.ended().outcome_unknown()))
    }

    /// Sends a request to the committer, which is started for the first.
    pub(super) fn send(&self, request: Request) -> Result<()> {
        let mut committer = self.committer.lock();
        if matches!(&*committer, Committer::Idle) {
            *committer = started(&self.name, &self.keeper)?;
        }
        match &*committer {
            Committer::Running(sender, _) => sender.send(request).map_err(|_| self.ended()),
            Committer::Idle | Committer::Closed => {
                Err(Error::invalid(format!("index {:?} is closed: open it again", self.name)))
            }
        }
    }

    fn ended(&self) -> Error {
        Error::internal(format!("the writer of index {:?} ended unexpectedly: open it again", self.name))
    }

    pub(super) fn has_ended(&self) -> bool {
        match &*self.committer.lock() {
            Committer::Idle => false,
            Committer::Running(_, thread) => thread.is_finished(),
            Committer::Closed => true,
        }
    }

    pub(super) fn close(&self) -> Result<()> {
        // The lock is not held while the thread ends: others learn at once that it is closed.
        let committer = std::mem::replace(&mut *self.committer.lock(), Committer::Closed);
        match committer {
            Committer::Running(sender, thread) => {
                let (reply, answer) = sync_channel(1);
                drop(sender.send(Request::Close(reply)));
                drop(answer.recv());
                thread.join().map_err(|_| Error::internal("the writer thread panicked"))?;
            }
            Committer::Idle | Committer::Closed => {}
        }
        self.queue.take_failure().map_or(Ok(()), Err)
    }
}

fn started(name: &str, keeper: &Arc<Mutex<Keeper>>) -> Result<Committer> {
    let (sender, thread) = committer::start(name, Arc::clone(keeper))?;
    Ok(Committer::Running(sender, thread))
}

impl Drop for Core {
    fn drop(&mut self) {
        if self.is_own()
            && let Err(error) = self.close()
        {
            tracing::error!(index = self.name, %error, "closing an index failed");
        }
    }
}

/// Damage makes an index read-only, not unreadable.
pub(super) fn readable(result: Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::Corrupt => Ok(()),
        other => other,
    }
}
