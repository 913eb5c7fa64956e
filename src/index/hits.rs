//! What a search and a get return: plain, owned values.
//!
//! They hold nothing of the index, so keeping them keeps no memory of it alive.

use std::fmt;
use std::ops::Index;

use crate::graph::Explanation;

/// The rows nearest to one query, nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Hits {
    /// The entry of the log after which the index was searched.
    pub seq: u64,
    /// Whether every living row was compared.
    pub exact: bool,
    /// `min(k, live)` ids.
    pub ids: Ids,
    /// The distances to them, ascending, exact in f32.
    pub distances: Vec<f32>,
    /// Their metadata as compact JSON text; none where the search was not to tell it.
    pub metadata: Vec<Option<Box<str>>>,
    /// Their vectors, `len x dimension` components, if the search was to tell them.
    pub vectors: Option<Vec<f32>>,
    /// What the search did, if it was to say.
    pub explanation: Option<Explanation>,
}

impl Hits {
    /// How many rows were found.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether nothing was found: the index is empty.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// Ids, in one piece of memory.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Ids {
    text: String,
    /// Where each ends in `text`.
    ends: Vec<usize>,
}

impl Ids {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// They in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|at| &self[at])
    }
}

impl Index<usize> for Ids {
    type Output = str;

    fn index(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[start..self.ends[at]]
    }
}

impl<'a> FromIterator<&'a str> for Ids {
    fn from_iter<I: IntoIterator<Item = &'a str>>(ids: I) -> Self {
        const USUAL: usize = 24;
        let ids = ids.into_iter();
        let rows = ids.size_hint().0;
        let (mut text, mut ends) = (String::with_capacity(rows * USUAL), Vec::with_capacity(rows));
        for id in ids {
            text.push_str(id);
            ends.push(text.len());
        }
        Self { text, ends }
    }
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// A stored row, bit for bit as given.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its id.
    pub id: Box<str>,
    /// `dimension` components.
    pub vector: Box<[f32]>,
    /// Compact JSON text.
    pub metadata: Option<Box<str>>,
}
