//! What a search and a get return: plain, owned values.
//!
//! They hold nothing of the index, so keeping them keeps no memory of it alive.

/// The rows nearest to one query, nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Hits {
    /// The entry of the log after which the index was searched.
    pub seq: u64,
    /// Whether every living row was compared.
    pub exact: bool,
    /// `min(k, live)` ids.
    pub ids: Vec<Box<str>>,
    /// The distances to them, ascending, exact in f32.
    pub distances: Vec<f32>,
    /// Their metadata as compact JSON text.
    pub metadata: Vec<Option<Box<str>>>,
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
