//! One entry of the log as plain structs: a header that chains it, and the operations it carries.
//!
//! The bytes are in `entry_encode.rs` and `entry_decode.rs`; what an operation does is the index's.

use serde::{Deserialize, Serialize};

use super::checksum::Digest;
use super::ids::{IdsRef, MetadataRowsRef};
use super::params::Params;
use super::rows::RowsRef;

/// Bits of `required_features` this build understands. A bit outside it stops the reader: `Unsupported`.
pub const KNOWN_FEATURES: u32 = 0;

pub(super) const MAGIC: &[u8; 4] = b"LHL1";
pub(super) const END: &[u8; 8] = b"LHL1END\n";
pub(super) const VERSION: u16 = 1;
pub(super) const HEADER_LEN: usize = 112;
pub(super) const TRAILER_LEN: usize = 24;
/// Bytes of a frame before its meta.
pub(super) const FRAME_HEAD: usize = 16;
/// Flag: one of the frames is CREATE or DROP, so listing names needs no look inside others.
pub(super) const FLAG_LIFECYCLE: u32 = 1;

/// The header of an entry, without what follows from its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Header {
    /// What a reader must understand to apply this entry; see [`KNOWN_FEATURES`].
    pub required_features: u32,
    /// Position in the log, from 1.
    pub seq: u64,
    /// UUID of the log, drawn when it was born.
    pub lineage: [u8; 16],
    /// UUID of the writing process.
    pub writer_id: [u8; 16],
    /// The writer's own count of batches.
    pub writer_batch: u64,
    /// The seq of the CREATE the entry belongs to.
    pub generation: u64,
    /// [`digest_of`](super::digest_of) the entry before; zeros at seq 1.
    pub prev_digest: Digest,
}

/// Which client batch a frame belongs to. The default is written as nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OpMeta {
    /// The client's key, if it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Which batch of the entry: frames that share key and index are one batch.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub op_index: u32,
}

/// One logical operation.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame<'a> {
    /// Begins an index (again).
    Create(Params),
    /// Adds rows, or replaces rows of the same id.
    Upsert(RowsRef<'a>),
    /// Removes rows.
    Delete(IdsRef<'a>),
    /// Ends the index.
    Drop,
    /// Renumbers the live rows and rebuilds the graph.
    Compact,
    /// Replaces the metadata of rows, leaving their vectors.
    SetMetadata(MetadataRowsRef<'a>),
}

/// An operation with the batch it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct Op<'a> {
    /// The client batch.
    pub meta: OpMeta,
    /// The operation.
    pub frame: Frame<'a>,
}

impl<'a> From<Frame<'a>> for Op<'a> {
    fn from(frame: Frame<'a>) -> Self {
        Self { meta: OpMeta::default(), frame }
    }
}

impl Frame<'_> {
    pub(super) fn code(&self) -> u16 {
        match self {
            Self::Create(_) => 1,
            Self::Upsert(_) => 2,
            Self::Delete(_) => 3,
            Self::Drop => 4,
            Self::Compact => 7,
            Self::SetMetadata(_) => 8,
        }
    }

    pub(super) fn flag(&self) -> u32 {
        match self {
            Self::Create(_) | Self::Drop => FLAG_LIFECYCLE,
            Self::Upsert(_) | Self::Delete(_) | Self::Compact | Self::SetMetadata(_) => 0,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}
