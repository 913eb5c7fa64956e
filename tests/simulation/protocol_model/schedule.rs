//! One schedule: a seed decides how many processes there are, and who takes each step.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::collector::collect;
use super::process::Process;
use super::reader::follow;
use super::world::{Rules, Violation, World};
use super::writer::write;
use crate::support::numbers::Seeded;

/// What a schedule did, and what it broke.
#[derive(Debug, Default)]
pub struct Ran {
    pub violation: Option<Violation>,
    pub steps: usize,
    pub acknowledged: usize,
    pub deleted: usize,
    pub overtaken: usize,
    pub late: usize,
    pub trace: Vec<String>,
}

impl Ran {
    pub fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.acknowledged += other.acknowledged;
        self.deleted += other.deleted;
        self.overtaken += other.overtaken;
        self.late += other.late;
    }
}

type Running = Pin<Box<dyn Future<Output = Result<(), Violation>>>>;

pub fn run(rules: Rules, seed: u64) -> Ran {
    let mut random = Seeded(seed);
    let (writers, batches, readers) = (1 + random.below(3), 2 + random.below(3), random.below(2));
    let world = World::new(rules, random);
    let mut processes: Vec<Running> = Vec::new();
    for number in 0..writers {
        processes.push(Box::pin(write(world.clone(), number, batches)));
    }
    for number in 0..readers {
        processes.push(Box::pin(follow(world.clone(), number)));
    }
    for number in 0..2 {
        processes.push(Box::pin(collect(world.clone(), number)));
    }
    let mut steps = 0;
    let violation = loop {
        match one_step(&world, &mut processes) {
            Ok(true) => steps += 1,
            Ok(false) => break at_rest(&world).err(),
            Err(violation) => break Some(violation),
        }
    };
    let mut store = world.store();
    Ran {
        violation,
        steps,
        acknowledged: store.acknowledged.len(),
        deleted: store.deleted,
        overtaken: store.overtaken,
        late: store.late,
        trace: std::mem::take(&mut store.trace),
    }
}

/// Whether anything was left to do.
fn one_step(world: &World, processes: &mut Vec<Running>) -> Result<bool, Violation> {
    let late_entry = usize::from(!world.store().late_entries.is_empty());
    if processes.is_empty() && late_entry == 0 {
        return Ok(false);
    }
    let late_snapshot = {
        let mut store = world.store();
        usize::from(!store.late_snapshots.is_empty() && store.chance(0.1))
    };
    let choice = world.store().random.below(processes.len() + late_entry + late_snapshot);
    if choice < processes.len() {
        match processes[choice].as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => {}
            Poll::Ready(ended) => {
                drop(processes.swap_remove(choice));
                ended?;
            }
        }
    } else if choice < processes.len() + late_entry {
        world.store().take_late_entry();
    } else {
        world.store().take_late_snapshot();
    }
    Ok(true)
}

/// When everything has arrived, whoever opens the index sees all of the log, each acknowledged batch in it once.
fn at_rest(world: &World) -> Result<(), Violation> {
    while !world.store().late_entries.is_empty() {
        world.store().take_late_entry();
    }
    while !world.store().late_snapshots.is_empty() {
        world.store().take_late_snapshot();
    }
    let mut last = Process::new(world, "last".to_owned());
    let mut opening = Box::pin(last.open());
    loop {
        if let Poll::Ready(opened) = opening.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            opened?;
            break;
        }
    }
    drop(opening);
    let store = world.store();
    if last.state.len() != store.order.len() {
        return Err(Violation::Short(format!("{:?} of {:?}", last.state, store.order)));
    }
    if let Some(lost) = store.acknowledged.iter().find(|batch| !last.state.contains(batch)) {
        return Err(Violation::AcknowledgedLost(format!("{lost:?} of {:?}", last.state)));
    }
    if last.state.iter().collect::<BTreeSet<_>>().len() != last.state.len() {
        return Err(Violation::Doubled(format!("{:?}", last.state)));
    }
    Ok(())
}
