//! What is remembered of past batches: the last of each writer, and the idempotency keys with their answers.
//!
//! It is part of the replicated state, so a retry is answered, not doubled, also by another process.

use std::collections::{BTreeMap, HashMap, VecDeque};

use xxhash_rust::xxh3::xxh3_128;

use crate::error::{Error, Result};
use crate::frame::{Frame, Header, IdempotencyRecord, Op, WriterState};

/// How many writers are remembered.
const WRITERS: usize = 4_096;
/// How many idempotency keys are remembered.
const KEYS: usize = 65_536;

/// What an operation did when it was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Items it added, deleted or changed.
    pub count: u64,
    /// Living rows afterwards.
    pub length: u64,
}

/// The answer a batch got when it was first committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The entry that holds it.
    pub seq: u64,
    /// What it did.
    pub outcome: Outcome,
}

/// The memory of writers and keys; a pure function of the entries applied.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    writers: BTreeMap<[u8; 16], WriterState>,
    writers_from: u64,
    records: HashMap<[u8; 16], IdempotencyRecord>,
    order: VecDeque<[u8; 16]>,
}

impl Ledger {
    /// The ledger that a snapshot holds; `records` are oldest first.
    pub fn restore(
        writers: BTreeMap<[u8; 16], WriterState>,
        writers_from: u64,
        records: Vec<IdempotencyRecord>,
    ) -> Self {
        let order = records.iter().map(|record| record.key_digest).collect();
        let records = records.into_iter().map(|record| (record.key_digest, record)).collect();
        Self { writers, writers_from, records, order }
    }

    /// The last batch of each writer, and the oldest seq this map vouches for.
    pub fn writers(&self) -> (&BTreeMap<[u8; 16], WriterState>, u64) {
        (&self.writers, self.writers_from)
    }

    /// The last batch of `writer`, if it is remembered.
    pub fn last_batch(&self, writer: &[u8; 16]) -> Option<&WriterState> {
        self.writers.get(writer)
    }

    /// The remembered keys, oldest first.
    pub fn records(&self) -> Vec<IdempotencyRecord> {
        self.order.iter().map(|key| self.records[key]).collect()
    }

    /// Whether `key` was used before: its answer if by the same payload, `InvalidArgument` if by another: retrying cannot help.
    pub fn find(&self, key: &str, payload: &[u8]) -> Result<Option<Known>> {
        let Some(record) = self.records.get(&digest(key.as_bytes())) else { return Ok(None) };
        if record.payload_digest != digest(payload) {
            return Err(Error::invalid(format!(
                "idempotency key {key:?} was used for another batch, at seq {}",
                record.seq
            )));
        }
        Ok(Some(known(record)))
    }

    /// The answer that whatever was written under `key` got.
    pub fn find_any(&self, key: &str) -> Option<Known> {
        self.records.get(&digest(key.as_bytes())).map(known)
    }

    /// Remembers an applied entry; `outcomes` stand in the order of `ops`.
    pub fn record(&mut self, header: &Header, ops: &[Op<'_>], outcomes: &[Outcome]) {
        self.writers.insert(header.writer_id, WriterState { batch: header.writer_batch, seq: header.seq });
        while self.writers.len() > WRITERS {
            let oldest = self
                .writers
                .iter()
                .min_by_key(|(_, record)| record.seq)
                .map(|(id, record)| (*id, record.seq));
            let (id, seq) = oldest.expect("more writers than the limit are not none");
            self.writers.remove(&id);
            self.writers_from = self.writers_from.max(seq + 1);
        }
        for (op, outcome) in ops.iter().zip(outcomes) {
            let Some(key) = &op.meta.idempotency_key else { continue };
            let record = IdempotencyRecord {
                key_digest: digest(key.as_bytes()),
                payload_digest: digest(payload(&op.frame)),
                seq: header.seq,
                added: outcome.count,
                length: outcome.length,
            };
            if self.records.insert(record.key_digest, record).is_none() {
                self.order.push_back(record.key_digest);
            }
            while self.order.len() > KEYS {
                if let Some(oldest) = self.order.pop_front() {
                    self.records.remove(&oldest);
                }
            }
        }
    }

    /// Forgets everything: the index was dropped.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

fn known(record: &IdempotencyRecord) -> Known {
    Known { seq: record.seq, outcome: Outcome { count: record.added, length: record.length } }
}

fn digest(bytes: &[u8]) -> [u8; 16] {
    xxh3_128(bytes).to_be_bytes()
}

fn payload<'a>(frame: &Frame<'a>) -> &'a [u8] {
    match frame {
        Frame::Upsert(rows) => rows.payload(),
        Frame::Delete(ids) => ids.payload(),
        Frame::SetMetadata(rows) => rows.payload(),
        Frame::Create(_) | Frame::Drop | Frame::Compact => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::frame::{Ids, OpMeta};

    fn entry(ledger: &mut Ledger, seq: u64, key: &str, id: &str) {
        let ids = Ids::new([id]).unwrap();
        let meta = OpMeta { idempotency_key: Some(key.to_owned()), op_index: 0 };
        let header = Header { seq, writer_id: (seq as u128).to_be_bytes(), ..Header::default() };
        let op = Op { meta, frame: Frame::Delete(ids.as_ref()) };
        ledger.record(&header, &[op], &[Outcome { count: 1, length: seq }]);
    }

    #[test]
    fn a_key_answers_for_its_payload_only_and_the_oldest_are_forgotten() {
        let mut ledger = Ledger::default();
        for seq in 1..=KEYS as u64 + 1 {
            entry(&mut ledger, seq, &format!("key-{seq}"), "a");
        }
        let same = Ids::new(["a"]).unwrap();
        let other = Ids::new(["b"]).unwrap();
        assert_eq!(ledger.find("key-1", same.as_ref().payload()).unwrap(), None);
        let known = ledger.find("key-2", same.as_ref().payload()).unwrap().unwrap();
        assert_eq!((known.seq, known.outcome), (2, Outcome { count: 1, length: 2 }));
        let error = ledger.find("key-2", other.as_ref().payload()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        let (writers, from) = ledger.writers();
        assert_eq!((writers.len(), from), (WRITERS, KEYS as u64 + 2 - WRITERS as u64));
        let again = Ledger::restore(writers.clone(), from, ledger.records());
        assert_eq!(again.records(), ledger.records());
    }
}
