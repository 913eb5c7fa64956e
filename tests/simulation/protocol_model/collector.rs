//! A process that raises the floor and deletes what is below; two of them race.

use super::world::{Violation, World, step};

const ROUNDS: usize = 6;

pub async fn collect(world: World, number: usize) -> Result<(), Violation> {
    let name = format!("collector {number}");
    let rules = world.store().rules;
    for _ in 0..ROUNDS {
        step().await;
        let (newest, floor) = {
            let store = world.store();
            (store.floors.len() - 1, store.snapshots.keys().rev().nth(rules.kept - 1).copied())
        };
        let Some(floor) = floor else { continue };
        step().await;
        if floor <= world.store().floors[newest] {
            continue;
        }
        if rules.floor_first {
            if !publish(&world, &name, newest + 1, floor).await {
                continue;
            }
            delete_entries(&world, &name, floor).await;
        } else {
            delete_entries(&world, &name, floor).await;
            publish(&world, &name, newest + 1, floor).await;
        }
        let below: Vec<u64> = world.store().snapshots.range(..floor).map(|(seq, _)| *seq).collect();
        for seq in below {
            step().await;
            world.store().snapshots.remove(&seq);
        }
    }
    Ok(())
}

/// Whether this process was the one to create floor `number`.
async fn publish(world: &World, name: &str, number: usize, floor: u64) -> bool {
    step().await;
    let mut store = world.store();
    if store.floors.len() != number {
        return false;
    }
    store.floors.push(floor);
    store.say(name, "floor", &(number, floor));
    true
}

async fn delete_entries(world: &World, name: &str, floor: u64) {
    for seq in 1..=floor {
        step().await;
        let mut store = world.store();
        if store.log.remove(&seq).is_some() {
            store.deleted += 1;
            store.say(name, "deleted", &seq);
        }
    }
}
