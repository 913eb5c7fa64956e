//! The bytes of a graph in a snapshot.
