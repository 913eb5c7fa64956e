//! One index and its log, kept in step: what the committer owns.
//!
//! Architecture invariant: nothing but [`Keeper::apply`] changes the index, and it runs in the order of
//! the log, after durability.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;

use super::snapshot;
use super::{convert, names};
use crate::error::{Error, Result};
use crate::frame::{Frame, Header, Op};
use crate::index::{Index, Params};
use crate::log::{Append, Followed, Keep, Log, Outcome};

/// What readers see of an index.
pub(super) struct Shown {
    pub(super) index: Arc<Index>,
    /// The index was dropped, here or by another process.
    pub(super) dropped: AtomicBool,
    /// Why writes are refused: a damaged entry, a process that overtook this one.
    pub(super) halted: ArcSwapOption<Error>,
}

/// An index and its log.
pub(super) struct Keeper {
    pub(super) name: String,
    pub(super) params: Params,
    pub(super) log: Log,
    pub(super) shown: Arc<Shown>,
}

/// How a group ended.
pub(super) enum Committed {
    Done(u64, Vec<Outcome>),
    /// Another process was first; its entries are applied now.
    Taken,
}

impl Keeper {
    pub(super) fn new(name: &str, params: Params, log: Log, index: Index) -> Self {
        let shown =
            Shown { index: Arc::new(index), dropped: AtomicBool::new(false), halted: ArcSwapOption::empty() };
        Self { name: name.to_owned(), params, log, shown: Arc::new(shown) }
    }

    /// Resolves and applies what an earlier write left open; only then can a write be checked.
    pub(super) fn ready(&mut self) -> Result<()> {
        self.check_writable()?;
        self.resolve()?;
        self.check_writable()
    }

    /// Resolves and applies an entry whose outcome was unknown, if there is one.
    pub(super) fn resolve(&mut self) -> Result<()> {
        if self.log.settle()? { self.catch_up() } else { Ok(()) }
    }

    /// Appends `ops` as one entry and applies them.
    pub(super) fn commit(&mut self, ops: &[Op<'_>]) -> Result<Committed> {
        self.ready()?;
        let mut outcomes = Vec::new();
        let Self { log, shown, .. } = self;
        let appended = log.append(ops, &mut |header, ops| {
            outcomes = apply(shown, header, ops);
            Ok(outcomes.clone())
        })?;
        match appended {
            Append::Committed(seq) => Ok(Committed::Done(seq, outcomes)),
            Append::Taken => {
                self.catch_up()?;
                Ok(Committed::Taken)
            }
            Append::Overtaken => Err(self.overtaken(Error::outcome_unknown)),
        }
    }

    /// Applies what other processes wrote.
    pub(super) fn catch_up(&mut self) -> Result<()> {
        let Self { log, shown, .. } = self;
        let name = &self.name;
        let followed = log.follow(&mut |header, ops| {
            if shown.dropped.load(Ordering::Acquire) {
                return Err(deleted(name));
            }
            convert::check(shown.index.params(), ops)?;
            Ok(apply(shown, header, ops))
        });
        match followed {
            Ok(Followed::UpToDate) => Ok(()),
            Ok(Followed::Overtaken) => Err(self.overtaken(|error| error)),
            Err(error) => {
                Err(if error.kind() == crate::error::ErrorKind::Corrupt { self.halt(error) } else { error })
            }
        }
    }

    pub(super) fn check_writable(&self) -> Result<()> {
        if self.shown.dropped.load(Ordering::Acquire) {
            return Err(deleted(&self.name));
        }
        match &*self.shown.halted.load() {
            None => Ok(()),
            Some(error) => Err((**error).clone()),
        }
    }

    /// Writes a snapshot of the present state and deletes what it makes superfluous.
    pub(super) fn checkpoint(&mut self) -> Result<u64> {
        self.ready()?;
        let bytes = snapshot::encode(&self.name, &self.params, &self.log, &self.shown.index)?;
        self.log.checkpoint(&bytes, Keep::Two)?;
        Ok(self.log.position().seq)
    }

    /// Whether so many rows are dead that the index is worth rebuilding: more than one in `part`.
    pub(super) fn should_compact(&self, part: usize) -> bool {
        let (dead, live) = (self.shown.index.dead(), self.shown.index.len());
        dead >= 1_024 && dead * part > live + dead
    }

    /// The floor rose above this process. Where the index was deleted nothing of a write counts; else
    /// `outcome` says what is known of it.
    fn overtaken(&self, outcome: impl FnOnce(Error) -> Error) -> Error {
        if names::is_dropped(self.log.store(), &self.name).unwrap_or(false) {
            self.shown.dropped.store(true, Ordering::Release);
            return deleted(&self.name);
        }
        outcome(
            self.halt(Error::conflict("another process checkpointed past this one: open the index again")),
        )
    }

    fn halt(&self, error: Error) -> Error {
        tracing::error!(index = self.name, %error, "index is read-only from here");
        self.shown.halted.store(Some(Arc::new(error.clone())));
        error
    }
}

/// The index was dropped; one of the same name may have come since.
pub(super) fn deleted(name: &str) -> Error {
    Error::not_found(format!("index {name:?} was deleted"))
}

/// Applies an entry's operations to what readers see.
fn apply(shown: &Shown, header: &Header, ops: &[Op<'_>]) -> Vec<Outcome> {
    match ops {
        [Op { frame: Frame::Drop, .. }] => {
            shown.dropped.store(true, Ordering::Release);
            vec![Outcome::default()]
        }
        ops => convert::apply(&shown.index, header.seq, ops),
    }
}
