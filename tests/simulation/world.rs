//! The store that all simulated processes share, and what happens to calls on their way to it.
//!
//! Every entry that was ever created in its turn is kept in `log`, also after it was deleted: it is the true
//! order. What must hold of each write by itself is watched here; what users see is the oracle's.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use vectord::error::Error;
use vectord::frame;
use vectord::store::{Key, Memory, Object, Page, Put, Replace, Store, Written};

use super::call::{Answer, Call, broken, counted, unanswered};
use super::counts::{Counts, Event};
use super::faults::{Damage, Fate, Rates};
use super::turnstile::ProcessId;
use crate::support::numbers::Seeded;

/// A request thought lost that is still on its way.
enum Late {
    Put(Key, Vec<u8>),
    Delete(Key),
}

/// What was seen of a process, to tell what happens to it.
#[derive(Default)]
struct Seen {
    /// The entry it put or got last, while it has only looked at floors since; and whether it put it.
    at: Option<(u64, bool)>,
    /// The entry it sent last: its place, bytes, and (writer, batch).
    sent: Option<(u64, Vec<u8>, ([u8; 16], u64))>,
    /// The batch whose place was taken.
    taken: Option<([u8; 16], u64)>,
}

/// Far more steps than any seed takes.
const ENDLESS: u64 = 20_000;

pub struct World {
    pub random: Seeded,
    pub rates: Rates,
    /// Whether rules of the protocol are watched by themselves, beside what users see.
    pub watches: bool,
    pub counts: Counts,
    /// The entries in their order, from 1.
    pub log: Vec<Vec<u8>>,
    pub violation: Option<String>,
    pub trace: Option<Vec<String>>,
    pub now: Duration,
    objects: Memory,
    /// When objects were created, in steps.
    born: BTreeMap<String, u64>,
    step: u64,
    late: Vec<Late>,
    floors: Vec<u64>,
    /// Snapshots as they were first written: the state is canonical, so they may never differ.
    snapshots: BTreeMap<u64, Vec<u8>>,
    seen: BTreeMap<ProcessId, Seen>,
    /// What was damaged on its way once; not again, so that getting it again helps.
    damaged: BTreeSet<(ProcessId, String)>,
    /// Processes whose last listing missed something; the next is whole, so that listing again helps.
    misled: BTreeSet<ProcessId>,
}

impl World {
    pub fn new(random: Seeded, rates: Rates, traced: bool, watches: bool) -> Self {
        Self {
            random,
            rates,
            watches,
            counts: Counts::default(),
            log: Vec::new(),
            violation: None,
            trace: traced.then(Vec::new),
            now: Duration::ZERO,
            objects: Memory::new(),
            born: BTreeMap::new(),
            step: 0,
            late: Vec::new(),
            floors: Vec::new(),
            snapshots: BTreeMap::new(),
            seen: BTreeMap::new(),
            damaged: BTreeSet::new(),
            misled: BTreeSet::new(),
        }
    }

