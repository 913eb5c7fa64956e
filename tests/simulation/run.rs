//! One seed: clients, what they do, who goes first, and what goes wrong.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vectord::log::Bug;

use super::client::{Around, Client};
use super::counts::{Counts, Event};
use super::faults::Rates;
use super::journal::{Journal, Told};
use super::oracle::judge;
use super::process::Setup;
use super::scheduler::{Plan, Scheduler};
use super::task::Task;
use super::turnstile::{ClientNumber, Turnstile};
use super::world::World;
use crate::support::numbers::Seeded;

/// Written by the Go service, with rows of its own.
const GO_BLOB: &[u8] = include_bytes!("../data/go_v1.lhv1");

/// Three writers and a reader.
pub const CLIENTS: usize = 4;
/// The last of them.
pub const READER: ClientNumber = CLIENTS - 1;

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

pub fn run(seed: u64, how: How) -> Ran {
    let mut random = Seeded(seed ^ 0x51b0_77a1_0000_0000);
    let per_mille = [0, 10, 30, 60][random.below(4)];
    let rates = Rates { per_mille, damage: random.below(2) == 0, outages: random.below(2) == 0 };
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
    let blob = (random.below(8) == 0).then_some(GO_BLOB);
    let mut world = World::new(random, rates, how.traced, !how.only_outcomes);
    if let Some(blob) = blob {
        world.begins_with(blob);
        world.counts.note(Event::Adopted);
    }
    let around = Around {
        world: Arc::new(Mutex::new(world)),
        turnstile: Arc::new(Turnstile::new(CLIENTS)),
        journal: Arc::default(),
        setup,
    };
    let ended = std::thread::scope(|scope| {
        let start = |number| {
            let (sender, tasks) = channel();
            let around = &around;
            scope.spawn(move || serve(number, around, &tasks));
            sender
        };
        let clients = (0..CLIENTS).map(start).collect();
        let mut scheduler = Scheduler::new(&around, clients, plan);
        let ended = scheduler.work().and_then(|()| scheduler.calm_down(&around.journal));
        around.turnstile.close();
        ended
    });
    let journal = around.journal.lock().unwrap();
    let verdict = ended.and_then(|()| judge(&around.world, &journal, blob));
    let mut world = around.world.lock().unwrap();
    count(&journal, &mut world.counts);
    Ran {
        violation: world.violation.take().or(verdict.err()),
        counts: world.counts.clone(),
        trace: world.trace.take().unwrap_or_default(),
    }
}

/// Counts what the clients were told.
fn count(journal: &Journal, counts: &mut Counts) {
    for told in journal.sent.values().flat_map(|sent| &sent.told) {
        match told {
            Told::Acknowledged(_) | Told::Flushed => counts.note(Event::Acknowledged),
            Told::Unknown => counts.note(Event::Unknown),
            Told::Nothing | Told::Refused(_) => {}
        }
    }
    for sent in journal.sent.values() {
        let mut seqs = BTreeSet::new();
        for told in &sent.told {
            if let Told::Acknowledged(acknowledged) = told
                && !seqs.insert(acknowledged.seq)
            {
                counts.note(Event::AnsweredByKey);
            }
        }
    }
    journal.reads.iter().for_each(|_| counts.note(Event::Read));
}

/// A client's thread.
fn serve(number: ClientNumber, around: &Around, tasks: &Receiver<Task>) {
    let mut client = Client::new(number, around.clone());
    for task in tasks {
        if catch_unwind(AssertUnwindSafe(|| client.carry_out(task))).is_err() {
            around.journal.lock().unwrap().broken.get_or_insert_with(|| format!("client {number} panicked"));
        }
        around.turnstile.release(number);
        around.turnstile.ends(number);
    }
}
