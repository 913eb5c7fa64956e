//! A client: carries out one task after the other through its process, and keeps the journal.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use vectord::error::{Error, ErrorKind, Result};
use vectord::registry::{Consistency, Freshness, LiveIndex, SearchOptions, StateDigest};

use super::batch;
use super::journal::{Acknowledged, Content, Digest, Journal, Read};
use super::passing::Passing;
use super::process::{Process, Setup};
use super::task::{Task, Work};
use super::turnstile::{ClientNumber, ProcessId, Turnstile};
use super::world::World;
use crate::support::numbers::Seeded;

/// More conflicts in a row than other clients can cause.
const CONFLICTS: usize = 50;

/// Batches of a task that sends several have numbers so far apart.
const APART: u64 = 1_000_000;

/// What a client shares with the scheduler and the other clients.
#[derive(Clone)]
pub struct Around {
    pub world: Arc<Mutex<World>>,
    pub turnstile: Arc<Turnstile>,
    pub journal: Arc<Mutex<Journal>>,
    pub setup: Setup,
}

pub struct Client {
    number: ClientNumber,
    around: Around,
    process: Option<Process>,
    life: u32,
}

impl Client {
    pub fn new(number: ClientNumber, around: Around) -> Self {
        Self { number, around, process: None, life: 0 }
    }

    pub fn process_id(&self) -> ProcessId {
        ProcessId { client: self.number, life: self.life }
    }

    /// Whether the process was killed or closed: the next task starts another.
    fn start_if_dead(&mut self) {
        if self.process.is_some() && self.around.turnstile.is_killed(self.process_id()) {
            self.process = None;
        }
        if self.process.is_none() {
            self.life += 1;
            let Around { world, turnstile, setup, .. } = &self.around;
            self.process = Some(Process::start(world, turnstile, self.process_id(), *setup));
        }
    }

    pub fn carry_out(&mut self, task: Task) {
        self.start_if_dead();
        if let Err(error) = self.attempt(task) {
            self.journal(|journal| journal.expected(&error));
        }
    }

    fn journal<T>(&self, keep: impl FnOnce(&mut Journal) -> T) -> T {
        keep(&mut self.around.journal.lock().unwrap())
    }

