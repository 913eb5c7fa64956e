//! How often each thing happened that makes a schedule hard, in one seed and over all.

use std::collections::BTreeMap;

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// A process found that the floor had passed the entry it read.
    OvertakenReading,
    /// A process found that the floor had passed the entry it wrote.
    OvertakenWriting,
    /// An entry was written and its sender not told; later it found its own bytes there.
    LostAnswer,
    /// An entry thought lost was created later.
    LateWon,
    /// An entry thought lost arrived later, and its place was taken.
    LateRefused,
    /// A snapshot landed after its writer had given it up.
    LateSnapshot,
    /// A floor thought lost arrived later.
    LateFloor,
    /// Two processes published the same floor.
    FloorRace,
    /// An entry was created again where one had been deleted.
    Revived,
    /// A place in the log was taken by another process.
    Taken,
    /// A batch went to a later place because another process's entry took its own.
    Rebase,
    Compaction,
    Dropped,
    CreatedAgain,
    Checkpoint,
    EntryDeleted,
    Killed,
    Reopened,
    /// Bytes were damaged on their way to a reader.
    DamagedRead,
    StaleList,
    /// A process was cut off from the store for a while.
    Outage,
    /// The index began as a blob of the Go service.
    Adopted,
    /// Rows were deleted by a filter.
    DeletedPassing,
    /// A deletion by a filter that another entry overtook deleted other rows than it would have.
    PassedAgain,
    /// Several batches shared an entry.
    Group,
    /// A batch was in already when its key came again.
    AnsweredByKey,
    Acknowledged,
    /// A batch whose sender could not be told.
    Unknown,
    Read,
}

impl Event {
    pub const ALL: [Self; 29] = [
        Self::OvertakenReading,
        Self::OvertakenWriting,
        Self::LostAnswer,
        Self::LateWon,
        Self::LateRefused,
        Self::LateSnapshot,
        Self::LateFloor,
        Self::FloorRace,
        Self::Revived,
        Self::Taken,
        Self::Rebase,
        Self::Compaction,
        Self::Dropped,
        Self::CreatedAgain,
        Self::Checkpoint,
        Self::EntryDeleted,
        Self::Killed,
        Self::Reopened,
        Self::DamagedRead,
        Self::StaleList,
        Self::Outage,
        Self::Adopted,
        Self::DeletedPassing,
        Self::PassedAgain,
        Self::Group,
        Self::AnsweredByKey,
        Self::Acknowledged,
        Self::Unknown,
        Self::Read,
    ];
}

/// The events of one seed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<Event, u64>);

impl Counts {
    pub fn note(&mut self, event: Event) {
        *self.0.entry(event).or_default() += 1;
    }

    pub fn of(&self, event: Event) -> u64 {
        self.0.get(&event).copied().unwrap_or(0)
    }
}

/// The events of many seeds.
#[derive(Debug, Clone, Default)]
pub struct Table {
    pub seeds: u64,
    /// Per event how often it happened, and in how many seeds.
    rows: BTreeMap<Event, (u64, u64)>,
}

impl Table {
    pub fn add(&mut self, counts: &Counts) {
        self.seeds += 1;
        for event in Event::ALL {
            let row = self.rows.entry(event).or_default();
            row.0 += counts.of(event);
            row.1 += u64::from(counts.of(event) > 0);
        }
    }

    /// In how many of a hundred seeds one of `events` happened, at least.
    pub fn share(&self, events: &[Event]) -> f64 {
        let seeds = events.iter().map(|event| self.rows.get(event).map_or(0, |row| row.1)).max().unwrap_or(0);
        100.0 * seeds as f64 / self.seeds.max(1) as f64
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{:>20} {:>9} {:>9}", "event", "times", "% seeds")?;
        for event in Event::ALL {
            let times = self.rows.get(&event).map_or(0, |row| row.0);
            writeln!(f, "{:>20} {times:>9} {:>9.1}", format!("{event:?}"), self.share(&[event]))?;
        }
        Ok(())
    }
}
