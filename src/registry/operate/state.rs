//! The state of an index at one entry, replayed by itself: no committer, no deletion, nothing written.
//!
//! The checks are the log's own, made once more: an entry counts only if it continues the one before.

use super::super::replay::Replay;
use super::super::snapshot::{self, Encoded, Restored};
use super::super::{adopt, convert};
use crate::error::{Error, Result};
use crate::frame::{self, Frame, Header, Op, hex};
use crate::log::{self, Ledger, Position};

/// An index, or the absence of one, exactly after the entry at `position`.
pub(super) struct State {
    name: String,
    pub(super) replay: Replay,
    pub(super) position: Position,
    ledger: Ledger,
}

impl State {
    /// Before the first entry.
    pub(super) fn before_all(name: &str) -> Self {
        let (position, ledger) = (Position::default(), Ledger::default());
        Self { name: name.to_owned(), replay: Replay::default(), position, ledger }
    }

    /// What a snapshot holds.
    pub(super) fn restore(name: &str, bytes: &[u8]) -> Result<Self> {
        let Restored { index, position, ledger } = snapshot::decode(bytes)?;
        let dropped = match &index {
            Some(_) => None,
            None => Some(convert::params_from_frame(&frame::decode_envelope(bytes)?.params)?),
        };
        Ok(Self { name: name.to_owned(), replay: Replay { index, dropped }, position, ledger })
    }

    /// What the Go service's blob will be adopted as.
    pub(super) fn adopted(name: &str, blob: &[u8]) -> Result<Self> {
        Self::restore(name, &adopt::snapshot_of(name, blob)?)
    }

    /// Applies the entry whose bytes these are; on an error nothing is changed.
    pub(super) fn apply(&mut self, bytes: &[u8]) -> Result<()> {
        let (header, ops) = frame::decode_entry(bytes)?;
        self.check_continues(&header)?;
        log::check_alone(&ops)?;
        let outcomes = self.replay.apply(&header, &ops)?;
        if matches!(&ops[..], [Op { frame: Frame::Drop, .. }]) {
            self.ledger.clear();
        }
        self.ledger.record(&header, &ops, &outcomes);
        let Header { seq, lineage, generation, .. } = header;
        self.position = Position { seq, digest: frame::digest_of(bytes)?, lineage, generation };
        Ok(())
    }

    fn check_continues(&self, header: &Header) -> Result<()> {
        let Position { seq, digest, lineage, generation } = self.position;
        let problem = if header.seq != seq + 1 {
            format!("it claims seq {}, after {seq}", header.seq)
        } else if header.prev_digest != digest {
            let (wants, is) = (hex(header.prev_digest), hex(digest));
            format!("the log forks: it continues an entry with digest {wants}, entry {seq} has {is}")
        } else if lineage != [0; 16] && header.lineage != lineage {
            format!("it belongs to another log: lineage {}, not {}", hex(header.lineage), hex(lineage))
        } else if header.generation != generation && header.generation != header.seq {
            format!("it belongs to generation {}, the index is at {generation}", header.generation)
        } else {
            return Ok(());
        };
        Err(Error::corrupt(problem))
    }

    /// The bytes of the snapshot of this state; none before the first entry.
    pub(super) fn encode(&self) -> Result<Option<Vec<u8>>> {
        Ok(self.encoded()?.map(|snapshot| snapshot.to_vec()))
    }

    fn encoded(&self) -> Result<Option<Encoded>> {
        let Self { name, replay: Replay { index, dropped }, position, ledger } = self;
        match (index, dropped) {
            (Some((params, index)), _) => {
                Ok(Some(snapshot::encode_at(name, params, *position, ledger, index)?))
            }
            (None, Some(params)) => Ok(Some(snapshot::tombstone_at(name, params, *position, ledger)?)),
            (None, None) => Ok(None),
        }
    }

    /// The digest of this state; none before the first entry.
    pub(super) fn digest(&self) -> Result<Option<String>> {
        self.encoded()?.map(|snapshot| snapshot.digest().map(hex)).transpose()
    }

    /// Living rows.
    pub(super) fn rows(&self) -> u64 {
        self.replay.index.as_ref().map_or(0, |(_, index)| index.len() as u64)
    }
}
