//! Append-only memory with one writer and any number of readers who never wait for it.
//!
//! The writer pushes into an [`Arena`]; a reader holds an [`ArenaView`], which ends at the length at
//! which it was taken. Elements below a published length never change, so readers share the very
//! buffer the writer goes on filling. An outgrown buffer is copied to one with room for twice what it has to
//! hold, so that little that follows much is not copied with it; older views keep the older one alive. Handing a view to another thread is the caller's part, and must
//! synchronise (a channel, a lock, an `ArcSwap`), as for any value.

use std::cell::UnsafeCell;
use std::fmt;
use std::mem::MaybeUninit;
use std::ops::Deref;

use super::sync::{Arc, Watch};

/// Where an arena's first element stands: rows of whole cache lines then touch no line twice.
const ALIGNMENT: usize = 64;

struct Buffer<T> {
    cells: Box<[UnsafeCell<MaybeUninit<T>>]>,
    /// The first cell in use, on a multiple of [`ALIGNMENT`].
    start: usize,
    watch: Watch,
}

// SAFETY: a cell is written by the one Arena before any view covers it and only read afterwards; T
// itself may be sent to and shared between threads.
unsafe impl<T: Send + Sync> Sync for Buffer<T> {}

impl<T: Copy> Buffer<T> {
    fn new(capacity: usize) -> Self {
        let spare = if size_of::<T>() == 0 { 0 } else { ALIGNMENT / size_of::<T>() };
        let mut cells = Vec::with_capacity(capacity + spare);
        super::pages::advise(cells.spare_capacity_mut());
        cells.resize_with(capacity + spare, || UnsafeCell::new(MaybeUninit::uninit()));
        let cells = cells.into_boxed_slice();
        let start = cells.as_ptr().align_offset(ALIGNMENT);
        Self { cells, start: if start <= spare { start } else { 0 }, watch: Watch::new(capacity) }
    }

    fn capacity(&self) -> usize {
        if size_of::<T>() == 0 { usize::MAX } else { self.cells.len() - ALIGNMENT / size_of::<T>() }
    }

    /// The first `length` elements.
    ///
    /// # Safety
    /// They must have been written, and no write to them may follow or run at the same time.
    #[inline]
    unsafe fn slice(&self, length: usize) -> &[T] {
        self.watch.read(0..length);
        let used = &self.cells[self.start..self.start + length];
        // SAFETY: UnsafeCell and MaybeUninit are transparent and the caller vouches that the elements
        // are initialised and no longer written.
        unsafe { std::slice::from_raw_parts(used.as_ptr().cast::<T>(), length) }
    }

    /// Writes `values` from element `at`.
    ///
    /// # Safety
    /// No view may cover these elements, and no other write may run at the same time.
    unsafe fn write(&self, at: usize, values: &[T]) {
        self.watch.write(at..at + values.len());
        let cells = &self.cells[self.start + at..self.start + at + values.len()];
        for (cell, &value) in cells.iter().zip(values) {
            // SAFETY: the cell is interior-mutable memory of ours that nobody else touches now.
            unsafe { (*cell.get()).write(value) };
        }
    }
}

/// The writer's end.
pub struct Arena<T: Copy + Send + Sync + 'static> {
    buffer: Arc<Buffer<T>>,
    length: usize,
}

impl<T: Copy + Send + Sync + 'static> Arena<T> {
    /// An empty arena.
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// An empty arena that holds `capacity` elements before it first copies.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { buffer: Arc::new(Buffer::new(capacity)), length: 0 }
    }

    /// Elements pushed.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Bytes of the current buffer.
    pub fn capacity_bytes(&self) -> usize {
        std::mem::size_of_val(&*self.buffer.cells)
    }

    /// Appends one element.
    pub fn push(&mut self, value: T) {
        self.push_slice(&[value]);
    }

    /// Appends `values`; views taken before do not see them.
    pub fn push_slice(&mut self, values: &[T]) {
        let length = self.length.checked_add(values.len()).expect("an address space holds no more");
        if length > self.buffer.capacity() {
            let grown = Buffer::new(length.saturating_mul(2));
            // SAFETY: everything below self.length was written by earlier pushes and stays as it is;
            // the new buffer is not shared yet.
            unsafe { grown.write(0, self.buffer.slice(self.length)) };
            self.buffer = Arc::new(grown);
        }
        // SAFETY: views end at or before self.length, and &mut self excludes other writers.
        unsafe { self.buffer.write(self.length, values) };
        self.length = length;
    }

    /// What was pushed so far.
    pub fn view(&self) -> ArenaView<T> {
        ArenaView { buffer: Arc::clone(&self.buffer), length: self.length }
    }
}

