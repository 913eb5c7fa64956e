//! A reader: opens the index and follows the log, one entry at a time.

use super::process::Process;
use super::world::{Violation, World, step};

const READS: usize = 14;

pub async fn follow(world: World, number: usize) -> Result<(), Violation> {
    let mut process = Process::new(&world, format!("reader {number}"));
    process.open().await?;
    for _ in 0..READS {
        step().await;
        let next = process.next();
        let there = world.store().log.get(&next).copied();
        if !process.counts(next).await {
            process.reopen().await?;
        } else if let Some(batch) = there {
            process.state.push(batch);
            process.agrees()?;
        }
    }
    Ok(())
}
