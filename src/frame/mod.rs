//! The bytes of the log, of snapshots and of binary answers: LHL1, LHV1 and VHT1, to and from plain structs.
//!
//! FORMAT.md is the public description of every byte. Decoders take `&[u8]`, check each length against
//! the bytes that are left before anything is allocated, and answer `Corrupt` with what and where, or
//! `Unsupported` for what a newer build wrote. No I/O here, and nothing of indexes.
#![forbid(unsafe_code)]

mod checksum;
mod entry;
mod entry_decode;
mod entry_encode;
mod envelope;
mod export;
mod floor;
mod hex16;
mod hits;
mod hits_decode;
mod ids;
mod json;
mod keys;
mod params;
mod reader;
mod retries;
mod rows;
mod rows_builder;
mod snapshot;
mod snapshot_decode;
mod snapshot_encode;
mod table;
mod texts;
mod v1;

pub use checksum::{Digest, digest};
pub use entry::{Frame, Header, KNOWN_FEATURES, Op, OpMeta};
pub use entry_decode::{decode_entry, decode_header, digest_of, salvage_entry};
pub use entry_encode::encode_entry;
pub use envelope::{decode_envelope, snapshot_digest};
pub use floor::{Floor, decode_floor, encode_floor};
pub use hex16::hex;
pub use hits::{HITS_CONTENT_TYPE, HitsBuilder, HitsHead};
pub use hits_decode::{HitListRef, HitsRef, decode_hits};
pub use ids::{Ids, IdsRef, MetadataRows, MetadataRowsRef, decode_ids_payload, decode_metadata_payload};
pub use keys::{
    Key, ROOT, check_name, floor_key, index_prefix, legacy_key, log_key, log_prefix, parse_key,
    quarantine_record_key, quarantined_key, snapshot_key, snapshot_prefix,
};
pub use params::Params;
pub use retries::{key_digest, retry_key};
pub use rows::{RowsRef, decode_rows_payload};
pub use rows_builder::{Rows, RowsBuilder};
pub use snapshot::{IdempotencyRecord, SnapshotHeader, SnapshotRef, WriterState};
pub use snapshot_decode::{decode_snapshot, locate_vectors};
pub use snapshot_encode::{Around, encode_around, encode_snapshot};
pub use texts::{Texts, TextsBuf};
pub use v1::{V1, V1Item, V1Row, decode_v1, encode_v1};
