//! Who goes first: one step at a time, chosen by the seed.
//!
//! A step is a store call that is let through, a task that begins, a late request that arrives, or a kill.

use std::sync::Mutex;
use std::sync::mpsc::Sender;

use super::client::Around;
use super::counts::Event;
use super::journal::Journal;
use super::run::CLIENTS;
use super::task::{Task, Tasks, Work};
use super::turnstile::{ClientNumber, Turnstile};
use super::world::World;

/// What differs between seeds.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub tasks: u64,
    pub kills: bool,
    pub drops: bool,
}

/// Chooses, and lets through.
pub struct Scheduler<'a> {
    world: &'a Mutex<World>,
    turnstile: &'a Turnstile,
    clients: Vec<Sender<Task>>,
    /// For so many steps yet the client is not let through.
    delayed: [u32; CLIENTS],
    tasks: Tasks,
    /// How many tasks there are before the faults end.
    many: u64,
    kills: bool,
}

/// What the next step is.
enum Choice {
    Call(ClientNumber),
    Begin(ClientNumber),
    Arrive,
    Kill(ClientNumber),
}

impl<'a> Scheduler<'a> {
    pub fn new(around: &'a Around, clients: Vec<Sender<Task>>, Plan { tasks, kills, drops }: Plan) -> Self {
        Self {
            world: &around.world,
            turnstile: &around.turnstile,
            clients,
            delayed: [0; CLIENTS],
            tasks: Tasks::new(drops),
            many: tasks,
            kills,
        }
    }

    /// The time of faults.
    pub fn work(&mut self) -> Result<(), String> {
        loop {
            let (calling, idle) = self.turnstile.quiet().ok_or("a client hangs")?;
            if self.world.lock().unwrap().violation.is_some() {
                return Ok(());
            }
            let more = self.tasks.drawn < self.many;
            if calling.is_empty() && !more {
                return Ok(());
            }
            match self.choose(&calling, if more { &idle } else { &[] }) {
                Choice::Call(client) => self.let_through(client),
                Choice::Begin(client) => {
                    let task = self.tasks.next(client, &mut self.world.lock().unwrap().random);
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
        if self.kills && !calling.is_empty() && random.below(80) == 0 {
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
        {
            let mut world = self.world.lock().unwrap();
            world.say(|| format!("{client}: begins {task:?}"));
            if task.work == Work::Reopen {
                world.counts.note(Event::Reopened);
            }
        }
        self.turnstile.begins(client);
        self.clients[client].send(task).expect("clients live as long as the scheduler");
    }

    /// The store is kind again: every client must be able to write, and every key is answered.
    pub fn calm_down(&mut self, journal: &Mutex<Journal>) -> Result<(), String> {
        self.kills = false;
        let mut tasks = {
            let mut world = self.world.lock().unwrap();
            world.calms_down();
            self.tasks.last(&mut world.random)
        };
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
