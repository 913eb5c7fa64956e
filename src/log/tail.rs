//! The entries that no snapshot of ours covers: what opening the index will have to replay.
//!
//! It counts; what follows from the counts is in `checkpoint.rs`.

use std::collections::VecDeque;
use std::time::Duration;

/// The entries after the newest snapshot.
#[derive(Debug, Default)]
pub(super) struct Tail {
    entries: VecDeque<Entry>,
    bytes: u64,
    replay: Duration,
    /// The last COMPACT among them.
    compacted: Option<u64>,
}

#[derive(Debug)]
struct Entry {
    seq: u64,
    bytes: u64,
    replay: Duration,
}

impl Tail {
    /// Adds an applied entry, and how long applying it took; `compacts` says that it is a COMPACT.
    pub(super) fn push(&mut self, seq: u64, bytes: u64, replay: Duration, compacts: bool) {
        if compacts {
            self.compacted = Some(seq);
        }
        self.entries.push_back(Entry { seq, bytes, replay });
        self.bytes += bytes;
        self.replay += replay;
    }

    /// Adds to the time of the last entry.
    pub(super) fn work(&mut self, time: Duration) {
        if let Some(last) = self.entries.back_mut() {
            last.replay += time;
            self.replay += time;
        }
    }

    /// Forgets the entries that a snapshot at `seq` covers.
    pub(super) fn cover(&mut self, seq: u64) {
        self.compacted = self.compacted.filter(|&at| at > seq);
        while let Some(&Entry { seq: at, bytes, replay }) = self.entries.front()
            && at <= seq
        {
            self.entries.pop_front();
            self.bytes -= bytes;
            self.replay -= replay;
        }
    }

    /// Whether a COMPACT is among them: each who opens the index copies its rows and builds its graph again.
    pub(super) fn is_compacted(&self) -> bool {
        self.compacted.is_some()
    }

    pub(super) fn entries(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn replay(&self) -> Duration {
        self.replay
    }
}
