//! Following: entries that stand on the store are checked, applied and counted.
//!
//! An entry counts only if it continues the one before and stands above the newest floor (I5).

use super::ledger::Outcome;
use super::settings::Bug;
use super::state::{Log, Position};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{self, Digest, Frame, Header, Op};
use crate::store::Key;

/// What applies the operations of an entry.
pub type Apply<'a> = dyn FnMut(&Header, &[Op<'_>]) -> Result<Vec<Outcome>> + 'a;

/// How often a damaged object is read again: the damage may have happened on the way.
pub const READS: usize = 3;

/// How following ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// Everything on the store is applied.
    UpToDate,
    /// The floor rose above this process: it must start again from the newest snapshot (I6).
    Overtaken,
}

impl Log {
    /// Applies every entry after the position, in order.
    ///
    /// A damaged entry stops it with `Corrupt`, naming the object; what was applied before stays.
    pub fn follow(&mut self, apply: &mut Apply<'_>) -> Result<Followed> {
        let followed = self.follow_to_the_end(apply);
        if !self.mark.stands_at(self.position.seq, self.floors) {
            self.publish();
        }
        // There is a snapshot at the floor or above: one who only follows counts no entries for ever.
        self.tail.cover(self.floors.seq);
        followed
    }

    fn follow_to_the_end(&mut self, apply: &mut Apply<'_>) -> Result<Followed> {
        let mut reads = 0;
        loop {
            let seq = self.position.seq + 1;
            let key = self.log_key(seq)?;
            let bytes = self.store.get(&key)?;
            if !self.verify(seq)? {
                return Ok(Followed::Overtaken);
            }
            let Some(bytes) = bytes else { return Ok(Followed::UpToDate) };
            reads += 1;
            match self.apply_entry(&bytes, apply) {
                Ok(()) => reads = 0,
                Err(error) if error.kind() == ErrorKind::Corrupt && reads < READS => {}
                Err(error) => return Err(Self::about(&key, error)),
            }
        }
    }

    /// What `read` makes of the entry at `key`, which is got again where it is damaged; `None` if there is none.
    pub(super) fn read_entry<T>(&self, key: &Key, read: impl Fn(&[u8]) -> Result<T>) -> Result<Option<T>> {
        let mut left = READS;
        loop {
            let Some(bytes) = self.store.get(key)? else { return Ok(None) };
            left -= 1;
            match read(&bytes) {
                Err(error) if error.kind() == ErrorKind::Corrupt && left > 0 => {}
                done => return done.map(Some).map_err(|error| Self::about(key, error)),
            }
        }
    }

    /// Whether entry `seq` counts: it stands above the newest floor (I4).
    pub(super) fn verify(&mut self, seq: u64) -> Result<bool> {
        if self.settings.commits(Bug::NoFloorCheck) {
            return Ok(true);
        }
        self.floors.verify(&*self.store, &self.name, seq)
    }

    /// Checks that `bytes` continue the log, applies them and moves the position.
    fn apply_entry(&mut self, bytes: &[u8], apply: &mut Apply<'_>) -> Result<()> {
        let (header, ops) = frame::decode_entry(bytes)?;
        self.check_continues(&header)?;
        check_alone(&ops)?;
        self.apply_and_advance(&header, &ops, bytes, apply)
    }

    /// Applies a checked or just written entry, and moves the position past it.
    pub(super) fn apply_and_advance(
        &mut self,
        header: &Header,
        ops: &[Op<'_>],
        bytes: &[u8],
        apply: &mut Apply<'_>,
    ) -> Result<()> {
        let started = self.settings.clock.now();
        let outcomes = apply(header, ops)?;
        let took = self.settings.clock.since(started);
        self.advance(header, ops, &outcomes, frame::digest_of(bytes)?);
        let compacts = matches!(ops, [Op { frame: Frame::Compact, .. }]);
        self.tail.push(header.seq, bytes.len() as u64, took, compacts);
        Ok(())
    }

    /// Moves the position past an applied entry.
    fn advance(&mut self, header: &Header, ops: &[Op<'_>], outcomes: &[Outcome], digest: Digest) {
        // Whatever stands at this place now decides an entry of ours that was not answered.
        if self.unresolved.take().is_some() {
            self.writer_batch += 1;
        }
        self.position =
            Position { seq: header.seq, digest, lineage: header.lineage, generation: header.generation };
        if matches!(ops, [Op { frame: Frame::Drop, .. }]) {
            self.ledger.clear();
        }
        self.ledger.record(header, ops, outcomes);
    }

    fn check_continues(&self, header: &Header) -> Result<()> {
        let Position { seq, digest, lineage, generation } = self.position;
        let creates = header.generation == header.seq;
        let first = seq == 0 && lineage == [0; 16];
        let continues = header.seq == seq + 1
            && header.prev_digest == digest
            && (first || header.lineage == lineage)
            && (creates || header.generation == generation);
        if continues {
            return Ok(());
        }
        Err(Error::corrupt(format!(
            "the log forks: the entry claims seq {} of generation {}, after seq {seq} of generation {generation}",
            header.seq, header.generation
        )))
    }
}

/// Operations that renumber or end an index stand alone in their entry, so that no batch is half visible.
pub fn check_alone(ops: &[Op<'_>]) -> Result<()> {
    let alone = |op: &Op<'_>| match op.frame {
        Frame::Create(_) | Frame::Drop | Frame::Compact => true,
        Frame::Upsert(_) | Frame::Delete(_) | Frame::SetMetadata(_) => false,
    };
    if ops.len() > 1 && ops.iter().any(alone) {
        return Err(Error::corrupt("CREATE, DROP and COMPACT stand alone in an entry"));
    }
    Ok(())
}