    fn attempt(&mut self, Task { number, seed, work }: Task) -> Result<()> {
        let mut random = Seeded(seed);
        let newest = self.journal(|journal| journal.newest_acknowledged);
        let process = self.process.as_ref().expect("started before");
        match work {
            Work::Reopen => return self.process.take().expect("started before").close(),
            Work::Drop => return process.drop_index(),
            Work::Insist { number, seed } => return self.insist(number, seed),
            Work::Add { .. }
            | Work::Again { .. }
            | Work::Several
            | Work::Delete
            | Work::DeletePassing
            | Work::Metadata
            | Work::Checkpoint
            | Work::Read(_)
            | Work::ReadNewest
            | Work::Digest => {}
        }
        let live = process.index(2 + random.below(3) as u32)?;
        let done = match work {
            Work::Add { keyed } => {
                let content = batch::rows(&mut random, self.number, number, live.params().dimension);
                self.write(&live, number, keyed, &content)
            }
            Work::Again { number, seed } => self.again(&live, number, seed),
            Work::Several => self.several(&live, number, &mut random),
            Work::Delete => self.write(&live, number, false, &batch::ids(&mut random, self.number, number)),
            Work::DeletePassing => {
                let content = Content::Passing(Passing::draw(&mut random, number));
                self.write(&live, number, false, &content)
            }
            Work::Metadata => {
                self.write(&live, number, false, &batch::metadata(&mut random, self.number, number))
            }
            Work::Checkpoint => live.checkpoint().map(drop),
            Work::Read(fresh) => self.read(&live, fresh, newest),
            Work::ReadNewest => {
                let fresh = Freshness { consistency: Some(Consistency::Bounded), min_seq: Some(newest) };
                self.read(&live, fresh, newest)
            }
            Work::Digest => self.digest(&live),
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
        let content = batch::rows(&mut random, number as usize % 3, number, live.params().dimension);
        self.write(live, number, true, &content)
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
                    let broken =
                        format!("client {} cannot write when nothing fails any more: {error}", self.number);
                    self.journal(|journal| journal.broken.get_or_insert(broken).len());
                    return Ok(());
                }
                Ok(()) => return Ok(()),
            }
        }
        Err(Error::internal(format!("client {} met {CONFLICTS} conflicts in a row", self.number)))
    }

    fn write(&self, live: &LiveIndex, number: u64, keyed: bool, content: &Content) -> Result<()> {
        let dimension = live.params().dimension;
        let attempt = self.journal(|journal| journal.sends(number, dimension, content.clone(), keyed));
        let key = keyed.then(|| format!("key-{number}"));
        let answer = match content {
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
            Content::Passing(passing) => live.delete_where(passing.filter()).map(|done| Acknowledged {
                seq: done.seq,
                count: done.deleted,
                length: done.length,
            }),
        };
        let done = answer.as_ref().map(|_| ()).map_err(Clone::clone);
        self.journal(|journal| journal.told(number, attempt, answer));
        done
    }

    /// Queues batches while another thread of this process catches up, so that the committer, which has to wait
    /// for it, finds all of them queued.
    fn several(&self, live: &LiveIndex, number: u64, random: &mut Seeded) -> Result<()> {
        let (turnstile, dimension) = (&self.around.turnstile, live.params().dimension);
        let caught_up = AtomicBool::new(false);
        // The committer is started by the first request, and waits for the keeper even for that.
        drop(live.flush());
        let flushed = std::thread::scope(|scope| {
            turnstile.hold(self.number);
            scope.spawn(|| {
                drop(live.refresh());
                caught_up.store(true, Ordering::Release);
                turnstile.notify();
            });
            turnstile.wait_for_call(self.number, &caught_up);
            let mut queued = Vec::new();
            for i in 0..2 + random.below(3) as u64 {
                let number = number + i * APART;
                let (content, keyed) = match random.below(4) {
                    0 if number.is_multiple_of(2) => (Content::Passing(Passing::draw(random, number)), false),
                    0 => (batch::ids(random, self.number, number), false),
                    1 => (batch::rows(random, self.number, number, dimension), true),
                    _ => (batch::rows(random, self.number, number, dimension), false),
                };
                let attempt =
                    self.journal(|journal| journal.sends(number, dimension, content.clone(), keyed));
                let key = keyed.then(|| format!("key-{number}"));
                let later = match &content {
                    Content::Rows(rows) => {
                        batch::batch(rows, dimension).and_then(|batch| live.add_later(batch, key.as_deref()))
                    }
                    Content::Ids(ids) => live.delete_later(ids),
                    Content::Metadata(rows) => live.set_metadata_later(rows),
                    Content::Passing(passing) => live.delete_where_later(passing.filter()),
                };
                if later.is_ok() {
                    queued.push((number, attempt, content));
                }
            }
            turnstile.release(self.number);
            let flushed = live.flush();
            for (number, attempt, content) in queued {
                // A delete that finds nothing needs no entry.
                let sure = flushed.is_ok() && !matches!(content, Content::Ids(_) | Content::Passing(_));
                self.journal(|journal| journal.flushed(number, attempt, sure));
            }
            flushed
        });
        flushed.map(drop)
    }

    fn read(&self, live: &LiveIndex, fresh: Freshness, newest: u64) -> Result<()> {
        let reader = live.reader(fresh)?;
        let mut query = vec![0.0; live.params().dimension as usize];
        query[0] = 1.0;
        let hits = reader.search(&query, &SearchOptions { exact: true, ..SearchOptions::new(1 << 20) })?;
        let rows = hits.ids.iter().zip(&hits.metadata);
        let rows = rows.map(|(id, text)| (id.to_string(), text.as_deref().map(str::to_owned))).collect();
        let strong = reader.consistency() == Consistency::Strong || fresh.min_seq.is_some();
        let at_least = strong.then_some(newest);
        let read = Read { process: self.process_id(), seq: hits.seq, at_least, rows };
        self.journal(|journal| journal.reads.push(read));
        Ok(())
    }

    fn digest(&self, live: &LiveIndex) -> Result<()> {
        live.refresh()?;
        let StateDigest { seq, digest } = live.digest()?;
        self.journal(|journal| journal.digests.push(Digest { seq, digest }));
        Ok(())
    }
}
