//! Rows by what they are, not by what they are near to: counted, listed in pages, or named.
//!
//! Which rows pass a filter is told in `filter/fields/`.

use std::sync::Arc;

use super::core::Index;
use super::filter::{Filter, Matches};
use super::hits::Row;
use super::view::View;
use crate::error::{Error, Result};

/// Some rows of a listing.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The entry of the log after which the index was looked at.
    pub seq: u64,
    /// Ascending by the bytes of their ids.
    pub rows: Vec<Row>,
    /// Whether there are rows after these: ask for those after the id of the last.
    pub more: bool,
}

impl Index {
    /// How many living rows pass `filter`.
    pub fn count(&self, filter: &Filter) -> usize {
        let view = self.view.load_full();
        if filter.is_empty() { view.live } else { self.matches(&view, filter).count() }
    }

    /// The first `limit` rows, of those that pass `filter`, whose ids are greater than `after`.
    ///
    /// Rows come in the order of the bytes of their ids. So going on after the last id meets every row that was
    /// there all the while once, whatever is written or compacted meanwhile.
    pub fn scan(&self, filter: Option<&Filter>, after: Option<&str>, limit: usize) -> Page {
        let view = self.view.load_full();
        let matches = filter.filter(|filter| !filter.is_empty()).map(|filter| self.matches(&view, filter));
        let matches = matches.as_deref();
        let count = matches.map_or(view.live, Matches::count);
        // Walking along the order meets a match every `slots / count` steps; gathering meets each match.
        let is_walk_sooner = limit.saturating_mul(view.rows.len()) < count.saturating_mul(count);
        let order = if is_walk_sooner { self.order(&view) } else { None };
        let mut slots: Vec<u32> = match order {
            Some(order) => {
                let passes =
                    |slot: &u32| matches.map_or(view.alive.contains(*slot), |all| all.contains(*slot));
                order.after(&view, after).filter(passes).take(limit.saturating_add(1)).collect()
            }
            None => first_after(&view, matches, after, limit.saturating_add(1)),
        };
        let more = slots.len() > limit;
        slots.truncate(limit);
        let rows = slots.into_iter().map(|slot| view.row(slot)).collect();
        Page { seq: view.seq, rows, more }
    }

    /// The ids of the rows that pass `filter`, oldest first, and the entry of the log after which they did.
    pub fn ids_matching(&self, filter: &Filter) -> (u64, Vec<Box<str>>) {
        let view = self.view.load_full();
        let ids = self.matches(&view, filter).iter().map(|slot| view.id(slot).into()).collect();
        (view.seq, ids)
    }

    /// The distinct values of the metadata field at `path` (names joined by dots) and how many living rows have
    /// each, most frequent first, equally frequent ones in their order; `limit` at most.
    ///
    /// Values are null, booleans, numbers and strings, in this order; of a list each of its scalars counts, once
    /// per row. Numbers that are equal are one, `1.0` is told as `1`.
    pub fn values(&self, path: &str, limit: usize) -> Result<Vec<(serde_json::Value, usize)>> {
        let view: Arc<View> = self.view.load_full();
        let values = self.field_values(&view, path, limit);
        values.ok_or_else(|| Error::invalid(format!("give names of fields joined by dots, got {path:?}")))
    }
}

/// The slots of the first `limit` rows of `matches`, or of all, whose ids are greater than `after`, by id.
fn first_after(view: &View, matches: Option<&Matches>, after: Option<&str>, limit: usize) -> Vec<u32> {
    let mut slots: Vec<u32> = match matches {
        Some(matches) => matches.iter().collect(),
        None => view.alive.iter().collect(),
    };
    if let Some(after) = after {
        slots.retain(|&slot| view.id(slot) > after);
    }
    if slots.len() > limit {
        slots.select_nth_unstable_by_key(limit, |&slot| view.id(slot));
        slots.truncate(limit);
    }
    slots.sort_unstable_by_key(|&slot| view.id(slot));
    slots
}
