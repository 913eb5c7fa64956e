//! The walk of `verify`: from the oldest state through every entry and every snapshot, in order.
//!
//! Two states are carried: one replayed from the oldest base, one from the newest snapshot met. They
//! must agree with each snapshot and with each other, byte for byte.

use super::objects::Objects;
use super::read::{get, newest_floor};
use super::report::{Finding, FloorReport};
use super::state::State;
use super::verify::SnapshotReport;
use crate::error::Result;
use crate::frame;
use crate::store::Store;

/// What is known of the furthest state.
pub(super) struct End {
    pub(super) seq: u64,
    pub(super) rows: u64,
    pub(super) digest: Option<String>,
    pub(super) dropped: bool,
}

pub(super) struct Walk<'a> {
    store: &'a dyn Store,
    name: &'a str,
    objects: &'a Objects,
    floor: FloorReport,
    /// Replayed from the oldest base.
    oldest: Option<State>,
    /// Replayed from the newest snapshot met; none while that is the oldest base.
    newest: Option<State>,
    /// Whether the log is there from its first entry.
    from_the_start: bool,
    broken: Vec<Broken>,
    pub(super) snapshots: Vec<SnapshotReport>,
    pub(super) problems: Vec<Finding>,
    pub(super) notes: Vec<Finding>,
    pub(super) end: Option<End>,
}

/// An entry that does not apply.
struct Broken {
    seq: u64,
    finding: Finding,
    /// It is not there at all. Below a snapshot that is what a checkpoint does, and a copy by hand may hold
    /// less than its floor says.
    is_missing: bool,
}

/// Whether the walk goes on; it does not where a checkpoint deletes what is to be read.
type GoOn = bool;

impl<'a> Walk<'a> {
    pub(super) fn new(store: &'a dyn Store, name: &'a str, objects: &'a Objects, floor: u64) -> Self {
        let n = objects.floors.last().copied().unwrap_or(0);
        Self {
            store,
            name,
            objects,
            floor: FloorReport { n, seq: floor },
            from_the_start: false,
            oldest: None,
            newest: None,
            broken: Vec::new(),
            snapshots: Vec::new(),
            problems: Vec::new(),
            notes: Vec::new(),
            end: None,
        }
    }

    /// Walks; none if a checkpoint got in the way.
    pub(super) fn run(mut self) -> Result<Option<Self>> {
        self.garbage()?;
        let Objects { snapshots, entries, .. } = self.objects;
        let first = snapshots.range(self.floor.seq..).next().map(|(&seq, _)| seq);
        let above = entries.range(self.floor.seq + 1..).next().map(|(&seq, _)| seq);
        self.from_the_start =
            self.floor.seq == 0 && first != Some(0) && (first.is_none() || above == Some(1));
        let mut seq = [first, above].into_iter().flatten().min().unwrap_or(1);
        if self.from_the_start {
            seq = 1;
            self.oldest = Some(State::before_all(self.name));
        }
        let stop = [entries.keys().next_back(), snapshots.keys().next_back()].into_iter().flatten().max();
        let stop = stop.copied().unwrap_or(0);
        while seq <= stop {
            if seq > 0 && (self.oldest.is_some() || entries.contains_key(&seq)) && !self.entry(seq)? {
                return Ok(None);
            }
            if snapshots.contains_key(&seq) && !self.snapshot(seq)? {
                return Ok(None);
            }
            let next = |seen: Option<u64>| seen.unwrap_or(stop + 1);
            seq = if self.oldest.is_some() {
                seq + 1
            } else {
                let entry = entries.range(seq + 1..).next().map(|(&seq, _)| seq);
                next(entry).min(next(snapshots.range(seq + 1..).next().map(|(&seq, _)| seq)))
            };
        }
        self.conclude()?;
        Ok(Some(self))
    }

    /// What lies below the floor waits for deletion and is no part of the state.
    fn garbage(&mut self) -> Result<()> {
        let (name, floor) = (self.name, self.floor.seq);
        let entries = self.objects.entries.range(..=floor).filter(|_| floor > 0);
        let snapshots = self.objects.snapshots.range(..floor);
        let keys = entries
            .map(|(&seq, _)| frame::log_key(name, seq))
            .chain(snapshots.map(|(&seq, _)| frame::snapshot_key(name, seq)));
        for key in keys.collect::<Vec<_>>() {
            let Some(bytes) = get(self.store, key.clone())? else { continue };
            let decoded = match frame::parse_key(&key) {
                Some(frame::Key::Snapshot { .. }) => frame::decode_snapshot(&bytes).map(drop),
                _ => frame::decode_entry(&bytes).map(drop),
            };
            let state = decoded.map_or_else(|error| format!("damaged: {error}"), |()| "sound".to_owned());
            let what = format!("below the floor {floor}: the next checkpoint deletes it ({state})");
            self.notes.push(Finding::new(key, what));
        }
        Ok(())
    }

