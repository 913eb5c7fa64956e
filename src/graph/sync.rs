//! What loom replaces in this layer: the reference count of an arena's buffer, and a watch over its cells.
//!
//! In ordinary builds [`Watch`] is nothing. Under `--cfg vectord_loom` it holds one loom cell per
//! element, so that a read which a write does not happen before fails the model.

#[cfg(vectord_loom)]
pub(super) use loom::sync::Arc;
#[cfg(not(vectord_loom))]
pub(super) use std::sync::Arc;

use std::ops::Range;

/// Tells loom which elements of a buffer are read and written.
#[derive(Debug)]
pub(super) struct Watch {
    #[cfg(vectord_loom)]
    cells: Vec<loom::cell::UnsafeCell<()>>,
}

#[cfg_attr(not(vectord_loom), allow(clippy::unused_self))]
impl Watch {
    pub(super) fn new(length: usize) -> Self {
        #[cfg(not(vectord_loom))]
        let _ = length;
        Self {
            #[cfg(vectord_loom)]
            cells: (0..length).map(|_| loom::cell::UnsafeCell::new(())).collect(),
        }
    }

    #[inline]
    pub(super) fn read(&self, range: Range<usize>) {
        #[cfg(not(vectord_loom))]
        let _ = range;
        #[cfg(vectord_loom)]
        self.cells[range].iter().for_each(|cell| cell.with(|_| ()));
    }

    #[inline]
    pub(super) fn write(&self, range: Range<usize>) {
        #[cfg(not(vectord_loom))]
        let _ = range;
        #[cfg(vectord_loom)]
        self.cells[range].iter().for_each(|cell| cell.with_mut(|_| ()));
    }
}
