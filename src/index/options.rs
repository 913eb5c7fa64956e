//! How to search: what a caller may ask for, checked.
//!
//! What is left open is decided per view, in `search.rs`.

use std::ops::RangeInclusive;

use super::filter::Filter;
use super::include::Include;
use crate::error::{Error, Result};

/// What [`SearchOptions::recall`] may be.
pub const RECALLS: RangeInclusive<f64> = 0.5..=0.999;

/// How to search.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchOptions {
    /// How many rows to return, at least 1; fewer come back only where fewer live, pass or are within reach.
    pub k: usize,
    /// The candidate list's length; `None` takes the index's. Values below `k` count as `k`.
    pub ef: Option<usize>,
    /// The mean recall@k that the answers are to have, [`RECALLS`]: `ef` is chosen for it by what rows of the index find
    /// that ask; where no `ef` is enough, every row is compared. Not together with `ef`.
    pub recall: Option<f64>,
    /// Compare every living row, or every one that passes the filter.
    pub exact: bool,
    /// Only rows that pass it are found.
    pub filter: Option<Filter>,
    /// Only rows at most so far are found, and all of them up to `k`; every row is compared.
    pub within: Option<f32>,
    /// Say what the search did ([`Hits::explanation`](super::Hits)).
    pub explain: bool,
    /// What of the rows is told beside their ids.
    pub include: Include,
}

impl SearchOptions {
    /// The `k` nearest rows at the index's own `ef_search`, with their metadata.
    pub fn new(k: usize) -> Self {
        Self {
            k,
            ef: None,
            recall: None,
            exact: false,
            filter: None,
            within: None,
            explain: false,
            include: Include::default(),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.k == 0 {
            return Err(Error::invalid("k must be at least 1, got 0"));
        }
        if self.ef == Some(0) {
            return Err(Error::invalid("ef must be at least 1, got 0"));
        }
        if let Some(recall) = self.recall {
            if self.ef.is_some() {
                return Err(Error::invalid("give ef or recall, not both"));
            }
            if !RECALLS.contains(&recall) {
                let (least, most) = (RECALLS.start(), RECALLS.end());
                return Err(Error::invalid(format!(
                    "recall must be within {least} to {most} (exact finds all), got {recall}"
                )));
            }
        }
        if self.within.is_some_and(f32::is_nan) {
            return Err(Error::invalid("within must be a number, got NaN"));
        }
        Ok(())
    }
}