    fn entry(&mut self, seq: u64) -> Result<GoOn> {
        if seq <= self.floor.seq && self.oldest.is_none() {
            return Ok(true);
        }
        let key = frame::log_key(self.name, seq);
        let Some(bytes) = get(self.store, key.clone())? else {
            if self.raised()?.seq >= seq {
                return Ok(self.skip());
            }
            let finding = Finding::new(key, "the entry is missing, though later objects are there");
            self.broken.push(Broken { seq, finding, is_missing: true });
            self.stop()?;
            return Ok(true);
        };
        let (mut decoded, mut failed) = (false, None);
        for state in [&mut self.oldest, &mut self.newest].into_iter().flatten() {
            decoded = true;
            if let Err(error) = state.apply(&bytes) {
                failed = Some(error);
            }
        }
        if !decoded {
            failed = frame::decode_entry(&bytes).err();
        }
        if let Some(error) = failed {
            self.broken.push(Broken {
                seq,
                finding: Finding::new(key, error.to_string()),
                is_missing: false,
            });
            self.stop()?;
        }
        Ok(true)
    }

    /// The floor by now.
    fn raised(&mut self) -> Result<FloorReport> {
        self.floor = newest_floor(self.store, self.name, self.floor)?;
        Ok(self.floor)
    }

    /// A checkpoint deleted what was to be read: the walk goes on at the snapshot it left, if that is listed.
    fn skip(&mut self) -> GoOn {
        (self.oldest, self.newest) = (None, None);
        self.objects.snapshots.contains_key(&self.floor.seq)
    }

    /// Replaying ends here; a later snapshot may begin it again.
    fn stop(&mut self) -> Result<()> {
        let reached = self.newest.take().or(self.oldest.take());
        self.oldest = None;
        if let Some(state) = reached {
            self.end = Some(End::of(&state)?);
        }
        Ok(())
    }

    fn snapshot(&mut self, seq: u64) -> Result<GoOn> {
        let key = frame::snapshot_key(self.name, seq);
        let Some(bytes) = get(self.store, key.clone())? else {
            if self.raised()?.seq > seq {
                return Ok(self.skip());
            }
            self.problems.push(Finding::new(key, "the snapshot was listed and is not there"));
            return Ok(true);
        };
        let mut report =
            SnapshotReport { seq, bytes: bytes.len() as u64, ok: false, rows: None, digest: None };
        match State::restore(self.name, &bytes) {
            Err(error) => self.problems.push(Finding::new(key, error.to_string())),
            Ok(state) => {
                let digest = frame::hex(frame::snapshot_digest(&bytes)?);
                let mut wrong = |what: String| self.problems.push(Finding::new(key.as_str(), what));
                if state.position.seq != seq {
                    wrong(format!("it says it is the state at entry {}", state.position.seq));
                }
                let again = state.digest()?;
                if again.as_ref() != Some(&digest) {
                    wrong(format!("opened and written again it has another digest: {again:?}, not {digest}"));
                }
                for replayed in [&self.oldest, &self.newest].into_iter().flatten() {
                    let there = replayed.digest()?;
                    if there.as_ref() != Some(&digest) {
                        let there = there.unwrap_or_default();
                        wrong(format!(
                            "the log up to here gives the state {there}, the snapshot holds {digest}"
                        ));
                    }
                }
                (report.ok, report.rows, report.digest) = (true, Some(state.rows()), Some(digest));
                if self.oldest.is_some() { self.newest = Some(state) } else { self.oldest = Some(state) }
            }
        }
        self.snapshots.push(report);
        Ok(true)
    }

    fn conclude(&mut self) -> Result<()> {
        let (oldest, newest) = (self.oldest.take(), self.newest.take());
        if let (Some(oldest), Some(newest)) = (&oldest, &newest)
            && oldest.digest()? != newest.digest()?
        {
            let what = "the oldest state and the newest snapshot, each with the log after it, differ";
            self.problems.push(Finding::new(frame::index_prefix(self.name), what));
        }
        if let Some(state) = newest.or(oldest) {
            self.end = Some(End::of(&state)?);
        }
        let covering =
            self.snapshots.iter().filter(|snapshot| snapshot.ok).map(|snapshot| snapshot.seq).max();
        if covering.is_none() && !self.from_the_start {
            let what = "no snapshot verifies, and the log is not there from its first entry";
            self.problems.push(Finding::new(frame::snapshot_prefix(self.name), what));
        }
        for Broken { seq, mut finding, is_missing } in std::mem::take(&mut self.broken) {
            if let Some(snapshot) = covering.filter(|&snapshot| snapshot >= seq) {
                let quarantined = self.objects.quarantined.contains(&seq);
                let covered = match (quarantined, is_missing) {
                    (true, _) => "the operator set it aside, going on from snapshot",
                    (false, true) => "what it did is held by snapshot",
                    (false, false) => "opening does not read it, because it is covered by snapshot",
                };
                finding.what = format!("{}; {covered} {snapshot}", finding.what);
                if quarantined || is_missing {
                    self.notes.push(finding);
                    continue;
                }
            }
            self.problems.push(finding);
        }
        Ok(())
    }
}

impl End {
    fn of(state: &State) -> Result<Self> {
        Ok(Self {
            seq: state.position.seq,
            rows: state.rows(),
            digest: state.digest()?,
            dropped: state.replay.index.is_none() && state.replay.dropped.is_some(),
        })
    }
}
