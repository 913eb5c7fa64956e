//! The payloads of DELETE (ids) and SET_METADATA (ids with metadata): UPSERT's layout without vectors.
//!
//! `u32 n | u32 0 | id table`, and for SET_METADATA one more table of metadata texts.

use super::reader::Reader;
use super::table::{Table, TableBuilder};
use crate::error::{Error, Part, Result};

/// An owned DELETE payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ids {
    payload: Vec<u8>,
}

impl Ids {
    /// The payload that names `ids`, in their order.
    pub fn new<'s>(ids: impl IntoIterator<Item = &'s str>) -> Result<Self> {
        let mut table = TableBuilder::<4>::with_capacity(0);
        for id in ids {
            table.push(id)?;
        }
        Ok(Self { payload: payload(&[&table])? })
    }

    /// The same ids, borrowed; costs nothing.
    pub fn as_ref(&self) -> IdsRef<'_> {
        let count = written_count(&self.payload);
        IdsRef { payload: &self.payload, ids: Table::trusted(&self.payload[HEAD..], count) }
    }
}

/// Ids borrowed from checked bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdsRef<'a> {
    payload: &'a [u8],
    ids: Table<'a, 4>,
}

impl<'a> IdsRef<'a> {
    /// Number of ids.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Id `i`; panics when `i >= len()`.
    pub fn id(&self, i: usize) -> &'a str {
        self.ids.get(i)
    }

    /// Every id in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        let ids = self.ids;
        (0..ids.len()).map(move |i| ids.get(i))
    }

    /// The bytes of the payload.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

/// An owned SET_METADATA payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataRows {
    payload: Vec<u8>,
    metadata_at: usize,
}

impl MetadataRows {
    /// The payload that gives each id its metadata text; absent removes what is stored.
    pub fn new<'s>(rows: impl IntoIterator<Item = (&'s str, Option<&'s str>)>) -> Result<Self> {
        let (mut ids, mut metadata) = (TableBuilder::<4>::with_capacity(0), TableBuilder::with_capacity(0));
        for (i, (id, text)) in rows.into_iter().enumerate() {
            if text == Some("") {
                return Err(Error::invalid("metadata is empty, which is no JSON").at(i, Part::Metadata));
            }
            ids.push(id)?;
            metadata.push(text.unwrap_or_default())?;
        }
        Ok(Self { metadata_at: HEAD + ids.encoded_len(), payload: payload(&[&ids, &metadata])? })
    }

    /// The same rows, borrowed; costs nothing.
    pub fn as_ref(&self) -> MetadataRowsRef<'_> {
        let count = written_count(&self.payload);
        MetadataRowsRef {
            payload: &self.payload,
            ids: Table::trusted(&self.payload[HEAD..], count),
            metadata: Table::trusted(&self.payload[self.metadata_at..], count),
        }
    }
}

/// Ids with metadata texts, borrowed from checked bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetadataRowsRef<'a> {
    payload: &'a [u8],
    ids: Table<'a, 4>,
    metadata: Table<'a, 4>,
}

impl<'a> MetadataRowsRef<'a> {
    /// Number of ids.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Id `i`; panics when `i >= len()`, as does the next.
    pub fn id(&self, i: usize) -> &'a str {
        self.ids.get(i)
    }

    /// Metadata text `i` as it was given, or none, which removes what is stored.
    pub fn metadata(&self, i: usize) -> Option<&'a str> {
        self.metadata.get_present(i)
    }

    /// The bytes of the payload.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

/// Decodes a DELETE payload.
pub fn decode_ids_payload(payload: &[u8]) -> Result<IdsRef<'_>> {
    let mut reader = Reader::new("ids", payload);
    let ids = head_and_ids(&mut reader)?;
    reader.finish()?;
    Ok(IdsRef { payload, ids })
}

/// Decodes a SET_METADATA payload.
pub fn decode_metadata_payload(payload: &[u8]) -> Result<MetadataRowsRef<'_>> {
    let mut reader = Reader::new("metadata rows", payload);
    let ids = head_and_ids(&mut reader)?;
    let metadata = Table::read(&mut reader, ids.len() as u64, "metadata")?;
    reader.finish()?;
    Ok(MetadataRowsRef { payload, ids, metadata })
}

/// Bytes before the id offsets: the count, and a zero where UPSERT has its dimension.
const HEAD: usize = 8;

fn payload(tables: &[&TableBuilder<4>]) -> Result<Vec<u8>> {
    let count = tables.first().map_or(0, |table| table.len());
    let count = u32::try_from(count).map_err(|_| Error::exhausted("a batch holds at most 4294967295 ids"))?;
    let mut payload =
        Vec::with_capacity(HEAD + tables.iter().map(|table| table.encoded_len()).sum::<usize>());
    payload.extend_from_slice(&count.to_le_bytes());
    payload.extend_from_slice(&[0; 4]);
    for part in tables.iter().flat_map(|table| table.parts()) {
        payload.extend_from_slice(part);
    }
    Ok(payload)
}

fn written_count(payload: &[u8]) -> usize {
    let count = payload[..4].try_into().expect("payload() wrote the count first");
    u32::from_le_bytes(count) as usize
}

fn head_and_ids<'a>(reader: &mut Reader<'a>) -> Result<Table<'a, 4>> {
    let count = reader.u32_le("id count")?;
    if reader.u32_le("reserved")? != 0 {
        return Err(reader.corrupt("reserved bytes before this offset are not zero"));
    }
    Table::read(reader, u64::from(count), "ids")
}
