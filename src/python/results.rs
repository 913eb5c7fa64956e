//! What writes answer: small values with names, compared and pickled by value.
//!
//! They say what is true when the call returns. What cannot be known then is None: under
//! ``durability="async"`` a write has no entry yet.

// `Added.added` is what Python users read; it counts.
#![allow(clippy::struct_field_names)]

use pyo3::prelude::*;

use crate::{client, registry};

macro_rules! result {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[pyclass(module = "vectord", frozen, eq, hash)]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(super) struct $name {
            $($(#[$about])* #[pyo3(get)] pub(super) $field: $type,)*
        }

        #[pymethods]
        impl $name {
            #[new]
            fn new($($field: $type),*) -> Self {
                Self { $($field),* }
            }

            fn __repr__(&self) -> String {
                let fields = [$(format!("{}={}", stringify!($field), self.$field.shown())),*];
                format!("{}({})", stringify!($name), fields.join(", "))
            }

            fn __getnewargs__(&self) -> ($($type,)*) {
                ($(self.$field,)*)
            }
        }
    };
}

/// A field as `repr` has it.
trait Shown {
    fn shown(&self) -> String;
}

impl Shown for usize {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Shown for u64 {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl<T: Shown> Shown for Option<T> {
    fn shown(&self) -> String {
        self.as_ref().map_or_else(|| "None".to_owned(), Shown::shown)
    }
}

result! {
    /// The answer of :meth:`Index.add`.
    ///
    /// Attributes
    /// ----------
    /// seq : int or None
    ///     The entry of the log that holds the rows (the last one, if they went into several): what a reader
    ///     in another process gives as ``min_seq``. None under ``durability="async"``: it is not known yet.
    /// added : int
    ///     Rows given, new and replaced.
    /// length : int
    ///     Rows in the index after it; under ``durability="async"``, those that are visible now.
    Added {
        /// The entry of the log that holds the rows; None while they are queued.
        seq: Option<u64>,
        /// Rows given, new and replaced.
        added: usize,
        /// Rows in the index after it.
        length: usize,
    }
}

result! {
    /// The answer of :meth:`Index.add_batches`.
    ///
    /// Attributes
    /// ----------
    /// seq : int
    ///     The entry of the log after which every batch is in.
    /// batches : int
    ///     Batches given.
    /// resumed : int
    ///     How many of them were in already, from an earlier run of the same job.
    /// added : int
    ///     Rows given, new, replaced and resumed.
    /// length : int
    ///     Rows in the index now.
    BatchesAdded {
        /// The entry of the log after which every batch is in.
        seq: u64,
        /// Batches given.
        batches: usize,
        /// How many of them were in already, from an earlier run of the same job.
        resumed: usize,
        /// Rows given, new, replaced and resumed.
        added: usize,
        /// Rows in the index now.
        length: usize,
    }
}

result! {
    /// The answer of :meth:`Index.delete`.
    ///
    /// Attributes
    /// ----------
    /// seq : int or None
    ///     The entry of the log that holds the deletion; None under ``durability="async"``.
    /// deleted : int or None
    ///     Rows that were there; None under ``durability="async"``: nobody has looked yet.
    /// length : int
    ///     Rows in the index after it; under ``durability="async"``, those that are visible now.
    Deleted {
        /// The entry of the log that holds the deletion; None while it is queued.
        seq: Option<u64>,
        /// Rows that were there; None while it is queued.
        deleted: Option<usize>,
        /// Rows in the index after it.
        length: usize,
    }
}

result! {
    /// The answer of :meth:`Index.set_metadata`.
    ///
    /// Attributes
    /// ----------
    /// seq : int or None
    ///     The entry of the log that holds the change; None under ``durability="async"``.
    /// updated : int
    ///     Rows whose metadata was set: all that were named.
    /// length : int
    ///     Rows in the index after it; under ``durability="async"``, those that are visible now.
    MetadataSet {
        /// The entry of the log that holds the change; None while it is queued.
        seq: Option<u64>,
        /// Rows whose metadata was set.
        updated: usize,
        /// Rows in the index after it.
        length: usize,
    }
}

impl From<registry::Deleted> for Deleted {
    fn from(registry::Deleted { seq, deleted, length }: registry::Deleted) -> Self {
        Self { seq: Some(seq), deleted: Some(deleted), length }
    }
}

impl From<registry::MetadataSet> for MetadataSet {
    fn from(registry::MetadataSet { seq, updated, length }: registry::MetadataSet) -> Self {
        Self { seq: Some(seq), updated, length }
    }
}

impl From<client::Deleted> for Deleted {
    fn from(client::Deleted { seq, deleted, length }: client::Deleted) -> Self {
        Self { seq: Some(seq), deleted: Some(deleted), length }
    }
}

impl From<client::MetadataSet> for MetadataSet {
    fn from(client::MetadataSet { seq, updated, length }: client::MetadataSet) -> Self {
        Self { seq: Some(seq), updated, length }
    }
}
