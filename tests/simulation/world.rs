//! The store that all simulated processes share, and what happens to calls on their way to it.
//!
//! Every entry that was ever created in its turn is kept in `log`, also after it was deleted: it is the true
//! order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use vectord::error::Error;
use vectord::frame;
use vectord::store::{Key, Memory, Object, Page, Put, Replace, Store, Written};

use super::call::{Answer, Call, broken, counted, unanswered};
use super::counts::{Counts, Event};
use super::faults::{Damage, Fate, Rates};
use super::observe::Seen;
use super::turnstile::ProcessId;
use crate::support::numbers::Seeded;

/// A request thought lost that is still on its way.
enum Late {
    Put(Key, Vec<u8>),
    Delete(Key),
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
    pub(super) objects: Memory,
    /// When objects were created, in steps.
    born: BTreeMap<String, u64>,
    step: u64,
    late: Vec<Late>,
    pub(super) floors: Vec<u64>,
    /// Snapshots as they were first written: the state is canonical, so they may never differ.
    pub(super) snapshots: BTreeMap<u64, Vec<u8>>,
    pub(super) seen: BTreeMap<ProcessId, Seen>,
    /// What was damaged on its way once; not again, so that getting it again helps.
    damaged: BTreeSet<(ProcessId, String)>,
    /// How many calls more a process is cut off from the store.
    outages: BTreeMap<ProcessId, u32>,
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
            outages: BTreeMap::new(),
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
        if self.is_cut_off(process) && !matches!(call, Call::Sleep(_)) {
            return call.refused();
        }
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

    fn is_cut_off(&mut self, process: ProcessId) -> bool {
        if let Some(calls) = self.rates.outage(&mut self.random) {
            self.counts.note(Event::Outage);
            self.outages.insert(process, calls);
        }
        let left = self.outages.entry(process).or_default();
        let is_cut_off = *left > 0;
        *left = left.saturating_sub(1);
        is_cut_off
    }

    /// From here on nothing goes wrong.
    pub fn calms_down(&mut self) {
        self.rates = Rates::KIND;
        self.outages.clear();
    }

    /// Begins with what the Go service left, for the processes to adopt.
    pub fn begins_with(&mut self, blob: &[u8]) {
        let key = Key::parse(frame::legacy_key(super::NAME)).expect("a key of ours");
        drop(self.put(&key, blob));
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
}
