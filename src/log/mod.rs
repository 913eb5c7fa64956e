//! The total order of batches on a store.