    pub fn say(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(line());
        }
    }

    pub fn violated(&mut self, what: String) {
        self.say(|| format!("VIOLATED: {what}"));
        self.violation.get_or_insert(what);
    }

    fn watched(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if self.watches && !holds {
            self.violated(what());
        }
    }

    /// One step: the call of a process, with what may happen to it.
    pub fn meet(&mut self, process: ProcessId, call: &Call) -> Answer {
        self.step += 1;
        if self.step > ENDLESS {
            self.violated(format!("no end after {ENDLESS} steps"));
        }
        self.now += Duration::from_millis(1);
        let answer = self.fated(process, call);
        self.observe(process, call, &answer);
        self.say(|| format!("{}.{}: {} -> {}", process.client, process.life, call.told(), answer.told()));
        answer
    }

    fn fated(&mut self, process: ProcessId, call: &Call) -> Answer {
        let fate = self.rates.draw(call, &mut self.random);
        match (fate, call) {
            (Fate::NoSpace, Call::Put(..)) => {
                Answer::Put(Put::Failed { error: Error::exhausted("no space left"), written: Written::No })
            }
            (Fate::FalseExists, Call::Put(..)) => Answer::Put(Put::Exists),
            (Fate::LostAfter, call) => {
                drop(self.carry_out(call));
                call.refused()
            }
            (Fate::AnsweredExists, Call::Put(..)) => {
                drop(self.carry_out(call));
                Answer::Put(Put::Exists)
            }
            (Fate::Late, Call::Put(key, bytes)) => {
                self.late.push(Late::Put(key.clone(), bytes.clone()));
                Answer::Put(unanswered())
            }
            (Fate::Late, Call::Delete(key)) => {
                self.late.push(Late::Delete(key.clone()));
                Answer::Delete(Err(broken()))
            }
            (Fate::Stale(steps), Call::List { prefix, after, limit }) if self.misled.insert(process) => {
                self.counts.note(Event::StaleList);
                Answer::List(Ok(self.list(prefix, after.as_deref(), *limit, self.step.saturating_sub(steps))))
            }
            (Fate::Fine | Fate::Stale(_), _) => {
                if matches!(call, Call::List { .. }) {
                    self.misled.remove(&process);
                }
                self.carry_out(call)
            }
            (Fate::Damaged(damage), Call::Get(key)) => {
                let Answer::Get(Ok(Some(bytes))) = self.carry_out(call) else { return self.carry_out(call) };
                let first = self.damaged.insert((process, key.as_str().to_owned()));
                Answer::Get(Ok(Some(if first { self.damage(damage, bytes) } else { bytes })))
            }
            (_, call) => call.refused(),
        }
    }

    fn damage(&mut self, damage: Damage, mut bytes: Vec<u8>) -> Vec<u8> {
        self.counts.note(Event::DamagedRead);
        let at = self.random.below(bytes.len().max(1));
        match damage {
            Damage::Cut => bytes.truncate(at),
            Damage::Flip => bytes[at] ^= 1 << self.random.below(8),
        }
        bytes
    }

    /// The call itself, without anything happening to it.
    pub fn carry_out(&mut self, call: &Call) -> Answer {
        match call {
            Call::Put(key, bytes) => Answer::Put(self.put(key, bytes)),
            Call::Get(key) => Answer::Get(self.objects.get(key)),
            Call::Size(key) => Answer::Size(self.objects.size(key)),
            Call::List { prefix, after, limit } => {
                Answer::List(Ok(self.list(prefix, after.as_deref(), *limit, u64::MAX)))
            }
            Call::Delete(key) => {
                self.delete(key);
                Answer::Delete(Ok(()))
            }
            Call::Replace(key, bytes) => {
                let replaced = self.objects.replace(key, bytes);
                self.born.insert(key.as_str().to_owned(), self.step);
                Answer::Replace(match replaced {
                    Replace::Failed { .. } => unreachable!("memory fails for keys below objects only"),
                    done => done,
                })
            }
            Call::Sleep(pause) => {
                self.now += counted(*pause);
                Answer::Slept
            }
        }
    }

    /// Objects that were there at step `until`.
    fn list(&self, prefix: &str, after: Option<&str>, limit: usize, until: u64) -> Page {
        let mut page = self.objects.list(prefix, after, limit).expect("the prefix and the limit are good");
        page.objects.retain(|Object { key, .. }| self.born[key.as_str()] <= until);
        page
    }

    fn put(&mut self, key: &Key, bytes: &[u8]) -> Put {
        let put = self.objects.put_if_absent(key, bytes);
        match &put {
            Put::Created => {
                self.born.insert(key.as_str().to_owned(), self.step);
                self.created(key, bytes);
            }
            Put::Exists => {
                if matches!(frame::parse_key(key.as_str()), Some(frame::Key::Floor { .. })) {
                    self.counts.note(Event::FloorRace);
                }
                self.same_snapshot(key, bytes);
            }
            Put::Failed { .. } => {}
        }
        put
    }

    fn created(&mut self, key: &Key, bytes: &[u8]) {
        match frame::parse_key(key.as_str()) {
            Some(frame::Key::Log { seq, .. }) => {
                let end = self.log.len() as u64;
                if seq == end + 1 {
                    self.log.push(bytes.to_vec());
                } else if seq <= end {
                    self.counts.note(Event::Revived);
                } else {
                    self.violated(format!("entry {seq} was created while the log ends at {end}"));
                }
            }
            Some(frame::Key::Snapshot { seq, .. }) => {
                self.counts.note(Event::Checkpoint);
                let end = self.log.len() as u64;
                self.watched(seq <= end, || {
                    format!("a snapshot of {seq} was written, the log ends at {end}")
                });
                self.same_snapshot(key, bytes);
                self.snapshots.entry(seq).or_insert_with(|| bytes.to_vec());
            }
            Some(frame::Key::Floor { n, .. }) => self.floor_rises(n, bytes),
            _ => {}
        }
    }

    fn same_snapshot(&mut self, key: &Key, bytes: &[u8]) {
        if let Some(frame::Key::Snapshot { seq, .. }) = frame::parse_key(key.as_str()) {
            let same = self.snapshots.get(&seq).is_none_or(|first| first == bytes);
            self.watched(same, || format!("two processes wrote different snapshots of {seq}"));
        }
    }

    /// I2: a verified snapshot at or above the floor exists, and floors grow.
    fn floor_rises(&mut self, number: u64, bytes: &[u8]) {
        let seq = frame::decode_floor(bytes).expect("a floor of ours").floor_seq;
        let last = self.floors.last().copied().unwrap_or(0);
        let next = number == self.floors.len() as u64 + 1;
        self.watched(next && seq > last, || format!("floor {number} at {seq} after the last at {last}"));
        let covered = self.snapshots.range(seq..).any(|(seq, _)| {
            let key = Key::parse(frame::snapshot_key(super::NAME, *seq)).expect("a key of ours");
            self.objects
                .get(&key)
                .expect("memory answers")
                .is_some_and(|bytes| frame::decode_snapshot(&bytes).is_ok())
        });
        self.watched(covered, || format!("floor {number} at {seq}, and no snapshot at or above it"));
        self.floors.push(seq);
    }

    /// I2 and I3: only what is below a published floor is deleted, and floors never.
    fn delete(&mut self, key: &Key) {
        let floor = self.floors.last().copied().unwrap_or(0);
        let may = match frame::parse_key(key.as_str()) {
            Some(frame::Key::Log { seq, .. }) => {
                self.counts.note(Event::EntryDeleted);
                seq <= floor
            }
            Some(frame::Key::Snapshot { seq, .. }) => seq < floor,
            _ => false,
        };
        self.watched(may, || format!("{key} was deleted with the floor at {floor}"));
        self.objects.delete(key).expect("memory deletes");
    }

    /// How many requests are still on their way.
    pub fn on_their_way(&self) -> usize {
        self.late.len()
    }

    /// One of them arrives.
    pub fn arrives(&mut self) {
        self.step += 1;
        let at = self.random.below(self.late.len());
        match self.late.swap_remove(at) {
            Late::Put(key, bytes) => {
                let end = self.log.len();
                let created = matches!(self.put(&key, &bytes), Put::Created);
                match frame::parse_key(key.as_str()) {
                    Some(frame::Key::Log { .. }) if self.log.len() > end => self.counts.note(Event::LateWon),
                    Some(frame::Key::Log { .. }) => self.counts.note(Event::LateRefused),
                    Some(frame::Key::Snapshot { .. }) => self.counts.note(Event::LateSnapshot),
                    Some(frame::Key::Floor { .. }) => self.counts.note(Event::LateFloor),
                    _ => {}
                }
                self.say(|| format!("late: {} -> {created}", Call::Put(key, bytes).told()));
            }
            Late::Delete(key) => {
                self.delete(&key);
                self.say(|| format!("late: {}", Call::Delete(key).told()));
            }
        }
    }

    /// Tells from the calls of a process what has happened to it.
    fn observe(&mut self, process: ProcessId, call: &Call, answer: &Answer) {
        let seen = self.seen.entry(process).or_default();
        match (call, answer) {
            (Call::Put(key, bytes), Answer::Put(put)) => {
                let Some(frame::Key::Log { seq, .. }) = frame::parse_key(key.as_str()) else {
                    seen.at = None;
                    return;
                };
                seen.at = Some((seq, true));
                let header = frame::decode_header(bytes).expect("an entry of ours");
                let batch = (header.writer_id, header.writer_batch);
                let there = self.objects.get(key).expect("memory answers");
                if matches!(put, Put::Exists) && there.as_ref() == Some(bytes) {
                    self.counts.note(Event::LostAnswer);
                } else if matches!(put, Put::Exists) && there.is_some() {
                    self.counts.note(Event::Taken);
                    seen.taken = Some(batch);
                } else if seen.taken == Some(batch) && seen.sent.as_ref().is_some_and(|sent| sent.0 < seq) {
                    self.counts.note(Event::Rebase);
                    seen.taken = None;
                }
                seen.sent = Some((seq, bytes.clone(), batch));
            }
            (Call::Get(key), Answer::Get(Ok(found))) => match frame::parse_key(key.as_str()) {
                Some(frame::Key::Log { seq, .. }) => {
                    let sent_there = seen.sent.as_ref().is_some_and(|sent| sent.0 == seq);
                    seen.at = Some((seq, sent_there));
                    if found.is_some() && found.as_ref() == seen.sent.as_ref().map(|sent| &sent.1) {
                        self.counts.note(Event::LostAnswer);
                    }
                }
                Some(frame::Key::Floor { .. }) => {
                    let floor = found.as_deref().and_then(|bytes| frame::decode_floor(bytes).ok());
                    if let (Some(floor), Some((at, put))) = (floor, seen.at)
                        && floor.floor_seq >= at
                    {
                        self.counts.note(if put { Event::OvertakenWriting } else { Event::OvertakenReading });
                        seen.at = None;
                    }
                }
                _ => seen.at = None,
            },
            (Call::List { .. } | Call::Delete(_), _) => seen.at = None,
            _ => {}
        }
    }
}
