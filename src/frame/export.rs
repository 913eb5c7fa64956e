//! The bytes of coder/hnsw's `Graph.Export` (v0.6.1, string keys): little-endian, no magic, no checksum.
//!
//! Only keys and vectors are taken, from layer 0: its links are poor, so the graph is built anew. Links
//! and upper layers are walked to find the end, and never believed.

use std::collections::HashMap;

use super::reader::Reader;
use crate::error::Result;

/// The only version of the export there is.
const VERSION: i64 = 1;
/// coder/hnsw's default level factor.
const LEVEL_FACTOR: f64 = 0.25;
/// coder/hnsw's default, written where our index chooses `ef_search` by itself.
const DEFAULT_EF_SEARCH: u32 = 20;

/// What an export holds that we keep.
pub(super) struct Export {
    pub(super) distance: String,
    /// Each key once, where it stood first, with the vector it had last.
    pub(super) rows: Vec<(String, Vec<f32>)>,
}

/// Decodes an export whose vectors must have `dimension` values.
pub(super) fn decode(reader: &mut Reader<'_>, dimension: u32) -> Result<Export> {
    let version = int(reader, "export version")?;
    if version != VERSION {
        return Err(reader.unsupported(format_args!("export version {version}, not {VERSION}")));
    }
    int(reader, "M")?;
    reader.take(8, "Ml")?;
    int(reader, "EfSearch")?;
    let distance = text(reader, "distance")?.to_owned();
    if !matches!(distance.as_str(), "cosine" | "euclidean") {
        return Err(reader.unsupported(format_args!("unknown distance {distance:?}")));
    }
    let layers = length(reader, "layer count")?;
    let mut rows = Vec::new();
    let mut positions: HashMap<&str, usize> = HashMap::new();
    for layer in 0..layers {
        for _ in 0..length(reader, "node count")? {
            let key = text(reader, "key")?;
            let vector = vector(reader, key, dimension)?;
            for _ in 0..length(reader, "neighbour count")? {
                string(reader, "neighbour key")?;
            }
            if layer == 0 {
                let row = (key.to_owned(), floats(reader, key, vector)?);
                let next = rows.len();
                match *positions.entry(key).or_insert(next) {
                    position if position == next => rows.push(row),
                    position => rows[position] = row,
                }
            }
        }
    }
    reader.finish()?;
    Ok(Export { distance, rows })
}

/// One node to be written: its neighbours are positions among the nodes.
pub(super) struct Node<'a> {
    pub(super) key: &'a str,
    pub(super) vector: &'a [f32],
    pub(super) neighbours: &'a [u32],
}

/// Appends an export with a base layer only, which coder/hnsw reads and grows.
pub(super) fn encode(out: &mut Vec<u8>, m: u32, ef_search: u32, distance: &str, nodes: &[Node<'_>]) {
    put_int(out, VERSION);
    put_int(out, i64::from(m));
    out.extend_from_slice(&LEVEL_FACTOR.to_le_bytes());
    put_int(out, i64::from(if ef_search == 0 { DEFAULT_EF_SEARCH } else { ef_search }));
    put_text(out, distance);
    put_int(out, i64::from(!nodes.is_empty()));
    if nodes.is_empty() {
        return;
    }
    put_length(out, nodes.len());
    for Node { key, vector, neighbours } in nodes {
        put_text(out, key);
        put_length(out, vector.len());
        out.extend_from_slice(bytemuck::cast_slice(vector));
        put_length(out, neighbours.len());
        for &neighbour in *neighbours {
            put_text(out, nodes[neighbour as usize].key);
        }
    }
}

/// A zig-zag varint: LEB128, low group first, at most ten bytes.
fn int(reader: &mut Reader<'_>, field: &str) -> Result<i64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = reader.u8(field)?;
        let group = u64::from(byte & 0x7f);
        if shift == 63 && group > 1 {
            break;
        }
        value |= group << shift;
        if byte & 0x80 == 0 {
            return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
    }
    Err(reader.corrupt(format_args!("{field} is no varint of 64 bits")))
}

fn length(reader: &mut Reader<'_>, field: &str) -> Result<u64> {
    let value = int(reader, field)?;
    u64::try_from(value).map_err(|_| reader.corrupt(format_args!("{field} is {value}")))
}

fn string<'a>(reader: &mut Reader<'a>, field: &str) -> Result<&'a [u8]> {
    let length = length(reader, field)?;
    reader.take(length, field)
}

fn text<'a>(reader: &mut Reader<'a>, field: &str) -> Result<&'a str> {
    let bytes = string(reader, field)?;
    std::str::from_utf8(bytes).map_err(|_| reader.corrupt(format_args!("{field} is not UTF-8")))
}

fn vector<'a>(reader: &mut Reader<'a>, key: &str, dimension: u32) -> Result<&'a [u8]> {
    let got = length(reader, "vector length")?;
    if got != u64::from(dimension) {
        return Err(reader.corrupt(format_args!("key {key:?} has {got} values, the index has {dimension}")));
    }
    reader.take(got * 4, "vector")
}

fn floats(reader: &Reader<'_>, key: &str, bytes: &[u8]) -> Result<Vec<f32>> {
    let value = |word: &[u8]| f32::from_le_bytes(word.try_into().expect("chunks of exactly 4"));
    let vector: Vec<f32> = bytes.chunks_exact(4).map(value).collect();
    match vector.iter().position(|value| !value.is_finite()) {
        None => Ok(vector),
        Some(at) => Err(reader.corrupt(format_args!("key {key:?}: value {at} is {}", vector[at]))),
    }
}

fn put_int(out: &mut Vec<u8>, value: i64) {
    let mut value = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    put_int(out, i64::try_from(length).expect("no slice is longer than isize::MAX bytes"));
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_length(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_those_of_go() {
        for (value, bytes) in [
            (0, vec![0]),
            (1, vec![2]),
            (-1, vec![1]),
            (16, vec![0x20]),
            (20, vec![0x28]),
            (64, vec![0x80, 1]),
            (768, vec![0x80, 0x0c]),
            (1536, vec![0x80, 0x18]),
            (i64::MAX, vec![0xfe, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
            (i64::MIN, vec![255, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
        ] {
            let mut out = Vec::new();
            put_int(&mut out, value);
            assert_eq!(out, bytes, "{value}");
            assert_eq!(int(&mut Reader::new("test", &bytes), "int").unwrap(), value);
        }
        for bytes in [&[0x80; 11][..], &[255; 10], &[0x80], &[]] {
            assert!(int(&mut Reader::new("test", bytes), "int").is_err(), "{bytes:?}");
        }
    }
}
