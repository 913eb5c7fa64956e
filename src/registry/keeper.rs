//! One index and its log, kept in step.
//!
//! Architecture invariant: nothing but the log, through `apply` below, changes the index, and it does so in the
//! order of the log, after durability. One thread at a time holds the keeper: the committer while it writes,
//! a reader or the follower while it catches up.

use std::sync::Arc;

use super::load::{Opened, Stands, gap, open};
use super::shown::Shown;
use super::{convert, settings::Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{Frame, Header, Op};
use crate::index::Params;
use crate::log::{Append, Followed, Inventory, Log, Outcome, Position, Verdict};

/// An index and its log.
pub(super) struct Keeper {
    pub(super) name: String,
    pub(super) params: Params,
    pub(super) log: Log,
    pub(super) shown: Arc<Shown>,
    pub(super) settings: Settings,
    /// This process has written entries.
    wrote: bool,
    /// The position at which it was halted last.
    halted_at: u64,
}

/// How an attempt to commit ended.
pub(super) enum Attempt {
    /// It is in, at this seq.
    Done(u64, Vec<Outcome>),
    /// Others wrote first. Nothing of it is in, and what they wrote is applied: check it again.
    Moved,
}

impl Keeper {
    pub(super) fn new(name: &str, opened: Opened, settings: Settings) -> Self {
        let Opened { params, index, log, damage } = opened;
        let shown = Shown::new(index, settings.live_recall);
        shown.outgrows_map(log.mark().floor());
        let name = name.to_owned();
        let mut keeper = Self { name, params, log, shown, settings, wrote: false, halted_at: 0 };
        if let Some(error) = damage {
            keeper.halt(error);
        }
        keeper
    }

    /// The lineage and generation, by which an index is told from others of its name.
    pub(super) fn origin(&self) -> ([u8; 16], u64) {
        let Position { lineage, generation, .. } = self.log.position();
        (lineage, generation)
    }

    /// Resolves and applies what an earlier write left open; only then can a write be checked.
    pub(super) fn ready(&mut self) -> Result<()> {
        self.check_writable()?;
        self.resolve()?;
        self.check_writable()
    }

    /// Resolves and applies an entry whose outcome was unknown, if there is one.
    pub(super) fn resolve(&mut self) -> Result<()> {
        if self.log.is_unresolved() && self.shown.is_dropped() {
            // It went with the index: nothing of it is sent any more.
            return Err(deleted(&self.name));
        }
        if self.log.settle()? { self.catch_up() } else { Ok(()) }
    }

    /// Appends `ops` as one entry and applies them, unless others were first.
    pub(super) fn attempt(&mut self, ops: &[Op<'_>]) -> Result<Attempt> {
        self.ready()?;
        let (batch, seq) = (self.log.next_batch(), self.log.position().seq + 1);
        let mut outcomes = Vec::new();
        let Self { log, shown, .. } = self;
        let appended = log.append(ops, &mut |header, ops| {
            outcomes = apply(shown, header, ops);
            Ok(outcomes.clone())
        })?;
        match appended {
            Append::Committed(seq) => {
                self.wrote = true;
                self.shown.attach(&self.name);
                Ok(Attempt::Done(seq, outcomes))
            }
            Append::Taken => {
                if !self.log.store().capabilities().put_if_absent {
                    return Err(self.second_writer());
                }
                self.catch_up()?;
                Ok(Attempt::Moved)
            }
            Append::Overtaken => self.start_again(ops, batch, seq),
        }
    }

    /// The floor rose above this process while it sent `ops` as its batch `batch` to `seq` (I6).
    fn start_again(&mut self, ops: &[Op<'_>], batch: u64, seq: u64) -> Result<Attempt> {
        let newest = self.newest().map_err(|error| {
            // It may be in: another batch under its number would be taken for it.
            self.log.leave_batch();
            error.outcome_unknown()
        })?;
        let Some(opened) = newest else { return Err(deleted(&self.name)) };
        let before = self.shown.index();
        self.take(opened);
        match self.log.verdict(batch, seq) {
            Verdict::Committed(at) => {
                // The entry was right behind the state this process had: applied to that, it tells what it did.
                self.wrote = true;
                Ok(Attempt::Done(at, convert::apply(&before, at, ops)))
            }
            Verdict::NotThere => {
                self.check_writable()?;
                Ok(Attempt::Moved)
            }
            Verdict::Forgotten => Err(Error::unavailable(format!(
                "index {:?} was written by so many others that it is not known whether this write is in",
                self.name
            ))
            .outcome_unknown()),
        }
    }

    /// Applies what other processes wrote.
    pub(super) fn catch_up(&mut self) -> Result<()> {
        let before = self.log.position().seq;
        let Self { log, shown, .. } = self;
        let name = &self.name;
        let followed = log.follow(&mut |header, ops| {
            if shown.is_dropped() {
                return Err(deleted(name));
            }
            convert::check(shown.index().params(), ops)?;
            Ok(apply(shown, header, ops))
        });
        self.shown.attach(&self.name);
        match followed {
            Ok(Followed::UpToDate) if before < self.log.position().seq && self.is_second_writer() => {
                self.second_writer();
                Ok(())
            }
            Ok(Followed::UpToDate) => Ok(()),
            Ok(Followed::Overtaken) => self.start_from_snapshot(),
            Err(error) if error.kind() == ErrorKind::Corrupt => self.heal(error),
            Err(error) => Err(error),
        }
    }

    /// Whether others write, too, on a store that cannot decide between them.
    fn is_second_writer(&self) -> bool {
        self.wrote && !self.log.store().capabilities().put_if_absent
    }

    /// Stops writing: the store would let each overwrite the other.
    fn second_writer(&mut self) -> Error {
        self.halt(Error::unsupported(format!(
            "another process writes to index {:?} on a store that cannot decide races: this process writes no more",
            self.name
        )))
    }

    /// Starts again from the newest snapshot: the log below it is gone.
    fn start_from_snapshot(&mut self) -> Result<()> {
        match self.newest()? {
            Some(opened) => {
                self.take(opened);
                Ok(())
            }
            None => Err(deleted(&self.name)),
        }
    }

    /// An entry is damaged. A newer snapshot covers it, or the index is read-only from here.
    fn heal(&mut self, error: Error) -> Result<()> {
        let at = self.log.position().seq;
        // The damage is what the caller has to hear of, not that looking for help failed too.
        let newer = Inventory::take(&**self.log.store(), &self.name)
            .is_ok_and(|inventory| inventory.snapshots.last().is_some_and(|&(seq, _)| seq > at));
        if newer && self.pass(at) {
            return Ok(());
        }
        Err(if self.shown.is_dropped() { deleted(&self.name) } else { self.halt(error) })
    }

    /// Starts again from a state after `at`, if there is one; answers whether.
    fn pass(&mut self, at: u64) -> bool {
        match self.newest() {
            Ok(Some(opened)) if opened.log.position().seq > at => {
                self.take(opened);
                true
            }
            Ok(_) | Err(_) => false,
        }
    }

    /// Tries whether what stopped this index is repaired.
    pub(super) fn recover(&mut self) -> Result<()> {
        if self.shown.damage().is_none() {
            return Ok(());
        }
        self.catch_up()?;
        if self.shown.damage().is_none() {
            return Ok(());
        }
        let at = self.log.position().seq;
        let inventory = Inventory::take(&**self.log.store(), &self.name)?;
        // A missing entry stops nobody who follows: it looks like the end of the log.
        if inventory.snapshots.last().is_some_and(|&(seq, _)| seq > at) && self.pass(at) {
            return Ok(());
        }
        if at > self.halted_at && gap(&self.log, &inventory, &self.name).is_none() {
            tracing::info!(index = self.name, "what was damaged is whole, and writes go on");
            self.shown.halt(None);
        }
        Ok(())
    }

    /// The index as a process opens it now; `None`, and marked so, if it was dropped.
    fn newest(&self) -> Result<Option<Opened>> {
        let generation = self.log.position().generation;
        match open(self.log.store(), &self.name, &self.settings)? {
            Stands::Index(opened) if opened.log.position().generation == generation => Ok(Some(*opened)),
            Stands::Index(_) | Stands::Nothing(_) => {
                self.shown.drop_it();
                Ok(None)
            }
        }
    }

    fn take(&mut self, opened: Opened) {
        let Opened { params: _, index, log, damage } = opened;
        self.shown.replace(index);
        self.log.replace(log);
        self.shown.outgrows_map(self.log.mark().floor());
        self.shown.halt(None);
        if let Some(error) = damage {
            self.halt(error);
        }
        self.shown.attach(&self.name);
    }

    pub(super) fn check_writable(&self) -> Result<()> {
        if self.shown.is_dropped() {
            return Err(deleted(&self.name));
        }
        self.shown.halted().map_or(Ok(()), Err)
    }

    /// Whether so many rows are dead that the index is worth rebuilding: more than one in `part`, or in 2 while
    /// the last rebuild goes on, whose work so far would be lost.
    pub(super) fn should_compact(&self, part: usize) -> bool {
        let index = self.shown.index();
        let (dead, slots) = (index.dead(), index.slots());
        let part = if index.is_rebuilding() { 2 } else { part };
        dead >= self.settings.least_dead && dead * part > slots
    }

    /// Whether a snapshot is due that can be had without waiting for a graph to be rebuilt.
    pub(super) fn checkpoint_ready(&self) -> bool {
        self.log.checkpoint_due() && !self.shown.index().is_rebuilding()
    }

    fn halt(&mut self, error: Error) -> Error {
        self.halted_at = self.log.position().seq;
        if self.shown.halted().is_none() {
            tracing::error!(index = self.name, %error, "index is read-only from here");
        }
        self.shown.halt(Some(error.clone()));
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
            shown.drop_it();
            vec![Outcome::default()]
        }
        ops => convert::apply(&shown.index(), header.seq, ops),
    }
}
