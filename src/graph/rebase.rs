//! Moving the first rows to a base that holds the same bits: the memory they stood in is given back.
//!
//! Comparing and copying need nobody's lock; only the change itself is the writer's. Views taken before go
//! on where they are, and keep what they read.

use std::sync::Arc;

use super::arena::Arena;
use super::base::Base;
use super::rows::{Rows, RowsView};

/// Rows as they will stand, made from a view.
#[derive(Debug)]
pub struct Rebased {
    origin: Arc<()>,
    base: Base,
    /// The values of the view that follow the base.
    vectors: Arena<f32>,
}

impl RowsView {
    /// These rows with the first of them in `base`.
    ///
    /// `None` unless `base` holds the first rows of the view, bit for bit, and no fewer than stand in a base now.
    pub fn rebased(&self, base: Base) -> Option<Rebased> {
        let [before, own] = self.vectors();
        let covers = base.len() >= before.len()
            && base.len() <= before.len() + own.len()
            && base.len().is_multiple_of(self.space().dimension());
        if !covers {
            return None;
        }
        let (first, second) = base.split_at(before.len());
        if !is_same(first, before) || !is_same(second, &own[..second.len()]) {
            return None;
        }
        let rest = &own[second.len()..];
        let mut vectors = Arena::with_capacity(rest.len());
        vectors.push_slice(rest);
        Some(Rebased { origin: Arc::clone(&self.origin), base, vectors })
    }

    /// The values from the `at`-th on.
    fn from(&self, at: usize) -> [&[f32]; 2] {
        let [before, own] = self.vectors();
        [before.get(at..).unwrap_or_default(), &own[at.saturating_sub(before.len())..]]
    }
}

impl Rows {
    /// Stands as `to` says from now on; rows pushed since are kept. False, and nothing is changed, if `to` was
    /// made from a view of other rows.
    pub fn rebase(&mut self, to: Rebased) -> bool {
        let Rebased { origin, base, mut vectors } = to;
        if !Arc::ptr_eq(&self.origin, &origin) {
            return false;
        }
        for since in self.view().from(base.len() + vectors.len()) {
            vectors.push_slice(since);
        }
        self.base = Some(base);
        self.vectors = vectors;
        true
    }
}

/// Whether the bits are the same: 0.0 is not -0.0.
fn is_same(a: &[f32], b: &[f32]) -> bool {
    bytemuck::cast_slice::<f32, u8>(a) == bytemuck::cast_slice::<f32, u8>(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{Distance, Space};

    const D: usize = 3;

    fn values(rows: std::ops::Range<u32>) -> Vec<f32> {
        (rows.start * D as u32..rows.end * D as u32).map(|value| value as f32 - 4.0).collect()
    }

    fn rows(count: u32) -> Rows {
        let mut rows = Rows::new(Space::new(Distance::Euclidean, D));
        rows.push(&values(0..count)).unwrap();
        rows
    }

    fn is_whole(view: &RowsView, count: u32) -> bool {
        view.len() == count as usize
            && view.vectors().concat() == values(0..count)
            && (0..count).all(|slot| view.row(slot) == values(slot..slot + 1))
    }

    #[test]
    fn rows_are_the_same_wherever_they_stand() {
        let mut rows = rows(10);
        let first = rows.view();
        let rebased = first.rebased(Base::new(values(0..6), [0; 16])).unwrap();
        rows.push(&values(10..12)).unwrap();
        assert!(rows.rebase(rebased));
        let second = rows.view();
        rows.push(&values(12..20)).unwrap();
        // Two at once: the later one was made from a view that the earlier base outgrew.
        let late = rows.view().rebased(Base::new(values(0..8), [0; 16])).unwrap();
        let whole = rows.view().rebased(Base::new(values(0..20), [0; 16])).unwrap();
        rows.push(&values(20..21)).unwrap();
        assert!(rows.rebase(whole) && rows.rebase(late));
        for (view, count) in [(first, 10), (second, 12), (rows.view(), 21)] {
            assert!(is_whole(&view, count), "{count}");
        }
        assert_eq!(rows.view().vectors()[0].len(), 8 * D);
        assert!(is_whole(
            &Rows::on(rows.view().space(), Base::new(values(0..5), [0; 16])).unwrap().view(),
            5
        ));
    }

    #[test]
    fn a_base_of_other_bits_or_of_other_rows_is_refused() {
        let mut rows = rows(10);
        let mut other = values(0..10);
        // The fifth value is 0.0.
        other[4] = -0.0;
        let mut short = values(0..10);
        short.pop();
        for base in [other, short, values(0..11)] {
            assert!(rows.view().rebased(Base::new(base, [0; 16])).is_none());
        }
        let rebased = rows.view().rebased(Base::new(values(0..10), [0; 16])).unwrap();
        assert!(!self::rows(10).rebase(rebased));
        let all = rows.view().rebased(Base::new(values(0..10), [0; 16])).unwrap();
        assert!(rows.rebase(all));
        assert!(
            rows.view().rebased(Base::new(values(0..9), [0; 16])).is_none(),
            "a row would have to come back"
        );
        assert_eq!(rows.view().bytes(), 10 * size_of::<f32>());
    }
}
