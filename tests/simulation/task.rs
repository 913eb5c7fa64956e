//! What clients do, drawn one task after the other.

use vectord::registry::{Consistency, Freshness};

use super::run::{CLIENTS, READER};
use super::turnstile::ClientNumber;
use crate::support::numbers::Seeded;

/// What a client is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    Add {
        keyed: bool,
    },
    /// The keyed batch of this number again, whoever sent it first.
    Again {
        number: u64,
        seed: u64,
    },
    /// Several batches at once, which share an entry.
    Several,
    Delete,
    /// By a filter.
    DeletePassing,
    Metadata,
    Checkpoint,
    Read(Freshness),
    /// A read that has to see the newest acknowledgement, by whomever.
    ReadNewest,
    /// Close the process in good order and start another.
    Reopen,
    Drop,
    /// What must succeed, since nothing fails any more: the keyed batch of this number, however often it takes.
    Insist {
        number: u64,
        seed: u64,
    },
    /// Look at the whole state.
    Digest,
}

#[derive(Debug, Clone, Copy)]
pub struct Task {
    pub number: u64,
    pub seed: u64,
    pub work: Work,
}

/// Draws tasks.
pub struct Tasks {
    /// Whether indexes are dropped.
    pub drops: bool,
    pub drawn: u64,
    /// Batches with idempotency keys: their numbers and seeds.
    keyed: Vec<(u64, u64)>,
}

const BOUNDED: Freshness = Freshness { consistency: Some(Consistency::Bounded), min_seq: None };

impl Tasks {
    pub fn new(drops: bool) -> Self {
        Self { drops, drawn: 0, keyed: Vec::new() }
    }

    /// A number for a batch of `client`, which tells later whose ids it is about; and its seed.
    fn number(&mut self, client: ClientNumber, random: &mut Seeded) -> (u64, u64) {
        self.drawn += 1;
        (self.drawn * 3 + client as u64 % 3, random.next())
    }

    pub fn next(&mut self, client: ClientNumber, random: &mut Seeded) -> Task {
        let (number, seed) = self.number(client, random);
        let work = if client == READER {
            match random.below(10) {
                0 => Work::Checkpoint,
                1 => Work::Reopen,
                2 => Work::ReadNewest,
                3 => Work::Read(BOUNDED),
                _ => Work::Read(Freshness::default()),
            }
        } else {
            match random.below(26) {
                0..=6 => Work::Add { keyed: false },
                7..=10 => {
                    self.keyed.push((number, seed));
                    Work::Add { keyed: true }
                }
                11 | 12 if !self.keyed.is_empty() => {
                    let (number, seed) = self.keyed[random.below(self.keyed.len())];
                    Work::Again { number, seed }
                }
                13 | 14 => Work::Delete,
                15 | 25 => Work::DeletePassing,
                16 => Work::Metadata,
                17..=20 => Work::Checkpoint,
                21 => Work::Reopen,
                22 if self.drops => Work::Drop,
                23 | 24 => Work::Several,
                _ => Work::Read(Freshness::default()),
            }
        };
        Task { number, seed, work }
    }

    /// Per client what must be possible when nothing fails any more: to write, to have every key answered by
    /// whomever, and to come to the same state.
    pub fn last(&mut self, random: &mut Seeded) -> Vec<Vec<Task>> {
        let insist = |(number, seed)| Task { number, seed, work: Work::Insist { number, seed } };
        let mut tasks: Vec<Vec<Task>> = Vec::new();
        for client in 0..CLIENTS {
            let own = self.number(client, random);
            self.keyed.push(own);
            tasks.push(vec![insist(own)]);
        }
        for &key in &self.keyed {
            tasks[random.below(CLIENTS)].push(insist(key));
        }
        for tasks in &mut tasks {
            tasks.push(Task { number: 0, seed: 0, work: Work::Digest });
        }
        tasks
    }
}
