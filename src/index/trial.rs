//! A search that was answered, to be held against the exact answer among the same rows.
//!
//! Which searches, when, and what becomes of the shares is the registry's business.

use std::sync::{Arc, Weak};

use super::core::Index;
use super::hits::Hits;
use super::include::Include;
use super::options::SearchOptions;
use super::view::View;

/// A search and what it found. It keeps the rows of its view in memory, but not the index.
pub struct Trial {
    index: Weak<Index>,
    view: Arc<View>,
    query: Box<[f32]>,
    inverse_norm: f32,
    options: SearchOptions,
    /// The distances to what was found.
    found: Box<[f32]>,
}

impl Index {
    /// What `hits`, the answer to `query`, can be tried by. `None` if it was exact, or the rows are others by now.
    pub fn trial(self: &Arc<Self>, query: &[f32], options: &SearchOptions, hits: &Hits) -> Option<Trial> {
        let view = self.view.load_full();
        if hits.exact || hits.seq != view.seq {
            return None;
        }
        let inverse_norm = self.params.distance.admit(query).ok()?;
        let options = SearchOptions {
            filter: options.filter.clone(),
            exact: true,
            include: Include::NOTHING,
            ..SearchOptions::new(options.k)
        };
        Some(Trial {
            index: Arc::downgrade(self),
            view,
            query: query.into(),
            inverse_norm,
            options,
            found: hits.distances.as_slice().into(),
        })
    }
}

impl Trial {
    /// Whether the search had a filter.
    pub fn is_filtered(&self) -> bool {
        self.options.filter.as_ref().is_some_and(|filter| !filter.is_empty())
    }

    /// The share of the nearest rows that was found, and how many they are; equally far ones count as found. `None`
    /// if the index is gone, or no row could be found.
    pub fn recall(&self) -> Option<(f64, usize)> {
        let Self { index, view, query, inverse_norm, options, found } = self;
        let truth = index.upgrade()?.search_view(view, query, *inverse_norm, options).distances;
        let farthest = *truth.last()?;
        let hit = found.iter().filter(|&&distance| distance <= farthest).count().min(truth.len());
        Some((hit as f64 / truth.len() as f64, truth.len()))
    }
}
