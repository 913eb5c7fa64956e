//! A client: carries out one task after the other through its process, and keeps the journal.

use std::sync::{Arc, Mutex};

use vectord::error::{Error, ErrorKind, Result};
use vectord::registry::{LiveIndex, SearchOptions};

use super::batch;
use super::journal::{Acknowledged, Content, Journal, Read};
use super::process::Process;
use super::turnstile::{ClientNumber, ProcessId, Turnstile};
use crate::support::numbers::Seeded;

/// What a client is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    Add {
        keyed: bool,
        wide: bool,
    },
    /// The keyed batch of this number again, whoever sent it first.
    Again {
        number: u64,
        seed: u64,
    },
    Delete {
        wide: bool,
    },
    Metadata,
    Checkpoint,
    Read,
    /// Close the process in good order and start another.
    Reopen,
    Drop,
    /// What must succeed, since nothing fails any more: the keyed batch of this number, however often it takes.
    Insist {
        number: u64,
        seed: u64,
    },
}

#[derive(Debug, Clone, Copy)]
pub struct Task {
    pub number: u64,
    pub seed: u64,
    pub work: Work,
}

/// More conflicts in a row than other clients can cause.
const CONFLICTS: usize = 50;

pub struct Client {
    number: ClientNumber,
    turnstile: Arc<Turnstile>,
    journal: Arc<Mutex<Journal>>,
    process: Option<Process>,
    life: u32,
}

impl Client {
    pub fn new(number: ClientNumber, turnstile: Arc<Turnstile>, journal: Arc<Mutex<Journal>>) -> Self {
        Self { number, turnstile, journal, process: None, life: 0 }
    }

    pub fn process_id(&self) -> ProcessId {
        ProcessId { client: self.number, life: self.life }
    }

    /// Whether the process was killed or closed: the next task starts another.
    fn start_if_dead(&mut self) {
        if self.process.is_some() && self.turnstile.is_killed(self.process_id()) {
            self.process = None;
        }
        if self.process.is_none() {
            self.life += 1;
            self.process = Some(Process::start(&self.turnstile, self.process_id()));
        }
    }

    pub fn carry_out(&mut self, task: Task) {
        self.start_if_dead();
        match self.attempt(task) {
            Ok(()) => {}
            Err(error) => self.journal.lock().unwrap().expected(&error),
        }
    }

    fn attempt(&mut self, Task { number, seed, work }: Task) -> Result<()> {
        let mut random = Seeded(seed);
        let newest = self.journal.lock().unwrap().newest_acknowledged;
        let process = self.process.as_ref().expect("started before");
        let dimension = 2 + random.below(3) as u32;
        match work {
            Work::Reopen => return self.process.take().expect("started before").close(),
            Work::Drop => return process.drop_index(),
            Work::Insist { number, seed } => return self.insist(number, seed),
            Work::Add { .. }
            | Work::Again { .. }
            | Work::Delete { .. }
            | Work::Metadata
            | Work::Checkpoint
            | Work::Read => {}
        }
        let live = process.index(dimension)?;
        let done = match work {
            Work::Add { keyed, wide } => {
                let content = batch::rows(&mut random, self.number, number, live.params().dimension, wide);
                self.write(&live, number, keyed, content)
            }
            Work::Again { number, seed } => self.again(&live, number, seed),
            Work::Delete { wide } => {
                let content = batch::ids(&mut random, self.number, number, wide);
                self.write(&live, number, false, content)
            }
            Work::Metadata => {
                let content = batch::metadata(&mut random, self.number, number);
                self.write(&live, number, false, content)
            }
            Work::Checkpoint => live.checkpoint().map(drop),
            Work::Read => self.read(&live, newest),
            Work::Reopen | Work::Drop | Work::Insist { .. } => unreachable!("done above"),
        };
        // The committer may go on after it has answered; when this is answered it is idle.
        drop(live.flush());
        done
    }

    fn again(&self, live: &LiveIndex, number: u64, seed: u64) -> Result<()> {
        // The same draws as when it was first sent, by whichever client.
        let mut random = Seeded(seed);
        random.below(3);
        let content = batch::rows(&mut random, number as usize % 3, number, live.params().dimension, false);
        self.write(live, number, true, content)
    }

    fn insist(&self, number: u64, seed: u64) -> Result<()> {
        for _ in 0..CONFLICTS {
            let process = self.process.as_ref().expect("started before");
            let done = process.index(2).and_then(|live| {
                let done = self.again(&live, number, seed);
                drop(live.flush());
                done
            });
            match done {
                // Somebody dropped it, created it, or was first: all others may, since nobody is stopped.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::Conflict | ErrorKind::AlreadyExists | ErrorKind::NotFound
                    ) => {}
                Err(error) => {
                    self.journal.lock().unwrap().broken.get_or_insert_with(|| {
                        format!("client {} cannot write when nothing fails any more: {error}", self.number)
                    });
                    return Ok(());
                }
                Ok(()) => return Ok(()),
            }
        }
        Err(Error::internal(format!("client {} met {CONFLICTS} conflicts in a row", self.number)))
    }

    fn write(&self, live: &LiveIndex, number: u64, keyed: bool, content: Content) -> Result<()> {
        let dimension = live.params().dimension;
        let attempt = self.journal.lock().unwrap().sends(number, dimension, content.clone(), keyed);
        let key = keyed.then(|| format!("key-{number}"));
        let answer = match &content {
            Content::Rows(rows) => {
                let added = batch::batch(rows, dimension).and_then(|batch| live.add(batch, key.as_deref()));
                added.map(|done| Acknowledged { seq: done.seq, count: done.added, length: done.length })
            }
            Content::Ids(ids) => live.delete(ids).map(|done| Acknowledged {
                seq: done.seq,
                count: done.deleted,
                length: done.length,
            }),
            Content::Metadata(rows) => live.set_metadata(rows).map(|done| Acknowledged {
                seq: done.seq,
                count: done.updated,
                length: done.length,
            }),
        };
        let done = answer.as_ref().map(|_| ()).map_err(Clone::clone);
        self.journal.lock().unwrap().told(number, attempt, answer);
        done
    }

    fn read(&self, live: &LiveIndex, newest: u64) -> Result<()> {
        let strong = live.refresh();
        let mut query = vec![0.0; live.params().dimension as usize];
        query[0] = 1.0;
        let hits = live.search(&query, &SearchOptions { k: 1 << 20, ef: None, exact: true })?;
        let rows = hits.ids.iter().zip(&hits.metadata);
        let rows = rows.map(|(id, text)| (id.to_string(), text.as_deref().map(str::to_owned))).collect();
        let at_least = strong.is_ok().then_some(newest);
        let read = Read { process: self.process_id(), seq: hits.seq, at_least, rows };
        self.journal.lock().unwrap().reads.push(read);
        strong.map(drop)
    }
}
