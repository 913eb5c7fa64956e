//! What must hold of each write by itself (I1, I2, I3), told at the step that breaks it.

use vectord::frame;
use vectord::store::{Key, Store};

use super::NAME;
use super::counts::Event;
use super::world::World;

impl World {
    fn watched(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if self.watches && !holds {
            self.violated(what());
        }
    }

    pub(super) fn created(&mut self, key: &Key, bytes: &[u8]) {
        match frame::parse_key(key.as_str()) {
            Some(frame::Key::Log { seq, .. }) => {
                let end = self.log.len() as u64;
                if seq == end + 1 {
                    self.log.push(bytes.to_vec());
                } else if seq <= end {
                    self.counts.note(Event::Revived);
                } else {
                    self.violated(format!("entry {seq} was created while the log ends at {end}"));
                }
            }
            Some(frame::Key::Snapshot { seq, .. }) => {
                self.counts.note(Event::Checkpoint);
                let end = self.log.len() as u64;
                self.watched(seq <= end, || {
                    format!("a snapshot of {seq} was written, the log ends at {end}")
                });
                self.same_snapshot(key, bytes);
                self.snapshots.entry(seq).or_insert_with(|| bytes.to_vec());
            }
            Some(frame::Key::Floor { n, .. }) => self.floor_rises(n, bytes),
            _ => {}
        }
    }

    pub(super) fn same_snapshot(&mut self, key: &Key, bytes: &[u8]) {
        if let Some(frame::Key::Snapshot { seq, .. }) = frame::parse_key(key.as_str()) {
            let same = self.snapshots.get(&seq).is_none_or(|first| first == bytes);
            self.watched(same, || format!("two processes wrote different snapshots of {seq}"));
        }
    }

    /// I2: a verified snapshot at or above the floor exists, and floors grow.
    fn floor_rises(&mut self, number: u64, bytes: &[u8]) {
        let seq = frame::decode_floor(bytes).expect("a floor of ours").floor_seq;
        let last = self.floors.last().copied().unwrap_or(0);
        let next = number == self.floors.len() as u64 + 1;
        self.watched(next && seq > last, || format!("floor {number} at {seq} after the last at {last}"));
        let covered = self.snapshots.range(seq..).any(|(seq, _)| {
            let key = Key::parse(frame::snapshot_key(NAME, *seq)).expect("a key of ours");
            self.objects
                .get(&key)
                .expect("memory answers")
                .is_some_and(|bytes| frame::decode_snapshot(&bytes).is_ok())
        });
        self.watched(covered, || format!("floor {number} at {seq}, and no snapshot at or above it"));
        self.floors.push(seq);
    }

    /// I2 and I3: only what is below a published floor is deleted, and floors never.
    pub(super) fn delete(&mut self, key: &Key) {
        let floor = self.floors.last().copied().unwrap_or(0);
        let may = match frame::parse_key(key.as_str()) {
            Some(frame::Key::Log { seq, .. }) => {
                self.counts.note(Event::EntryDeleted);
                seq <= floor
            }
            Some(frame::Key::Snapshot { seq, .. }) => seq < floor,
            _ => false,
        };
        self.watched(may, || format!("{key} was deleted with the floor at {floor}"));
        self.objects.delete(key).expect("memory deletes");
    }
}
