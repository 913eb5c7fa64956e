//! One seed: clients, what they do, who goes first, and what goes wrong.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vectord::log::Bug;
use vectord::registry::{Consistency, Freshness};

use super::client::{Around, Client, Task, Work};
use super::counts::{Counts, Event};
use super::faults::Rates;
use super::journal::{Journal, Told};
use super::oracle::judge;
use super::process::Setup;
use super::turnstile::{ClientNumber, Turnstile};
use super::world::World;
use crate::support::numbers::Seeded;

const BOUNDED: Freshness = Freshness { consistency: Some(Consistency::Bounded), min_seq: None };

/// Three writers and a reader.
pub const CLIENTS: usize = 4;

/// What came of a seed.
pub struct Ran {
    pub violation: Option<String>,
    pub counts: Counts,
    pub trace: Vec<String>,
}

/// How a seed is run.
#[derive(Debug, Clone, Copy, Default)]
pub struct How {
    pub traced: bool,
    /// Rules of the protocol are not watched by themselves: only what users see counts.
    pub only_outcomes: bool,
    /// The bug that all processes have.
    pub bug: Option<Bug>,
}

/// What differs between seeds.
struct Plan {
    tasks: u64,
    kills: bool,
    drops: bool,
}

pub fn run(seed: u64, how: How) -> Ran {
    let mut random = Seeded(seed ^ 0x51b0_77a1_0000_0000);
    let per_mille = [0, 10, 30, 60][random.below(4)];
    let rates = Rates { per_mille, damage: random.below(2) == 0 };
    let setup = Setup {
        give_up: Duration::from_millis([50, 500, 5_000][random.below(3)]),
        least_dead: [8, 1_024][random.below(2)],
        bug: how.bug,
    };
    let plan = Plan {
        tasks: 20 + random.below(41) as u64,
        kills: random.below(2) == 0,
        drops: random.below(4) == 0,
    };
    let world = Arc::new(Mutex::new(World::new(random, rates, how.traced, !how.only_outcomes)));
    let journal = Arc::new(Mutex::new(Journal::default()));
    let turnstile = Arc::new(Turnstile::new(CLIENTS));
    let ended = std::thread::scope(|scope| {
        let start = |number| {
            let (sender, tasks) = channel();
            let around = Around {
                world: Arc::clone(&world),
                turnstile: Arc::clone(&turnstile),
                journal: Arc::clone(&journal),
                setup,
            };
            scope.spawn(move || serve(number, around, &tasks));
            sender
        };
        let clients = (0..CLIENTS).map(start).collect();
        let mut scheduler = Scheduler {
            world: &world,
            turnstile: &turnstile,
            clients,
            delayed: [0; CLIENTS],
            keyed: Vec::new(),
            begun: 0,
            plan,
        };
        let ended = scheduler.work().and_then(|()| scheduler.calm_down(&journal));
        turnstile.close();
        ended
    });
    let journal = journal.lock().unwrap();
    let verdict = ended.and_then(|()| judge(&world, &journal));
    let mut world = world.lock().unwrap();
    for told in journal.sent.values().flat_map(|sent| &sent.told) {
        match told {
            Told::Acknowledged(_) | Told::Flushed => world.counts.note(Event::Acknowledged),
            Told::Unknown => world.counts.note(Event::Unknown),
            Told::Nothing | Told::Refused(_) => {}
        }
    }
    for sent in journal.sent.values() {
        let mut seqs = BTreeSet::new();
        for told in &sent.told {
            if let Told::Acknowledged(acknowledged) = told
                && !seqs.insert(acknowledged.seq)
            {
                world.counts.note(Event::AnsweredByKey);
            }
        }
    }
    journal.reads.iter().for_each(|_| world.counts.note(Event::Read));
    Ran {
        violation: world.violation.take().or(verdict.err()),
        counts: world.counts.clone(),
        trace: world.trace.take().unwrap_or_default(),
    }
}

