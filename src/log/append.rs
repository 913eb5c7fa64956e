//! Appending one entry: put-if-absent at the next position, and what each answer means.
//!
//! Rebasing is not done here: the caller is told that another entry stands there, applies it, checks its
//! batches again and appends them under the same batch number.

use std::time::Duration;

use super::follow::Apply;
use super::settings::Bug;
use super::state::Log;
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::frame::{self, Frame, Header, Op};
use crate::store::{Key, Put, Written};

/// How an append ended when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Append {
    /// Durable and applied at this seq.
    Committed(u64),
    /// Another entry stands there; nothing of ours was written.
    Taken,
    /// The floor rose above this process; only the newest snapshot knows whether our entry counts (I6).
    Overtaken,
}

/// What became of the batch of an append that was overtaken, as the replicated state tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is in the log, at this seq.
    Committed(u64),
    /// It is not, and cannot come any more.
    NotThere,
    /// The state remembers too little to tell.
    Forgotten,
}

/// What stands at the place an entry was sent to.
enum Sent {
    Ours,
    Another,
    /// Nothing of it counts: the floor is above.
    Overtaken,
}

impl Log {
    /// Appends `ops` as one entry, durably, and applies it.
    ///
    /// An error whose outcome is known wrote nothing, and its position stays free. One whose outcome is
    /// unknown leaves the entry unresolved: the log sends the same bytes again before it does anything else.
    pub fn append(&mut self, ops: &[Op<'_>], apply: &mut Apply<'_>) -> Result<Append> {
        debug_assert!(self.unresolved.is_none(), "settle() comes first");
        let header = self.next_header(ops);
        let bytes = frame::encode_entry(&header, ops);
        let digest = frame::digest_of(&bytes)?;
        let untold = ops.iter().all(tells_nobody).then_some((bytes.len() as u64, digest));
        self.mark.set(self.position.seq, self.floors, untold);
        let appended = self.append_bytes(&header, ops, bytes, apply);
        self.publish();
        appended
    }

    fn append_bytes(
        &mut self,
        header: &Header,
        ops: &[Op<'_>],
        bytes: Vec<u8>,
        apply: &mut Apply<'_>,
    ) -> Result<Append> {
        let key = self.log_key(header.seq)?;
        if self.settings.commits(Bug::AckBeforeFsync) {
            self.writer_batch = header.writer_batch;
            self.apply_and_advance(header, ops, &bytes, apply)?;
            let _ = self.store.put_if_absent(&key, &bytes);
            return Ok(Append::Committed(header.seq));
        }
        match self.send(&key, header, &bytes) {
            Ok(Sent::Ours) => {}
            Ok(Sent::Another) => return Ok(Append::Taken),
            Ok(Sent::Overtaken) => return Ok(Append::Overtaken),
            Err(error) => {
                if error.outcome() == Outcome::Unknown {
                    if self.settings.commits(Bug::PassUnknown) {
                        self.position.seq = header.seq;
                        self.position.digest = frame::digest_of(&bytes)?;
                    } else {
                        self.unresolved = Some(bytes);
                    }
                }
                return Err(Self::about(&key, error));
            }
        }
        match self.verify(header.seq) {
            Ok(true) => {}
            Ok(false) => return Ok(Append::Overtaken),
            Err(error) => {
                self.unresolved = Some(bytes);
                return Err(Self::about(&key, error.outcome_unknown()));
            }
        }
        self.writer_batch = header.writer_batch;
        self.apply_and_advance(header, ops, &bytes, apply)?;
        Ok(Append::Committed(header.seq))
    }

    /// Whether an entry's outcome is not known.
    pub fn is_unresolved(&self) -> bool {
        self.unresolved.is_some()
    }

    /// The number that the next batch of this writer gets, and keeps until it is in or refused.
    pub fn next_batch(&self) -> u64 {
        self.writer_batch + 1
    }

    /// Gives the number of the batch that was sent last to no other: whether it is in could not be found out.
    pub fn leave_batch(&mut self) {
        self.writer_batch += 1;
    }

    /// What the state says of batch `batch`, which this writer sent to `seq` when it was overtaken.
    pub fn verdict(&self, batch: u64, seq: u64) -> Verdict {
        match self.ledger.last_batch(&self.writer_id) {
            Some(last) if last.batch >= batch => Verdict::Committed(last.seq),
            None if seq < self.ledger.writers().1 => Verdict::Forgotten,
            Some(_) | None => Verdict::NotThere,
        }
    }

    /// Resolves an entry whose outcome was unknown: sends it again, so that it or another stands there.
    /// Answers whether there was one; following then applies what stands there.
    pub fn settle(&mut self) -> Result<bool> {
        let Some(bytes) = &self.unresolved else { return Ok(false) };
        let key = self.log_key(self.position.seq + 1)?;
        match self.store.put_if_absent(&key, bytes) {
            Put::Created | Put::Exists => Ok(true),
            Put::Failed { error, .. } => Err(Self::about(
                &key,
                Error::unavailable(format!("an earlier write is not resolved yet: {error}")).caused_by(error),
            )),
        }
    }

    /// Sends an entry until it is known what stands at its place.
    fn send(&mut self, key: &Key, header: &Header, bytes: &[u8]) -> Result<Sent> {
        let started = self.settings.clock.now();
        let mut pause = Duration::from_millis(10);
        let mut maybe_written = false;
        loop {
            let failure = match self.store.put_if_absent(key, bytes) {
                Put::Created => return Ok(Sent::Ours),
                // Exists is no verdict: it may be our own entry, from an attempt whose answer was lost.
                Put::Exists => {
                    maybe_written = true;
                    match self.whose(key, header, bytes) {
                        Ok(Some(sent)) => return Ok(sent),
                        Ok(None) => {
                            Error::unavailable("the store says the entry exists, and that it does not")
                        }
                        Err(error) if error.kind() == ErrorKind::Corrupt => {
                            return Err(error.outcome_unknown());
                        }
                        Err(error) => error,
                    }
                }
                Put::Failed { error, written: Written::No } if !maybe_written => return Err(error),
                Put::Failed { error, .. } => {
                    maybe_written = true;
                    error
                }
            };
            let waited = self.settings.clock.since(started);
            let hopeless = self.store.refuses_writes().is_some() || self.settings.commits(Bug::PassUnknown);
            if waited >= self.settings.give_up || hopeless {
                return Err(failure.outcome_unknown());
            }
            tracing::warn!(key = key.as_str(), error = %failure, "append not answered, trying again");
            // Its caller may ask another process meanwhile: from now on readers wait for what stands there.
            self.publish();
            self.settings.clock.sleep(pause);
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    /// Whose entry stands at `key`; `None` if none does, though the store said so. It is ours if its digest is:
    /// a writer id would lie after a fork. `Corrupt` if it cannot be read, which may be ours too.
    fn whose(&mut self, key: &Key, header: &Header, bytes: &[u8]) -> Result<Option<Sent>> {
        let ours = frame::digest_of(bytes)?;
        let there = self.read_entry(key, |there| {
            let (other, _) = frame::decode_entry(there)?;
            Ok((other.writer_id, frame::digest_of(there)?))
        })?;
        let Some((writer_id, digest)) = there else {
            // Deleted below a floor, or a store that refused without cause.
            return Ok((!self.verify(header.seq)?).then_some(Sent::Overtaken));
        };
        let is_ours = if self.settings.commits(Bug::OursByWriter) {
            writer_id == header.writer_id
        } else {
            digest == ours && !self.settings.commits(Bug::ExistsIsConflict)
        };
        Ok(Some(if is_ours { Sent::Ours } else { Sent::Another }))
    }

    fn next_header(&self, ops: &[Op<'_>]) -> Header {
        let seq = self.position.seq + 1;
        let creates = matches!(ops, [Op { frame: Frame::Create(_), .. }]);
        Header {
            required_features: 0,
            seq,
            lineage: self.position.lineage,
            writer_id: self.writer_id,
            writer_batch: self.next_batch(),
            generation: if creates { seq } else { self.position.generation },
            prev_digest: self.position.digest,
        }
    }
}

/// Whether another process that finds the operation in the log has nothing to answer anybody from it alone, before
/// its writer does: a repeated key, or that a row or the index is not there any more.
fn tells_nobody(op: &Op<'_>) -> bool {
    op.meta.idempotency_key.is_none()
        && match op.frame {
            Frame::Upsert(_) | Frame::SetMetadata(_) | Frame::Compact | Frame::Create(_) => true,
            Frame::Delete(_) | Frame::Drop => false,
        }
}