impl<T: Copy + Send + Sync + 'static> Default for Arena<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Copy + Send + Sync + 'static> fmt::Debug for Arena<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena").field("len", &self.length).finish_non_exhaustive()
    }
}

/// A reader's end: the elements pushed when it was taken. Cheap to clone.
pub struct ArenaView<T: Copy + Send + Sync + 'static> {
    buffer: Arc<Buffer<T>>,
    length: usize,
}

impl<T: Copy + Send + Sync + 'static> ArenaView<T> {
    /// Asks the memory for element `at`, which will be read soon.
    #[inline]
    pub fn prefetch(&self, at: usize) {
        if let Some(cell) = self.buffer.cells.get(self.buffer.start + at) {
            super::prefetch::address(cell.get());
        }
    }
}

impl<T: Copy + Send + Sync + 'static> Deref for ArenaView<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: Arena::view took the length after those elements were written, and the arena writes
        // at and above its length only.
        unsafe { self.buffer.slice(self.length) }
    }
}

impl<T: Copy + Send + Sync + 'static> Clone for ArenaView<T> {
    fn clone(&self) -> Self {
        Self { buffer: Arc::clone(&self.buffer), length: self.length }
    }
}

impl<T: Copy + Send + Sync + 'static> fmt::Debug for ArenaView<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArenaView").field("len", &self.length).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(vectord_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_view_keeps_what_it_saw_while_the_arena_grows() {
        let mut arena = Arena::new();
        let mut views = Vec::new();
        for round in 0..200_u32 {
            arena.push_slice(&vec![round; round as usize % 7]);
            arena.push(round);
            views.push((arena.len(), arena.view()));
        }
        let whole: Vec<u32> = arena.view().to_vec();
        for (length, view) in views {
            assert_eq!(&view[..], &whole[..length]);
            assert_eq!(view.as_ptr().align_offset(ALIGNMENT), 0);
        }
    }
}

#[cfg(all(test, vectord_loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Mutex;
    use loom::thread;

    #[test]
    fn loom_readers_see_whole_elements_while_the_writer_pushes_and_grows() {
        loom::model(|| {
            let mut arena = Arena::with_capacity(2);
            arena.push(1_u32);
            let published = Arc::new(Mutex::new(arena.view()));
            let reader = {
                let published = Arc::clone(&published);
                thread::spawn(move || {
                    let view = published.lock().unwrap().clone();
                    let expected: Vec<u32> = (1..).take(view.len()).collect();
                    assert_eq!(&view[..], &expected[..]);
                })
            };
            for next in [2, 3] {
                arena.push(next);
                *published.lock().unwrap() = arena.view();
            }
            reader.join().unwrap();
        });
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_catches_a_length_published_before_its_elements() {
        loom::model(|| {
            let mut arena = Arena::with_capacity(2);
            arena.push(1_u32);
            let published = Arc::new(Mutex::new(arena.view()));
            let reader = {
                let published = Arc::clone(&published);
                thread::spawn(move || {
                    let view = published.lock().unwrap().clone();
                    // Only the watch is asked, so that the broken order stays free of real undefined behaviour.
                    view.buffer.watch.read(0..view.length);
                })
            };
            *published.lock().unwrap() = ArenaView { length: 2, ..arena.view() };
            arena.push(2);
            reader.join().unwrap();
        });
    }
}
