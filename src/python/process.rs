//! Values that belong to the process that made them, and how they end.
//!
//! In a forked child the threads behind an inherited value do not exist: joining one would wait for ever,
//! so there it is forgotten. Elsewhere it ends without holding up the interpreter, since it may do I/O.

use pyo3::prelude::*;

/// A value and the process it belongs to.
pub(super) struct Own<T: Send> {
    pid: u32,
    value: Option<T>,
}

impl<T: Send> Own<T> {
    pub(super) fn new(value: T) -> Self {
        Self { pid: std::process::id(), value: Some(value) }
    }

    /// The value, unless this is another process.
    pub(super) fn get(&self) -> Option<&T> {
        self.value.as_ref().filter(|_| self.pid == std::process::id())
    }

    /// The value, also in a child of its process: for what takes none of the process's threads and locks.
    pub(super) fn inherited(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// Takes the value out, unless this is another process.
    pub(super) fn into_inner(mut self) -> Option<T> {
        if self.pid == std::process::id() { self.value.take() } else { None }
    }
}

impl<T: Send> Drop for Own<T> {
    fn drop(&mut self) {
        let Some(value) = self.value.take() else { return };
        if self.pid != std::process::id() {
            std::mem::forget(value);
            return;
        }
        let mut value = Some(value);
        // No interpreter is there any more while it ends.
        Python::try_attach(|py| py.detach(|| drop(value.take())));
    }
}
