//! A writer: appends its batches one after the other, through lost requests, lost answers and kills.
//!
//! After each acknowledgement it may write a snapshot, or stall with one in hand.

use super::process::Process;
use super::world::{Batch, Violation, World, step};

pub async fn write(world: World, number: usize, batches: usize) -> Result<(), Violation> {
    let mut process = Process::new(&world, format!("writer {number}"));
    process.open().await?;
    for batch in 1..=batches {
        let batch = (number, batch);
        append(&mut process, batch).await?;
        {
            let mut store = world.store();
            store.acknowledged.push(batch);
            process.say(&mut store, "acknowledged", &batch);
        }
        process.agrees()?;
        if world.store().chance(0.5) {
            snapshot(&process).await;
        }
    }
    Ok(())
}

async fn snapshot(process: &Process) {
    let (seq, state) = (process.state.len() as u64, process.state.clone());
    if process.world.store().chance(0.3) {
        process.world.store().late_snapshots.push((seq, state));
        return;
    }
    step().await;
    process.world.store().put_snapshot(&process.name, seq, state);
}

/// Returns when the batch may be acknowledged (I5, I6).
async fn append(process: &mut Process, batch: Batch) -> Result<(), Violation> {
    loop {
        let seq = process.next();
        step().await;
        let fate = process.world.store().draw();
        if fate < 0.25 {
            let mut store = process.world.store();
            store.late_entries.push((seq, batch));
            process.say(&mut store, "PUT timed out, still on its way", &(seq, batch));
            continue;
        }
        let created = process.world.store().put_entry(seq, batch);
        process.say(&mut process.world.store(), "PUT", &(seq, batch, created));
        if fate > 0.97 {
            process.say(&mut process.world.store(), "killed", &());
            process.crash();
            process.open().await?;
            if process.state.contains(&batch) {
                return Ok(());
            }
            continue;
        }
        // Below 0.40 the answer is lost, and the same request, sent again underneath, is told "exists".
        if created && fate >= 0.40 {
            if process.counts(seq).await {
                process.state.push(batch);
                return Ok(());
            }
        } else {
            step().await;
            let there = process.world.store().log.get(&seq).copied();
            if process.counts(seq).await {
                // None is an "exists" that wrote nothing: the same place is tried again.
                if let Some(there) = there {
                    process.state.push(there);
                    process.agrees()?;
                    if there == batch {
                        return Ok(());
                    }
                }
                continue;
            }
        }
        process.say(&mut process.world.store(), "the floor passed", &seq);
        process.reopen().await?;
        if process.state.contains(&batch) {
            return Ok(());
        }
    }
}
