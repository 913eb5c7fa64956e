//! One collection in memory.
