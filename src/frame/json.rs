//! JSON that has one spelling: what is read must be, byte for byte, what this build would write.
//!
//! So a field from a newer build is noticed instead of dropped, and decoding then encoding is the identity.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// Decodes `bytes`, which must be the canonical text of a `T`.
pub(super) fn decode<T: Serialize + DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T> {
    let value: T = serde_json::from_slice(bytes)
        .map_err(|error| Error::corrupt(format!("{what}: {error}")).caused_by(error))?;
    if encode(&value) != bytes {
        return Err(Error::unsupported(format!(
            "{what}: it has fields or a spelling this build does not know"
        )));
    }
    Ok(value)
}

/// The canonical text: fields in the order of the struct, no white space.
pub(super) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("structs of strings and numbers are always JSON")
}
