//! How fresh a read must be, and making it so.
//!
//! A strong read sees every write that anybody acknowledged before it began: it asks the store whether there is
//! anything newer (`log::Mark`) and applies that first. A bounded read takes what the follower has brought.

use std::time::Duration;

use super::core::{Core, readable};
use super::keeper::deleted;
use crate::error::{Error, Result};

/// What a read promises about the writes of other processes. One's own are always seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consistency {
    /// It sees every write acknowledged anywhere before it began. It asks the store, which may fail.
    Strong,
    /// It sees what this process has heard of: a few milliseconds old on a directory, at most about two
    /// seconds over HTTP while the store answers.
    Bounded,
}

impl Consistency {
    /// Both, for tests and for naming them in errors.
    pub const ALL: [Self; 2] = [Self::Strong, Self::Bounded];

    /// Its name in every interface.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strong => "strong",
            Self::Bounded => "bounded",
        }
    }

    /// The consistency called `name`.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|consistency| consistency.name() == name).ok_or_else(|| {
            Error::invalid(format!("unknown consistency {name:?}: give \"strong\" or \"bounded\""))
        })
    }
}

/// How fresh a read must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Freshness {
    /// The promise; where none is asked for, strong on stores that answer in microseconds (a directory), and
    /// bounded over HTTP.
    pub consistency: Option<Consistency>,
    /// The `seq` of an acknowledgement, by whatever process: the read waits until it sees that entry.
    pub min_seq: Option<u64>,
}

/// How long a read waits for its `min_seq`.
const MOST_WAIT: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

impl Core {
    /// The consistency that a read gets.
    pub(super) fn consistency(&self, fresh: Freshness) -> Consistency {
        let default =
            if self.store.capabilities().cheap_stat { Consistency::Strong } else { Consistency::Bounded };
        fresh.consistency.unwrap_or(default)
    }

    /// Makes what is shown as fresh as asked.
    pub(super) fn freshen(&self, fresh: Freshness) -> Result<()> {
        if self.is_behind(fresh)? {
            readable(self.catch_up())?;
        }
        fresh.min_seq.map_or(Ok(()), |seq| self.wait_for(seq))
    }

    /// Whether a read has to apply something first. An index that can read no further is as fresh as it gets.
    fn is_behind(&self, fresh: Freshness) -> Result<bool> {
        match self.consistency(fresh) {
            Consistency::Strong if self.shown.damage().is_none() => self.mark.behind(&*self.store, true),
            Consistency::Strong | Consistency::Bounded => Ok(false),
        }
    }

    /// Whether a read can be answered without waiting for the store or for another thread.
    pub(super) fn is_fresh(&self, fresh: Freshness) -> bool {
        let quick = self.store.capabilities().cheap_stat
            || (self.consistency(fresh) == Consistency::Bounded && self.is_own());
        quick
            && self.is_behind(fresh).is_ok_and(|behind| !behind)
            && fresh.min_seq.is_none_or(|seq| seq <= self.shown.index().seq())
    }

    fn wait_for(&self, seq: u64) -> Result<()> {
        let (begun, mut pause) = (self.clock.now(), FIRST_PAUSE);
        loop {
            let at = self.shown.index().seq();
            if at >= seq {
                return Ok(());
            }
            if self.shown.is_dropped() {
                return Err(deleted(&self.name));
            }
            if let Some(error) = self.shown.damage() {
                return Err(error);
            }
            if self.clock.since(begun) >= MOST_WAIT {
                return Err(Error::unavailable(format!(
                    "entry {seq} is not there after {} seconds; the newest is {at}",
                    MOST_WAIT.as_secs()
                )));
            }
            self.catch_up()?;
            if self.shown.index().seq() < seq {
                self.clock.sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}
