//! Group commit: writes that queued together share one entry of the log, and one fsync.
//!
//! Each was checked by itself before it joined, so none fails another. Where another process wrote first, each
//! is checked again on what stands there now, and the group is sent again without those that no longer fit.

use std::time::Duration;

use super::batch::Batch;
use super::keeper::{Attempt, Keeper};
use super::keyed::find_by_filter;
use super::request::{Asked, Waiting, Write, Written};
use crate::error::{Error, Part, Result};
use crate::frame::{Frame, Ids, MetadataRows, Op, OpMeta};
use crate::index::Filter;
use crate::log::{Bug, Known, Outcome};

/// Writes that share an entry.
#[derive(Default)]
pub(super) struct Group {
    members: Vec<Member>,
    bytes: usize,
}

struct Member {
    prepared: Prepared,
    meta: OpMeta,
    waiting: Waiting,
}

/// A write whose bytes stand ready for the log.
enum Prepared {
    Rows(Batch),
    Ids(Ids),
    /// The ids of the rows that pass, as it was last looked.
    Where(Filter, Ids),
    Metadata(MetadataRows),
}

impl Group {
    /// Roughly its bytes in the log.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether `asked` may join: its check needs nothing that this group has not yet applied.
    pub(super) fn admits(&self, asked: &Asked) -> bool {
        let known = |key: &String| {
            self.members.iter().any(|member| member.meta.idempotency_key.as_ref() == Some(key))
        };
        match asked.write {
            Write::Upsert(_) | Write::Delete(_) => !asked.idempotency_key.as_ref().is_some_and(known),
            Write::SetMetadata(_) | Write::DeleteWhere(_) => self.members.is_empty(),
        }
    }

    /// Takes a write in, or answers it at once.
    pub(super) fn take(&mut self, keeper: &mut Keeper, asked: Asked) {
        let Asked { write, idempotency_key, waiting } = asked;
        let bytes = write.bytes();
        match Prepared::new(write).and_then(|mut prepared| {
            let written = self.check_fresh(&mut prepared, keeper, idempotency_key.as_deref())?;
            Ok((written, prepared))
        }) {
            Ok((None, prepared)) => {
                // Frames that share key and index are one batch; each write is a batch of its own.
                let op_index = if idempotency_key.is_some() { self.members.len() as u32 } else { 0 };
                self.members.push(Member { prepared, meta: OpMeta { idempotency_key, op_index }, waiting });
                self.bytes += bytes;
            }
            Ok((Some(written), _)) => waiting.answer(Ok(written)),
            Err(error) => waiting.answer(Err(error)),
        }
    }

    /// Checks a write. What is answered without an entry of the log, because nothing is to be done or an id is
    /// not there, must be so in the newest state: another process may have changed it.
    fn check_fresh(
        &mut self,
        prepared: &mut Prepared,
        keeper: &mut Keeper,
        key: Option<&str>,
    ) -> Result<Option<Written>> {
        if let Ok(None) = prepared.check(keeper, key, self.members.is_empty()) {
            return Ok(None);
        }
        let caught_up = keeper.catch_up();
        // It may have failed half-way: then what the others were checked on has changed all the same.
        self.check_again(keeper);
        caught_up?;
        prepared.check(keeper, key, self.members.is_empty())
    }

    /// Commits the group as one entry, and answers every member.
    pub(super) fn commit(mut self, keeper: &mut Keeper) {
        let clock = keeper.settings.log.clock.clone();
        let (started, mut attempts) = (clock.now(), 0);
        while !self.members.is_empty() {
            match keeper.attempt(&self.ops()) {
                Ok(Attempt::Done(seq, outcomes)) => {
                    for (member, Outcome { count, length }) in self.members.iter().zip(outcomes) {
                        let (count, length) = (count as usize, length as usize);
                        member.waiting.answer(Ok(Written { seq, count, length, repeated: false }));
                    }
                    return;
                }
                Ok(Attempt::Moved) if clock.since(started) < keeper.settings.log.give_up => {
                    attempts += 1;
                    clock.sleep(jitter(keeper.log.next_batch(), attempts));
                    self.check_again(keeper);
                }
                Ok(Attempt::Moved) => self.fail(&Error::conflict(format!(
                    "other processes write to index {:?} all the time; nothing of this call was written: retry",
                    keeper.name
                ))),
                Err(error) => self.fail(&error),
            }
        }
    }

