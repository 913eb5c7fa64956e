//! Following: entries that stand on the store are checked, applied and counted.
//!
//! An entry counts only if it continues the one before and stands above the newest floor (I5).

use std::time::Instant;

use super::ledger::Outcome;
use super::state::{Log, Position};
use crate::error::{Error, Result};
use crate::frame::{self, Digest, Frame, Header, Op};

/// What applies the operations of an entry.
pub type Apply<'a> = dyn FnMut(&Header, &[Op<'_>]) -> Result<Vec<Outcome>> + 'a;

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
        loop {
            let seq = self.position.seq + 1;
            let key = self.log_key(seq)?;
            let bytes = self.store.get(&key)?;
            if !self.floors.verify(&*self.store, &self.name, seq)? {
                return Ok(Followed::Overtaken);
            }
            let Some(bytes) = bytes else { return Ok(Followed::UpToDate) };
            self.apply_entry(&bytes, apply).map_err(|error| Self::about(&key, error))?;
        }
    }

    /// Checks that `bytes` continue the log, applies them and moves the position.
    pub(super) fn apply_entry(&mut self, bytes: &[u8], apply: &mut Apply<'_>) -> Result<()> {
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
        let started = Instant::now();
        let outcomes = apply(header, ops)?;
        self.replay += started.elapsed();
        self.advance(header, ops, &outcomes, frame::digest_of(bytes)?, bytes.len());
        Ok(())
    }

    /// Moves the position past an applied entry.
    fn advance(
        &mut self,
        header: &Header,
        ops: &[Op<'_>],
        outcomes: &[Outcome],
        digest: Digest,
        bytes: usize,
    ) {
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
        self.tail_entries += 1;
        self.tail_bytes += bytes as u64;
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
fn check_alone(ops: &[Op<'_>]) -> Result<()> {
    let alone = |op: &Op<'_>| match op.frame {
        Frame::Create(_) | Frame::Drop | Frame::Compact => true,
        Frame::Upsert(_) | Frame::Delete(_) | Frame::SetMetadata(_) => false,
    };
    if ops.len() > 1 && ops.iter().any(alone) {
        return Err(Error::corrupt("CREATE, DROP and COMPACT stand alone in an entry"));
    }
    Ok(())
}
