//! What is remembered of past batches: the last of each writer, and the idempotency keys with their answers.
//!
//! It is part of the replicated state, so a retry is answered, not doubled, also by another process. Keys that clients
//! make for single calls are many, and have room of their own: those that callers chose outlast them.

use std::collections::{BTreeMap, HashMap, VecDeque};

use xxhash_rust::xxh3::xxh3_128;

use crate::error::{Error, Result};
use crate::frame::{Frame, Header, IdempotencyRecord, Op, WriterState, key_digest};

/// How many writers are remembered.
const WRITERS: usize = 4_096;
/// How many idempotency keys of callers are remembered.
const KEYS: usize = 65_536;
/// How many that clients made for single calls. They send a call again for ten seconds at most: these are ten seconds of
/// 1,600 writes each.
const RETRIES: usize = 16_384;

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
    callers: Order,
    retries: Order,
    /// The place of the next key.
    next: u64,
}

/// Digests of keys, oldest first, each with its place among all keys.
type Order = VecDeque<(u64, [u8; 16])>;

impl Ledger {
    /// The ledger that a snapshot holds; `records` are oldest first.
    pub fn restore(
        writers: BTreeMap<[u8; 16], WriterState>,
        writers_from: u64,
        records: Vec<IdempotencyRecord>,
    ) -> Self {
        let mut ledger = Self { writers, writers_from, ..Self::default() };
        for record in records {
            ledger.line_up(record);
        }
        ledger
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
        let mut all: Vec<_> = self.callers.iter().chain(&self.retries).collect();
        all.sort_by_key(|(place, _)| *place);
        all.into_iter().map(|(_, key)| self.records[key]).collect()
    }

    /// Whether `key` was used before: its answer if by the same payload, `InvalidArgument` if by another: retrying cannot help.
    pub fn find(&self, key: &str, payload: &[u8]) -> Result<Option<Known>> {
        let Some(record) = self.records.get(&key_digest(key)) else { return Ok(None) };
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
        self.records.get(&key_digest(key)).map(known)
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
                key_digest: key_digest(key),
                payload_digest: digest(payload(&op.frame)),
                seq: header.seq,
                added: outcome.count,
                length: outcome.length,
            };
            self.line_up(record);
            for (order, most) in [(&mut self.callers, KEYS), (&mut self.retries, RETRIES)] {
                for (_, oldest) in order.drain(..order.len().saturating_sub(most)) {
                    self.records.remove(&oldest);
                }
            }
        }
    }

    /// A key that is there keeps its place.
    fn line_up(&mut self, record: IdempotencyRecord) {
        if self.records.insert(record.key_digest, record).is_none() {
            let order = if record.is_retry() { &mut self.retries } else { &mut self.callers };
            order.push_back((self.next, record.key_digest));
            self.next += 1;
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
    use crate::frame::{Ids, OpMeta, retry_key};

    fn entry(ledger: &mut Ledger, seq: u64, writer: u64, key: &str) {
        let ids = Ids::new(["a"]).unwrap();
        let meta = OpMeta { idempotency_key: Some(key.to_owned()), op_index: 0 };
        let header = Header { seq, writer_id: u128::from(writer).to_be_bytes(), ..Header::default() };
        let op = Op { meta, frame: Frame::Delete(ids.as_ref()) };
        ledger.record(&header, &[op], &[Outcome { count: 1, length: seq }]);
    }

    #[test]
    fn a_key_answers_for_its_payload_only_and_the_oldest_are_forgotten() {
        let mut ledger = Ledger::default();
        for seq in 1..=KEYS as u64 + 1 {
            entry(&mut ledger, seq, seq, &format!("key-{seq}"));
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

    #[test]
    fn keys_of_single_calls_push_no_others_out() {
        let mut ledger = Ledger::default();
        let payload = Ids::new(["a"]).unwrap().as_ref().payload().to_vec();
        let retry = |seq: u64| retry_key(u128::from(seq).to_be_bytes());
        entry(&mut ledger, 1, 0, "job#0");
        for seq in 2..KEYS as u64 + 2 {
            entry(&mut ledger, seq, 0, &retry(seq));
        }
        entry(&mut ledger, KEYS as u64 + 2, 0, "job#1");
        let (writers, from) = ledger.writers();
        let again = Ledger::restore(writers.clone(), from, ledger.records());
        let last = KEYS as u64 + 1;
        for mut ledger in [ledger, again] {
            let seq = |ledger: &Ledger, key: &str| ledger.find(key, &payload).unwrap().map(|known| known.seq);
            assert_eq!((seq(&ledger, "job#0"), seq(&ledger, "job#1")), (Some(1), Some(last + 1)));
            assert_eq!(seq(&ledger, &retry(last)), Some(last), "the last ones are there");
            let first = last + 1 - RETRIES as u64;
            assert_eq!((seq(&ledger, &retry(first - 1)), seq(&ledger, &retry(first))), (None, Some(first)));
            let seqs: Vec<u64> = ledger.records().iter().map(|record| record.seq).collect();
            assert!(seqs.len() == RETRIES + 2 && seqs.is_sorted(), "oldest first, of whichever kind");
            entry(&mut ledger, last + 2, 0, &retry(last + 2));
            assert_eq!((seq(&ledger, &retry(first)), seq(&ledger, "job#0")), (None, Some(1)));
        }
    }
}
