//! What writes answer: small values with names, compared and pickled by value.
//!
//! They say what is true when the call returns: the rows are durable and visible.

// `Added.added` is what Python users read; it counts.
#![allow(clippy::struct_field_names)]

use pyo3::prelude::*;

use crate::registry;

macro_rules! result {
    ($(#[$doc:meta])* $name:ident, $count:ident, $say:literal) => {
        $(#[$doc])*
        #[pyclass(module = "vectord", frozen, eq, hash)]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(super) struct $name {
            /// The entry of the log after which this is true.
            #[pyo3(get)]
            pub(super) seq: u64,
            #[doc = $say]
            #[pyo3(get)]
            pub(super) $count: usize,
            /// Rows in the index after it.
            #[pyo3(get)]
            pub(super) length: usize,
        }

        #[pymethods]
        impl $name {
            #[new]
            fn new(seq: u64, $count: usize, length: usize) -> Self {
                Self { seq, $count, length }
            }

            fn __repr__(&self) -> String {
                let Self { seq, $count, length } = self;
                let (name, count) = (stringify!($name), stringify!($count));
                format!("{name}(seq={seq}, {count}={}, length={length})", $count)
            }

            fn __getnewargs__(&self) -> (u64, usize, usize) {
                (self.seq, self.$count, self.length)
            }
        }

        impl From<registry::$name> for $name {
            fn from(written: registry::$name) -> Self {
                let registry::$name { seq, $count, length } = written;
                Self { seq, $count, length }
            }
        }
    };
}

result! {
    /// The answer of :meth:`Index.add`.
    ///
    /// Attributes
    /// ----------
    /// seq : int
    ///     The entry of the log that holds the rows (the last one, if they went into several).
    /// added : int
    ///     Rows given, new and replaced.
    /// length : int
    ///     Rows in the index after it.
    Added, added, "Rows given, new and replaced."
}

result! {
    /// The answer of :meth:`Index.delete`.
    ///
    /// Attributes
    /// ----------
    /// seq : int
    ///     The entry of the log that holds the deletion.
    /// deleted : int
    ///     Rows that were there.
    /// length : int
    ///     Rows in the index after it.
    Deleted, deleted, "Rows that were there."
}

result! {
    /// The answer of :meth:`Index.set_metadata`.
    ///
    /// Attributes
    /// ----------
    /// seq : int
    ///     The entry of the log that holds the change.
    /// updated : int
    ///     Rows whose metadata was set.
    /// length : int
    ///     Rows in the index after it.
    MetadataSet, updated, "Rows whose metadata was set."
}
