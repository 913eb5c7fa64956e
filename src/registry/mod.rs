//! Names to live indexes: each an index in memory and its log on a store.
//!
//! The faces stand on this layer. It blocks, names no runtime, and is safe from any thread.

mod adopt;
mod allowance;
mod aside;
mod batch;
mod checkpoint;
mod committer;
mod convert;
mod core;
mod estimate;
mod follower;
mod freshness;
mod group;
mod handle;
mod keeper;
mod keyed;
mod live;
mod load;
mod names;
pub mod operate;
mod queue;
mod read;
mod remap;
mod replay;
mod request;
mod sampler;
mod settings;
mod shared;
mod shown;
mod snapshot;
mod stats;
mod write;

pub use self::batch::{Batch, BatchBuilder};
pub use self::estimate::{Estimate, LiveRecall};
pub use self::freshness::{Consistency, Freshness};
pub use self::handle::{Listed, Registry};
pub use self::live::LiveIndex;
pub use self::read::Reader;
pub use self::request::{Added, Deleted, MetadataSet};
pub use self::settings::Settings;
pub use self::stats::{LiveFigures, LiveStats, StateDigest};
pub use crate::index::{
    DEFAULT_M, Distance, Explanation, Filter, Hits, Include, Lists, MAX_DIMENSION, MAX_ID_BYTES,
    MAX_METADATA_BYTES, MAX_METADATA_DEPTH, Page, Params, Path, RECALLS, Recall, RecallOptions, Row,
    SearchOptions, compact_metadata, within,
};
