//! The vectors by slot, with their inverse norms: exact f32, in log order.
//!
//! The first of them may stand in a [`Base`] of another's, the rest in memory of our own. Where a row stands
//! may change (`rebase.rs`), its bits never do. Ids, metadata and which slots are alive belong to the index.

use std::sync::Arc;

use super::arena::{Arena, ArenaView};
use super::base::Base;
use crate::error::{Error, Part, Result};
use crate::metric::Space;

/// The writer's end of the rows.
#[derive(Debug)]
pub struct Rows {
    pub(super) space: Space,
    /// Which rows these are: views of the same rows share it.
    pub(super) origin: Arc<()>,
    /// Whole rows, before those in `vectors`.
    pub(super) base: Option<Base>,
    pub(super) vectors: Arena<f32>,
    inverse_norms: Arena<f32>,
}

impl Rows {
    /// No rows of `space`.
    pub fn new(space: Space) -> Self {
        Self::with_capacity(space, 0)
    }

    /// No rows of `space`, and room for `rows` before any is copied. Room not used takes no memory.
    pub fn with_capacity(space: Space, rows: usize) -> Self {
        let vectors = Arena::with_capacity(rows * space.dimension());
        let inverse_norms = Arena::with_capacity(rows);
        Self { space, origin: Arc::default(), base: None, vectors, inverse_norms }
    }

    /// The rows of `base`, which stay there.
    ///
    /// Errors are those of [`Rows::push`].
    pub fn on(space: Space, base: Base) -> Result<Self> {
        let mut rows = Self::new(space);
        rows.inverse_norms.push_slice(&inverse_norms(space, &base)?);
        rows.base = Some(base);
        Ok(rows)
    }

    /// Rows pushed.
    pub fn len(&self) -> usize {
        self.inverse_norms.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.inverse_norms.is_empty()
    }

    /// Appends rows (f32, row-major, `n x dimension`), all or none.
    ///
    /// `InvalidArgument` names the first row its distance does not admit, counted from the first of `vectors`.
    pub fn push(&mut self, vectors: &[f32]) -> Result<()> {
        let norms = inverse_norms(self.space, vectors)?;
        self.push_admitted(vectors, &norms);
        Ok(())
    }

    /// Appends rows whose inverse norms `Distance::admit` already returned.
    ///
    /// # Panics
    /// If `vectors` is not one row per inverse norm.
    pub fn push_admitted(&mut self, vectors: &[f32], inverse_norms: &[f32]) {
        assert_eq!(vectors.len(), inverse_norms.len() * self.space.dimension(), "one inverse norm per row");
        self.vectors.push_slice(vectors);
        self.inverse_norms.push_slice(inverse_norms);
    }

    /// The rows pushed so far.
    pub fn view(&self) -> RowsView {
        RowsView {
            space: self.space,
            origin: Arc::clone(&self.origin),
            base: self.base.clone(),
            vectors: self.vectors.view(),
            inverse_norms: self.inverse_norms.view(),
        }
    }
}

/// The inverse norm of each row of `vectors`, if their distance admits them.
fn inverse_norms(space: Space, vectors: &[f32]) -> Result<Vec<f32>> {
    if !vectors.len().is_multiple_of(space.dimension()) {
        return Err(Error::invalid(format!(
            "rows of dimension {} expected, got {} values",
            space.dimension(),
            vectors.len()
        )));
    }
    vectors
        .chunks_exact(space.dimension())
        .enumerate()
        .map(|(at, row)| space.distance().admit(row).map_err(|error| error.at(at, Part::Vector)))
        .collect()
}

/// A reader's end of the rows, as they were when it was taken. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RowsView {
    space: Space,
    pub(super) origin: Arc<()>,
    base: Option<Base>,
    vectors: ArenaView<f32>,
    inverse_norms: ArenaView<f32>,
}

impl RowsView {
    /// The distance and dimension of the rows.
    pub fn space(&self) -> Space {
        self.space
    }

    /// Rows in the view: slots are `0..len`.
    pub fn len(&self) -> usize {
        self.inverse_norms.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.inverse_norms.is_empty()
    }

    /// The vector of `slot`, `dimension` f32 values, bit for bit as pushed.
    #[inline]
    pub fn row(&self, slot: u32) -> &[f32] {
        let dimension = self.space.dimension();
        let from = slot as usize * dimension;
        let base = self.based();
        match from.checked_sub(base.len()) {
            None => &base[from..from + dimension],
            Some(from) => &self.vectors[from..from + dimension],
        }
    }

    /// The inverse norm of `slot`.
    #[inline]
    pub fn inverse_norm(&self, slot: u32) -> f32 {
        self.inverse_norms[slot as usize]
    }

    /// All vectors, row-major: those of the base, then our own. Each piece holds whole rows, and may be empty.
    pub fn vectors(&self) -> [&[f32]; 2] {
        [self.based(), &self.vectors]
    }

    /// Bytes of memory of our own that the vectors and norms take.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.vectors) + size_of_val(&*self.inverse_norms)
    }

    /// Where the first rows stand, if not in memory of our own.
    pub fn base(&self) -> Option<&Base> {
        self.base.as_ref()
    }

    #[inline]
    fn based(&self) -> &[f32] {
        self.base.as_deref().unwrap_or_default()
    }

    /// The sort key between a vector and the row of `slot`.
    #[inline]
    pub fn key_to(&self, query: &[f32], inverse_norm: f32, slot: u32) -> f32 {
        self.space.key(query, inverse_norm, self.row(slot), self.inverse_norm(slot))
    }

    /// The sort key between two rows.
    #[inline]
    pub fn key(&self, a: u32, b: u32) -> f32 {
        self.key_to(self.row(a), self.inverse_norm(a), b)
    }

    /// Asks the memory for the first lines of a row; the processor's own prefetcher streams the rest.
    #[inline]
    pub(super) fn prefetch(&self, slot: u32) {
        super::prefetch::lines(self.row(slot));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Distance;

    #[test]
    fn rows_come_back_bit_for_bit_and_a_bad_batch_leaves_none() {
        let mut rows = Rows::new(Space::new(Distance::Euclidean, 3));
        rows.push(&[1.0, -0.0, 1e-40, 4.0, 5.0, 6.0]).unwrap();
        let before = rows.view();
        let error = rows.push(&[7.0, 8.0, 9.0, f32::NAN, 0.0, 0.0]).unwrap_err();
        assert_eq!(error.to_string(), "items[1]: vector[0] is NaN");
        assert!(rows.push(&[1.0]).is_err());
        assert_eq!(rows.len(), 2);
        assert_eq!(
            before.row(0).iter().map(|v| v.to_bits()).collect::<Vec<_>>(),
            [1.0_f32.to_bits(), (-0.0_f32).to_bits(), 1e-40_f32.to_bits()]
        );
        assert_eq!(before.key(0, 1).to_bits(), before.key(1, 0).to_bits());
    }
}
