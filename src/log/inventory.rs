//! What objects an index has on the store.
//!
//! It lists; it reads nothing but the newest floors.

use super::floor::Floors;
use crate::error::Result;
use crate::frame;
use crate::store::{Store, list_all};

/// The objects of one index.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// Snapshots as (seq, bytes), ascending.
    pub snapshots: Vec<(u64, u64)>,
    /// Entries as (seq, bytes), ascending.
    pub entries: Vec<(u64, u64)>,
    /// The newest floor.
    pub floors: Floors,
    /// How many objects.
    pub objects: usize,
    /// Bytes of all objects.
    pub bytes: u64,
}

impl Inventory {
    /// Lists the objects of `name` and reads its newest floor.
    pub fn take(store: &dyn Store, name: &str) -> Result<Self> {
        let mut inventory = Self::default();
        let mut newest = 0;
        for object in list_all(store, &frame::index_prefix(name))? {
            inventory.objects += 1;
            inventory.bytes += object.size;
            match frame::parse_key(object.key.as_str()) {
                Some(frame::Key::Log { seq, .. }) => inventory.entries.push((seq, object.size)),
                Some(frame::Key::Snapshot { seq, .. }) => inventory.snapshots.push((seq, object.size)),
                Some(frame::Key::Floor { n, .. }) => newest = newest.max(n),
                Some(
                    frame::Key::Quarantined { .. }
                    | frame::Key::QuarantineRecord { .. }
                    | frame::Key::Legacy { .. },
                )
                | None => {}
            }
        }
        inventory.floors = Floors { number: newest.saturating_sub(1), seq: 0 };
        inventory.floors.advance(store, name)?;
        Ok(inventory)
    }

    /// Whether the store holds nothing of this index.
    pub fn is_empty(&self) -> bool {
        self.snapshots.is_empty() && self.entries.is_empty() && self.floors.number == 0
    }
}
