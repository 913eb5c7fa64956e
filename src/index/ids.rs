//! Texts by number, and the way back from an id to its slot.
//!
//! Texts are never changed or removed; a compaction begins anew with those of living rows.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use crate::graph::arena::{Arena, ArenaView};

/// Append-only texts, numbered from 0; the writer's side.
pub(super) struct Texts {
    bytes: Arena<u8>,
    ends: Arena<u64>,
}

/// The texts there were when the view was taken.
#[derive(Clone)]
pub(super) struct TextsView {
    bytes: ArenaView<u8>,
    ends: ArenaView<u64>,
}

impl Texts {
    pub(super) fn new() -> Self {
        Self { bytes: Arena::new(), ends: Arena::new() }
    }

    /// Appends a text and returns its number.
    pub(super) fn push(&mut self, text: &str) -> u32 {
        self.bytes.push_slice(text.as_bytes());
        self.ends.push(self.bytes.len() as u64);
        (self.ends.len() - 1) as u32
    }

    /// Bytes of all texts.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes of one text.
    pub(super) fn bytes_of(&self, number: u32) -> usize {
        let (ends, at) = (self.ends.view(), number as usize);
        (ends[at] - if at == 0 { 0 } else { ends[at - 1] }) as usize
    }

    pub(super) fn view(&self) -> TextsView {
        TextsView { bytes: self.bytes.view(), ends: self.ends.view() }
    }
}

impl TextsView {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, number: u32) -> &str {
        let (start, end) = (self.start(number), self.ends[number as usize] as usize);
        std::str::from_utf8(&self.bytes[start..end]).expect("only whole &str are pushed")
    }

    fn start(&self, number: u32) -> usize {
        number.checked_sub(1).map_or(0, |before| self.ends[before as usize] as usize)
    }

    /// Asks the memory for the texts of `numbers`, all at once: they stand anywhere.
    pub(super) fn prefetch(&self, numbers: impl Iterator<Item = u32> + Clone) {
        for number in numbers.clone() {
            self.ends.prefetch(number as usize);
        }
        for number in numbers {
            self.bytes.prefetch(self.start(number));
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.len() + self.ends.len() * size_of::<u64>()
    }
}

/// The slots of living rows by id. It holds slots only: the ids stand in a [`TextsView`] that covers them.
pub(super) struct Lookup {
    slots: HashTable<u32>,
}

fn hash(id: &str) -> u64 {
    xxh3_64(id.as_bytes())
}

impl Lookup {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self { slots: HashTable::with_capacity(rows) }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn find(&self, id: &str, ids: &TextsView) -> Option<u32> {
        self.slots.find(hash(id), |&slot| ids.get(slot) == id).copied()
    }

    /// Points `id` at `slot`, or at nothing; returns where it pointed before.
    pub(super) fn set(&mut self, id: &str, slot: Option<u32>, ids: &TextsView) -> Option<u32> {
        let entry = self.slots.entry(hash(id), |&other| ids.get(other) == id, |&other| hash(ids.get(other)));
        match (entry, slot) {
            (hashbrown::hash_table::Entry::Occupied(mut at), Some(slot)) => {
                Some(std::mem::replace(at.get_mut(), slot))
            }
            (hashbrown::hash_table::Entry::Occupied(at), None) => Some(at.remove().0),
            (hashbrown::hash_table::Entry::Vacant(at), Some(slot)) => {
                at.insert(slot);
                None
            }
            (hashbrown::hash_table::Entry::Vacant(_), None) => None,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.slots.capacity() * (size_of::<u32>() + 1)
    }
}