/// A client's thread.
fn serve(number: ClientNumber, around: Around, tasks: &Receiver<Task>) {
    let mut client = Client::new(number, around.clone());
    for task in tasks {
        if catch_unwind(AssertUnwindSafe(|| client.carry_out(task))).is_err() {
            around.journal.lock().unwrap().broken.get_or_insert_with(|| format!("client {number} panicked"));
        }
        around.turnstile.release(number);
        around.turnstile.ends(number);
    }
}

struct Scheduler<'a> {
    world: &'a Mutex<World>,
    turnstile: &'a Turnstile,
    clients: Vec<Sender<Task>>,
    /// For so many steps yet the client is not let through.
    delayed: [u32; CLIENTS],
    /// Batches with idempotency keys: their numbers and seeds.
    keyed: Vec<(u64, u64)>,
    begun: u64,
    plan: Plan,
}

/// What the next step is.
enum Choice {
    Call(ClientNumber),
    Begin(ClientNumber),
    Arrive,
    Kill(ClientNumber),
}

impl Scheduler<'_> {
    /// The time of faults.
    fn work(&mut self) -> Result<(), String> {
        loop {
            let (calling, idle) = self.turnstile.quiet().ok_or("a client hangs")?;
            if self.world.lock().unwrap().violation.is_some() {
                return Ok(());
            }
            let more = self.begun < self.plan.tasks;
            if calling.is_empty() && !more {
                return Ok(());
            }
            match self.choose(&calling, if more { &idle } else { &[] }) {
                Choice::Call(client) => self.let_through(client),
                Choice::Begin(client) => {
                    let task = self.next_task(client);
                    self.begin(client, task);
                }
                Choice::Arrive => self.world.lock().unwrap().arrives(),
                Choice::Kill(client) => self.kill(client),
            }
        }
    }

    fn choose(&mut self, calling: &[ClientNumber], idle: &[ClientNumber]) -> Choice {
        let mut world = self.world.lock().unwrap();
        let late = world.on_their_way() > 0;
        let random = &mut world.random;
        if late && random.below(16) == 0 {
            return Choice::Arrive;
        }
        if self.plan.kills && !calling.is_empty() && random.below(80) == 0 {
            return Choice::Kill(calling[random.below(calling.len())]);
        }
        // One at a time, so that the others get far: to checkpoint twice, and delete what it is about to write.
        if self.delayed == [0; CLIENTS] && random.below(8) == 0 {
            let writing = calling.iter().copied().find(|client| self.turnstile.appends(*client));
            let any = random.below(CLIENTS);
            self.delayed[writing.unwrap_or(any)] = [10, 60, 120, 200][random.below(4)];
        }
        self.delayed.iter_mut().for_each(|steps| *steps = steps.saturating_sub(1));
        let free = |clients: &[ClientNumber]| -> Vec<ClientNumber> {
            clients.iter().copied().filter(|client| self.delayed[*client] == 0).collect()
        };
        let (mut calls, mut begins) = (free(calling), free(idle));
        if calls.is_empty() && begins.is_empty() {
            (calls, begins) = (calling.to_vec(), idle.to_vec());
        }
        let at = random.below(calls.len() + begins.len());
        match calls.get(at) {
            Some(client) => Choice::Call(*client),
            None => Choice::Begin(begins[at - calls.len()]),
        }
    }

    fn let_through(&mut self, client: ClientNumber) {
        let waiting = self.turnstile.take(client);
        let answer = self.world.lock().unwrap().meet(waiting.process, &waiting.call);
        waiting.answer(answer);
    }

    fn kill(&mut self, client: ClientNumber) {
        let waiting = self.turnstile.take(client);
        let process = waiting.process;
        {
            let mut world = self.world.lock().unwrap();
            world.counts.note(Event::Killed);
            world.say(|| format!("{client}.{}: killed before {}", process.life, waiting.call.told()));
            // It may have been just sent.
            if world.random.below(3) == 0 {
                drop(world.meet(process, &waiting.call));
            }
        }
        self.turnstile.kill(process);
        let refused = waiting.call.refused();
        waiting.answer(refused);
    }

    fn begin(&mut self, client: ClientNumber, task: Task) {
        self.world.lock().unwrap().say(|| format!("{client}: begins {task:?}"));
        self.turnstile.begins(client);
        self.clients[client].send(task).expect("clients live as long as the scheduler");
    }

    fn next_task(&mut self, client: ClientNumber) -> Task {
        self.begun += 1;
        let mut world = self.world.lock().unwrap();
        let random = &mut world.random;
        let seed = random.next();
        // A number tells which client's ids a keyed batch is about.
        let number = self.begun * 3 + client as u64 % 3;
        let work = if client == CLIENTS - 1 {
            match random.below(10) {
                0 => Work::Checkpoint,
                1 => Work::Reopen,
                2 => Work::ReadNewest,
                3 => Work::Read(BOUNDED),
                _ => Work::Read(Freshness::default()),
            }
        } else {
            match random.below(26) {
                24 | 25 => Work::Several,
                0..=6 => Work::Add { keyed: false },
                7..=10 => {
                    self.keyed.push((number, seed));
                    Work::Add { keyed: true }
                }
                11 | 12 => match self.keyed.is_empty() {
                    true => Work::ReadNewest,
                    false => {
                        let (number, seed) = self.keyed[random.below(self.keyed.len())];
                        Work::Again { number, seed }
                    }
                },
                13..=15 => Work::Delete,
                16 => Work::Metadata,
                17..=20 => Work::Checkpoint,
                21 => Work::Reopen,
                22 if self.plan.drops => Work::Drop,
                _ => Work::Read(Freshness::default()),
            }
        };
        if work == Work::Reopen {
            world.counts.note(Event::Reopened);
        }
        Task { number, seed, work }
    }

    /// The store is kind again: every client must be able to write, and every key is answered.
    fn calm_down(&mut self, journal: &Mutex<Journal>) -> Result<(), String> {
        self.world.lock().unwrap().rates = Rates::KIND;
        self.plan.kills = false;
        let mut tasks: Vec<Vec<Task>> = vec![Vec::new(); CLIENTS];
        for client in 0..CLIENTS {
            self.begun += 1;
            let number = self.begun * 3 + client as u64 % 3;
            let seed = self.world.lock().unwrap().random.next();
            self.keyed.push((number, seed));
            tasks[client].push(Task { number, seed, work: Work::Insist { number, seed } });
        }
        for &(number, seed) in &self.keyed {
            let client = self.world.lock().unwrap().random.below(CLIENTS);
            tasks[client].push(Task { number, seed, work: Work::Insist { number, seed } });
        }
        tasks.iter_mut().for_each(|tasks| tasks.push(Task { number: 0, seed: 0, work: Work::Digest }));
        loop {
            let (calling, idle) = self.turnstile.quiet().ok_or("a client hangs after the faults ended")?;
            if self.world.lock().unwrap().violation.is_some() || journal.lock().unwrap().broken.is_some() {
                return Ok(());
            }
            let idle: Vec<_> = idle.into_iter().filter(|client| !tasks[*client].is_empty()).collect();
            if calling.is_empty() && idle.is_empty() {
                break;
            }
            match self.choose(&calling, &idle) {
                Choice::Call(client) | Choice::Kill(client) => self.let_through(client),
                Choice::Begin(client) => {
                    let task = tasks[client].remove(0);
                    self.begin(client, task);
                }
                Choice::Arrive => self.world.lock().unwrap().arrives(),
            }
        }
        let mut world = self.world.lock().unwrap();
        while world.on_their_way() > 0 {
            world.arrives();
        }
        Ok(())
    }
}
