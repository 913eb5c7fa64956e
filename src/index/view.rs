//! What a search sees: the index exactly as it was after one entry of the log.
//!
//! A view is immutable and whole. Searches take one without a lock and keep it as long as they like. How
//! much of it is attached decides how rows are found, not which rows there are.

use std::sync::Arc;

use super::asking::Query;
use super::former::Former;
use super::hits::Row;
use super::ids::TextsView;
use super::records::RecordsView;
use super::versioned::{SlotSet, Versioned};
use crate::graph::{GraphView, RowsView, shuffle};

/// The state after the entry `seq`.
pub(super) struct View {
    pub(super) seq: u64,
    pub(super) live: usize,
    pub(super) rows: RowsView,
    pub(super) ids: TextsView,
    pub(super) alive: SlotSet,
    /// Per slot the number of its metadata's text plus one; 0 is none.
    pub(super) metadata_of: Versioned<u32>,
    pub(super) metadata: TextsView,
    pub(super) records: RecordsView,
    /// Views with the same have the same rows.
    pub(super) version: u64,
    /// Slots below this are attached when all that is due after `seq` is done.
    pub(super) due: usize,
    /// As far as it was attached when the view was made.
    pub(super) graph: GraphView,
    /// What finds the rows of a compaction that `graph` does not hold all yet.
    pub(super) former: Option<Arc<Former>>,
    /// Living rows that it covers.
    pub(super) former_live: usize,
}

impl View {
    /// Rows due but not attached, and at least 1 while anything is left to do.
    pub(super) fn pending(&self) -> usize {
        let unfinished = usize::from(!self.graph.is_attached_to(self.due));
        (self.due.saturating_sub(self.graph.attached())).max(unfinished)
    }

    /// Due rows that searches scan.
    pub(super) fn backlog(&self) -> usize {
        self.former
            .as_ref()
            .map_or(self.pending(), |former| self.due.saturating_sub(former.covered() as usize))
    }

    /// Whether every search is a scan.
    pub(super) fn has_no_graph(&self) -> bool {
        self.former.is_none() && !self.graph.is_built()
    }

    pub(super) fn id(&self, slot: u32) -> &str {
        self.ids.get(slot)
    }

    pub(super) fn metadata(&self, slot: u32) -> Option<&str> {
        Some(self.metadata.get(self.metadata_number(slot)?))
    }

    fn metadata_number(&self, slot: u32) -> Option<u32> {
        if self.metadata.len() == 0 { None } else { self.metadata_of.get(slot as usize).checked_sub(1) }
    }

    /// Asks the memory for the ids and metadata of `slots`.
    pub(super) fn prefetch(&self, slots: impl Iterator<Item = u32> + Clone) {
        self.ids.prefetch(slots.clone());
        self.metadata.prefetch(slots.filter_map(|slot| self.metadata_number(slot)));
    }

    pub(super) fn row(&self, slot: u32) -> Row {
        Row {
            id: self.id(slot).into(),
            vector: self.vector(slot).into(),
            metadata: self.metadata(slot).map(Into::into),
        }
    }

    pub(super) fn vector(&self, slot: u32) -> &[f32] {
        self.rows.row(slot)
    }

    /// Living rows that ask, at most so many: the same for the same `seed`, while the view has the same rows.
    pub(super) fn sample(&self, most: usize, seed: u64) -> Vec<Query<'_>> {
        let mut slots: Vec<u32> = self.alive.iter().collect();
        shuffle(&mut slots, seed);
        slots.truncate(most);
        slots.into_iter().map(|slot| Query::row(self, slot)).collect()
    }
}