    fn ops(&self) -> Vec<Op<'_>> {
        self.members
            .iter()
            .map(|Member { prepared, meta, waiting: _ }| Op { meta: meta.clone(), frame: prepared.frame() })
            .collect()
    }

    /// Keeps the members that still fit, and answers the others.
    fn check_again(&mut self, keeper: &Keeper) {
        let alone = self.members.len() == 1;
        self.members.retain_mut(|Member { prepared, meta, waiting }| {
            match prepared.check(keeper, meta.idempotency_key.as_deref(), alone) {
                Ok(None) => return true,
                Ok(Some(written)) => waiting.answer(Ok(written)),
                Err(error) => waiting.answer(Err(error)),
            }
            false
        });
    }

    fn fail(&mut self, error: &Error) {
        for member in self.members.drain(..) {
            member.waiting.answer(Err(error.clone()));
        }
    }
}

/// A pause of up to a millisecond before the next attempt, so that writers part ways. It does not grow: who lost
/// often would lose more often.
fn jitter(batch: u64, attempts: u64) -> Duration {
    let mixed =
        (batch ^ (u64::from(std::process::id()) << 32) ^ attempts).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Duration::from_micros((mixed >> 40) % 1_000)
}

impl Prepared {
    fn new(write: Write) -> Result<Self> {
        Ok(match write {
            Write::Upsert(batch) => Self::Rows(batch),
            Write::Delete(ids) => Self::Ids(Ids::new(ids.iter().map(String::as_str))?),
            Write::DeleteWhere(filter) => Self::Where(filter, Ids::new(std::iter::empty())?),
            Write::SetMetadata(rows) => Self::Metadata(MetadataRows::new(
                rows.iter().map(|(id, text)| (id.as_str(), text.as_deref())),
            )?),
        })
    }

    fn frame(&self) -> Frame<'_> {
        match self {
            Self::Rows(batch) => Frame::Upsert(batch.rows().as_ref()),
            Self::Ids(ids) | Self::Where(_, ids) => Frame::Delete(ids.as_ref()),
            Self::Metadata(rows) => Frame::SetMetadata(rows.as_ref()),
        }
    }

    fn payload(&self) -> &[u8] {
        match self {
            Self::Rows(batch) => batch.rows().payload(),
            Self::Ids(ids) | Self::Where(_, ids) => ids.as_ref().payload(),
            Self::Metadata(rows) => rows.as_ref().payload(),
        }
    }

    /// Checks what only the state before the entry can tell; `alone` says that nothing else shares the entry.
    /// A write that is in already, or has nothing to do, is answered.
    fn check(&mut self, keeper: &Keeper, key: Option<&str>, alone: bool) -> Result<Option<Written>> {
        keeper.check_writable()?;
        let index = keeper.shown.index();
        let ledger = keeper.log.ledger();
        let find = |key: &str| match self {
            Self::Where(..) => find_by_filter(ledger, key),
            Self::Rows(_) | Self::Ids(_) | Self::Metadata(_) => ledger.find(key, self.payload()),
        };
        if let Some(Known { seq, outcome: Outcome { count, length } }) = key.map(find).transpose()?.flatten()
        {
            let (count, length) = (count as usize, length as usize);
            return Ok(Some(Written { seq, count, length, repeated: true }));
        }
        match self {
            Self::Rows(batch) => index.check_room(batch.len())?,
            Self::Where(filter, ids) => {
                if keeper.settings.log.commits(Bug::PassedOnce) && ids.as_ref().iter().next().is_some() {
                    return Ok(None);
                }
                let (seq, passing) = index.ids_matching(filter);
                *ids = Ids::new(passing.iter().map(|id| &**id))?;
                // Under a key that nothing passed is remembered, too: a repetition must not meet rows that came later.
                if passing.is_empty() && key.is_none() {
                    return Ok(Some(Written { seq, count: 0, length: index.len(), repeated: false }));
                }
            }
            Self::Ids(ids) => {
                if alone && key.is_none() && ids.as_ref().iter().all(|id| !index.contains(id)) {
                    let (seq, length) = (index.seq(), index.len());
                    return Ok(Some(Written { seq, count: 0, length, repeated: false }));
                }
            }
            Self::Metadata(rows) => {
                let rows = rows.as_ref();
                for at in 0..rows.len() {
                    if !index.contains(rows.id(at)) {
                        let error = Error::not_found(format!("no row has the id {:?}", rows.id(at)));
                        return Err(error.at(at, Part::Id));
                    }
                }
            }
        }
        Ok(None)
    }
}
