//! The flat proximity graph over u32 slots.
//!
//! [`Rows`] holds the vectors, [`scan`] searches them exactly, and [`Graph`] links them so that a
//! [`GraphView`] finds near rows by looking at few. No ids, no JSON and no I/O reach this layer.

mod ahead;
mod aim;
pub mod arena;
mod asked;
mod attach;
mod base;
mod batch;
mod bound;
mod bytes;
mod bytewise;
mod choice;
mod codes;
mod copies;
mod edges;
mod exact;
mod floatwise;
mod front;
mod growing;
mod growth;
mod links;
mod many;
mod measure;
mod met;
mod neighbour;
mod pages;
mod pool;
mod prefetch;
mod prune;
mod rebase;
mod rows;
mod ruler;
mod scan;
mod schedule;
mod scratch;
mod search;
mod shuffle;
mod skeleton;
mod stats;
mod sync;
mod threads;
mod tile;
mod tree;
mod tune;
mod validate;
mod walk;

pub use base::Base;
pub use batch::Step;
pub use growing::Graph;
pub use many::for_each_query;
pub use neighbour::Neighbour;
pub use rows::{Rows, RowsView};
pub use scan::{scan, scan_slots};
pub use schedule::Schedule;
pub use search::{EF_SEARCH, GraphView};
pub use stats::Stats;
pub use threads::{Threads, give_way};
