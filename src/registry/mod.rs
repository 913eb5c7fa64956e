//! Names to live indexes.
