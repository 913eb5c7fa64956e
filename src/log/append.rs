//! Appending one entry: put-if-absent at the next position, and what each answer means.
//!
//! Rebasing on another process's entry is not done here: the caller is told that the place is taken.

use std::time::{Duration, Instant};

use super::follow::Apply;
use super::state::Log;
use crate::error::{Error, Result};
use crate::frame::{self, Frame, Header, Op};
use crate::store::{Key, Put, Written};

/// How an append ended when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Append {
    /// Durable and applied at this seq.
    Committed(u64),
    /// Another process's entry stands there; nothing of ours was written.
    Taken,
    /// The floor rose above this process; whether our entry counts is not known (I6).
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
        let key = self.log_key(header.seq)?;
        match self.put(&key, &bytes) {
            Ok(true) => {}
            Ok(false) => return Ok(Append::Taken),
            Err(error) => {
                if error.outcome() == crate::error::Outcome::Unknown {
                    self.unresolved = Some(bytes);
                }
                return Err(Self::about(&key, error));
            }
        }
        match self.floors.verify(&*self.store, &self.name, header.seq) {
            Ok(true) => {}
            Ok(false) => return Ok(Append::Overtaken),
            Err(error) => {
                self.unresolved = Some(bytes);
                return Err(Self::about(&key, error.outcome_unknown()));
            }
        }
        self.writer_batch = header.writer_batch;
        self.apply_and_advance(&header, ops, &bytes, apply)?;
        Ok(Append::Committed(header.seq))
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

    /// Whether our bytes stand at `key`: `false` if another's do.
    fn put(&self, key: &Key, bytes: &[u8]) -> Result<bool> {
        let started = Instant::now();
        let mut pause = Duration::from_millis(10);
        let mut maybe_written = false;
        loop {
            let failure = match self.store.put_if_absent(key, bytes) {
                Put::Created => return Ok(true),
                // Exists is no verdict: it may be our own entry, from an attempt whose answer was lost.
                Put::Exists => match self.store.get(key) {
                    Ok(Some(there)) => return Ok(frame::digest_of(&there)? == frame::digest_of(bytes)?),
                    Ok(None) => Error::unavailable("the store says the entry exists, and that it does not"),
                    Err(error) => error,
                },
                Put::Failed { error, written: Written::No } if !maybe_written => return Err(error),
                Put::Failed { error, .. } => {
                    maybe_written = true;
                    error
                }
            };
            if started.elapsed() >= self.settings.give_up {
                return Err(failure.outcome_unknown());
            }
            tracing::warn!(key = key.as_str(), error = %failure, "append not answered, trying again");
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    fn next_header(&self, ops: &[Op<'_>]) -> Header {
        let seq = self.position.seq + 1;
        let creates = matches!(ops, [Op { frame: Frame::Create(_), .. }]);
        Header {
            required_features: 0,
            seq,
            lineage: self.position.lineage,
            writer_id: self.writer_id,
            writer_batch: self.writer_batch + 1,
            generation: if creates { seq } else { self.position.generation },
            prev_digest: self.position.digest,
        }
    }
}
