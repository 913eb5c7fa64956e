//! LHV1 version 1, the single blob of the Go service: a JSON envelope with metadata, then a graph export.
//!
//! Read when a store is adopted or imported, written so that Go reads ours. No checksum protects it:
//! damage is noticed only where it breaks the structure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::envelope::{MAGIC, WHAT};
use super::export::{self, Export, Node};
use super::json;
use super::params::Params;
use super::reader::Reader;
use crate::error::{Error, Part, Result};

const VERSION: u32 = 1;

/// A decoded blob.
#[derive(Debug, Clone, PartialEq)]
pub struct V1 {
    /// As the envelope has them; what it leaves out is m 16, ef_search 0 and the export's distance.
    pub params: Params,
    /// Each key once, in the order of the base layer, with the vector it had last.
    pub items: Vec<V1Item>,
}

/// One row of a blob.
#[derive(Debug, Clone, PartialEq)]
pub struct V1Item {
    /// The key.
    pub id: String,
    /// Its values, all finite.
    pub vector: Vec<f32>,
    /// Its metadata as it was written, without white space between tokens.
    pub metadata: Option<String>,
}

/// One row to be written.
#[derive(Debug, Clone, Copy)]
pub struct V1Row<'a> {
    /// The key; each at most once.
    pub id: &'a str,
    /// `dimension` values.
    pub vector: &'a [f32],
    /// JSON text.
    pub metadata: Option<&'a str>,
    /// Links of the base layer, as positions among the rows; may be empty.
    pub neighbours: &'a [u32],
}

#[derive(Deserialize)]
struct Probe {
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    version: u32,
    params: GoParams,
    /// Go writes null for an empty map.
    #[serde(borrow, default)]
    metadata: Option<BTreeMap<String, &'a RawValue>>,
}

#[derive(Serialize, Deserialize)]
struct GoParams {
    name: String,
    dimension: u32,
    #[serde(default = "default_m")]
    m: u32,
    #[serde(default)]
    ef_search: u32,
    #[serde(default)]
    distance: String,
}

fn default_m() -> u32 {
    16
}

/// Decodes a blob of the Go service.
pub fn decode_v1(bytes: &[u8]) -> Result<V1> {
    let mut reader = Reader::new(WHAT, bytes);
    if &reader.array("magic")? != MAGIC {
        return Err(reader.corrupt("it does not begin with LHV1"));
    }
    let length = reader.u32_be("envelope length")?;
    let text = reader.take(u64::from(length), "envelope")?;
    let malformed = |error: serde_json::Error| {
        Error::corrupt(format!("{WHAT}: envelope at offset 8: {error}")).caused_by(error)
    };
    let Probe { version } = serde_json::from_slice(text).map_err(malformed)?;
    if version != VERSION {
        return Err(reader.unsupported(format_args!("envelope version {version}, not {VERSION}")));
    }
    let Envelope { version: _, params, metadata } = serde_json::from_slice(text).map_err(malformed)?;
    let GoParams { name, dimension, m, ef_search, distance } = params;
    let Export { distance: measured, rows } = export::decode(&mut reader, dimension)?;
    if !distance.is_empty() && distance != measured {
        return Err(Error::corrupt(format!(
            "{WHAT}: the envelope says distance {distance:?}, the graph {measured:?}"
        )));
    }
    let metadata = metadata.unwrap_or_default();
    let item = |(id, vector): (String, Vec<f32>)| {
        let metadata = metadata.get(&id).map(|raw| compact(raw.get()));
        V1Item { id, vector, metadata }
    };
    let items = rows.into_iter().map(item).collect();
    Ok(V1 { params: Params { name, dimension, m, ef_search, distance: measured }, items })
}

/// The bytes of a blob that the Go service reads: sorted metadata, and a base layer with the given links.
///
/// `Unsupported` for a distance coder/hnsw does not have, `InvalidArgument` for metadata that is no JSON.
pub fn encode_v1(params: &Params, rows: &[V1Row<'_>]) -> Result<Vec<u8>> {
    let Params { name, dimension, m, ef_search, distance } = params.clone();
    if !matches!(distance.as_str(), "cosine" | "euclidean") {
        return Err(Error::unsupported(format!("coder/hnsw has no distance {distance:?}")));
    }
    let mut metadata = BTreeMap::new();
    let mut nodes = Vec::with_capacity(rows.len());
    for (i, &V1Row { id, vector, metadata: text, neighbours }) in rows.iter().enumerate() {
        if vector.len() != dimension as usize {
            let got = vector.len();
            return Err(Error::invalid(format!("dimension mismatch: index has {dimension}, got {got}"))
                .at(i, Part::Vector));
        }
        if let Some(text) = text {
            let raw: &RawValue = serde_json::from_str(text)
                .map_err(|error| Error::invalid(format!("metadata: {error}")).at(i, Part::Metadata))?;
            metadata.insert(id.to_owned(), raw);
        }
        nodes.push(Node { key: id, vector, neighbours });
    }
    let go = GoParams { name, dimension, m, ef_search, distance };
    let text = json::encode(&Envelope { version: VERSION, params: go, metadata: Some(metadata) });
    let length = u32::try_from(text.len())
        .map_err(|_| Error::exhausted(format!("the metadata of one blob passes 4 GiB: {}", text.len())))?;
    let mut out = Vec::with_capacity(8 + text.len() + rows.len() * (dimension as usize * 4 + 32));
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&text);
    export::encode(&mut out, m, ef_search, &params.distance, &nodes);
    Ok(out)
}

/// JSON text without white space between tokens; everything else stays as it was written.
fn compact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        if quoted {
            quoted = escaped || c != '"';
            escaped = c == '\\' && !escaped;
        } else if c == '"' {
            quoted = true;
        } else if matches!(c, ' ' | '\t' | '\n' | '\r') {
            continue;
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compaction_touches_white_space_between_tokens_only() {
        let text = "{ \"b\\\"  \" : [ 1.0 ,\t\"\\\\\" , \" x \" ],\r\n\"a\":12345678901234567890123 }";
        assert_eq!(compact(text), "{\"b\\\"  \":[1.0,\"\\\\\",\" x \"],\"a\":12345678901234567890123}");
    }
}
