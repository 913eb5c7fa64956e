//! One collection in memory: rows, ids, metadata and graph, changed by `apply` and read by `search`.
//!
//! It knows nothing of names, stores or tokio. An [`Index`] is a pure function of the operations
//! applied to it: no clock, host, thread count or hash order reaches it, nor when rows were attached.

mod apply;
mod attach;
mod batch;
mod core;
mod former;
mod hits;
mod ids;
mod limits;
mod links;
mod metadata;
mod params;
mod parts;
mod remap;
mod search;
mod stats;
mod sweep;
mod validate;
mod versioned;
mod view;

pub use self::apply::{Applied, Operation};
pub use self::batch::Batch;
pub use self::core::Index;
pub use self::hits::{Hits, Ids, Row};
pub use self::limits::{
    MAX_DIMENSION, MAX_ID_BYTES, MAX_METADATA_BYTES, MAX_METADATA_DEPTH, check_id, check_key,
};
pub use self::metadata::compact_metadata;
pub use self::params::{DEFAULT_M, Params, within};
pub use self::parts::Parts;
pub use self::remap::Vectors;
pub use self::search::SearchOptions;
pub use self::stats::Stats;
pub use crate::graph::{Base, give_way};
pub use crate::metric::Distance;
