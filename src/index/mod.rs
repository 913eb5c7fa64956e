//! One collection in memory: rows, ids, metadata and graph, changed by `apply` and read by `search`.
//!
//! It knows nothing of names, stores or tokio. An [`Index`] is a pure function of the operations
//! applied to it: no clock, host, thread count or hash order reaches it, nor when rows were attached.

mod apply;
mod asking;
mod attach;
mod batch;
mod core;
mod curve;
mod filter;
mod former;
mod hits;
mod ids;
mod include;
mod interval;
mod limits;
mod links;
mod listing;
mod lists;
mod metadata;
mod options;
mod params;
mod parts;
mod plan;
mod recall;
mod records;
mod remap;
mod search;
mod stats;
mod sweep;
mod trial;
mod validate;
mod versioned;
mod view;

pub use self::apply::{Applied, Operation};
pub use self::batch::Batch;
pub use self::core::Index;
pub use self::filter::{
    Filter, MAX_DEPTH as MAX_FILTER_DEPTH, MAX_NODES as MAX_FILTER_NODES, MAX_VALUES as MAX_FILTER_VALUES,
};
pub use self::hits::{Hits, Ids, Row};
pub use self::include::Include;
pub use self::interval::Interval;
pub use self::limits::{
    MAX_DIMENSION, MAX_ID_BYTES, MAX_METADATA_BYTES, MAX_METADATA_DEPTH, check_id, check_key,
};
pub use self::listing::Page;
pub use self::lists::Lists;
pub use self::metadata::compact_metadata;
pub use self::options::{RECALLS, SearchOptions};
pub use self::params::{DEFAULT_M, Params, within};
pub use self::parts::Parts;
pub use self::recall::{Recall, RecallOptions};
pub use self::remap::Vectors;
pub use self::stats::Stats;
pub use self::trial::Trial;
pub use crate::graph::{Base, Explanation, Path, draw, give_way};
pub use crate::metric::Distance;
