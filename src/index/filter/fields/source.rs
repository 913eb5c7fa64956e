//! The records of a view in two lists: what rows were added with, and what they were given later.
//!
//! A row's number in the first list is its slot, so sets of these need no mapping.

use super::super::path::Path;
use crate::index::view::View;

/// One of the lists of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Rows,
    Updates,
}

impl Source {
    pub(super) fn length(self, view: &View) -> usize {
        match self {
            Self::Rows => view.records.first.len(),
            Self::Updates => view.records.updates.len(),
        }
    }

    pub(super) fn slot(self, view: &View, record: u32) -> u32 {
        match self {
            Self::Rows => record,
            Self::Updates => view.records.updates[record as usize].slot,
        }
    }

    /// The metadata that the record gave its row.
    pub(super) fn text(self, view: &View, record: u32) -> Option<&str> {
        let number = match self {
            Self::Rows => view.records.first[record as usize],
            Self::Updates => view.records.updates[record as usize].number,
        };
        number.checked_sub(1).map(|number| view.metadata.get(number))
    }
}

/// One field, in both lists.
#[derive(Debug, Clone, Default)]
pub(super) struct Field {
    pub(super) rows: super::column::Column,
    pub(super) updates: super::column::Column,
}

impl Field {
    pub(super) fn column(&self, source: Source) -> &super::column::Column {
        match source {
            Source::Rows => &self.rows,
            Source::Updates => &self.updates,
        }
    }

    /// Covers all records of `view`; false if that takes more bytes than `limit`, and it must be dropped.
    pub(super) fn extend(&mut self, view: &View, path: &Path, limit: usize) -> bool {
        let end = |source: Source| source.length(view) as u32;
        self.rows.extend(end(Source::Rows), path.text(), |at| Source::Rows.text(view, at), limit) && {
            let room = limit.saturating_sub(self.rows.bytes());
            self.updates.extend(end(Source::Updates), path.text(), |at| Source::Updates.text(view, at), room)
        }
    }

    pub(super) fn covers(&self, view: &View) -> bool {
        [Source::Rows, Source::Updates]
            .iter()
            .all(|&source| self.column(source).covered() as usize >= source.length(view))
    }

    pub(super) fn bytes(&self) -> usize {
        self.rows.bytes() + self.updates.bytes()
    }
}
