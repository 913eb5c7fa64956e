//! What an index answers at once, against its rows one by one.

mod concurrent;
mod generated;
mod listed;
mod sameness;
