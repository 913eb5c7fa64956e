//! What may happen to a call, and how often.

use super::call::Call;
use crate::support::numbers::Seeded;

/// What happens to one call.
#[derive(Debug, Clone, Copy)]
pub enum Fate {
    Fine,
    /// It never reaches the store, and the caller does not know.
    LostBefore,
    /// It is carried out, and the answer is lost.
    LostAfter,
    /// It is carried out some steps later, when the caller has long been told of a time-out.
    Late,
    /// A put wrote nothing, and the caller knows.
    NoSpace,
    /// A put is told that the object exists, and nothing was written.
    FalseExists,
    /// A put is told that the object exists: it does since this very put, whose first answer was lost.
    AnsweredExists,
    /// A listing misses what was created in the last so many steps.
    Stale(u64),
    /// A get brings other bytes than were stored.
    Damaged(Damage),
}

#[derive(Debug, Clone, Copy)]
pub enum Damage {
    Cut,
    Flip,
}

/// How unkind the store is.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// The chance in 1,000 that something happens to a call.
    pub per_mille: usize,
    /// Whether gets may bring damaged bytes.
    pub damage: bool,
    /// Whether a process may be cut off from the store for a while.
    pub outages: bool,
}

impl Rates {
    pub const KIND: Self = Self { per_mille: 0, damage: false, outages: false };

    /// For how many of its next calls a process is cut off, if it is.
    pub fn outage(self, random: &mut Seeded) -> Option<u32> {
        (self.outages && random.below(10_000) < self.per_mille).then(|| 1 + random.below(20) as u32)
    }

    pub fn draw(self, call: &Call, random: &mut Seeded) -> Fate {
        let likelier = match call {
            // What is written decides most: it meets more.
            Call::Put(..) => 3,
            Call::Get(_) | Call::Size(_) | Call::List { .. } | Call::Delete(_) | Call::Replace(..) => 1,
            Call::Sleep(_) => 0,
        };
        if random.below(1_000) >= self.per_mille * likelier {
            return Fate::Fine;
        }
        match call {
            Call::Put(..) => match random.below(14) {
                0 | 1 => Fate::LostBefore,
                2..=4 => Fate::LostAfter,
                5..=8 => Fate::Late,
                9 | 10 => Fate::AnsweredExists,
                11 => Fate::FalseExists,
                _ => Fate::NoSpace,
            },
            Call::Get(_) if self.damage && random.below(2) == 0 => {
                Fate::Damaged(if random.below(2) == 0 { Damage::Cut } else { Damage::Flip })
            }
            Call::List { .. } if random.below(3) > 0 => Fate::Stale(1 + random.below(40) as u64),
            Call::Delete(_) => match random.below(3) {
                0 => Fate::LostBefore,
                1 => Fate::LostAfter,
                _ => Fate::Late,
            },
            Call::Replace(..) if random.below(2) == 0 => Fate::LostAfter,
            Call::Get(_) | Call::Size(_) | Call::List { .. } | Call::Replace(..) | Call::Sleep(_) => {
                Fate::LostBefore
            }
        }
    }
}
