//! What an index is: a map from ids to rows, changed by one entry of the log after the other.

use std::collections::BTreeMap;

use vectord::error::Result;
use vectord::frame::{Digest, Frame, Header, Op, V1, V1Item, decode_entry, decode_v1, digest_of};

use super::batch::number_of;
use super::journal::Content;

/// A vector's bits, and its metadata.
pub type Row = (Vec<u32>, Option<String>);

/// The index after an entry, if there is one.
#[derive(Debug, Default)]
pub struct Model {
    pub seq: u64,
    /// The entry that created the index, and its dimension.
    pub index: Option<(u64, u32)>,
    pub rows: BTreeMap<String, Row>,
    digest: Digest,
    lineage: [u8; 16],
}

/// What a batch did when it was applied.
#[derive(Debug)]
pub struct Applied {
    pub content: Content,
    pub key: Option<String>,
    pub generation: u64,
    pub dimension: u32,
    pub count: usize,
    pub length: usize,
    /// The ids and metadata before a deletion that names no batch: one by a filter.
    pub before: Option<BTreeMap<String, Option<String>>>,
}

/// What an entry was, beside batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Batches,
    Create,
    Drop,
    Compact,
}

impl Model {
    /// The index that a blob of the Go service becomes.
    pub fn adopted(blob: &[u8]) -> Self {
        let V1 { params, items } = decode_v1(blob).expect("the golden file can be read");
        let row = |V1Item { id, vector, metadata }: V1Item| {
            (id, (vector.iter().map(|value| value.to_bits()).collect(), metadata))
        };
        let rows = items.into_iter().map(row).collect();
        Self { index: Some((0, params.dimension)), rows, ..Self::default() }
    }

    /// Applies the next entry; an error says what is wrong with it.
    pub fn apply(&mut self, bytes: &[u8]) -> Result<(Kind, Vec<Applied>), String> {
        let (header, ops) = decode_entry(bytes).map_err(|error| error.to_string())?;
        self.continues(&header)?;
        self.seq = header.seq;
        self.digest = digest_of(bytes).map_err(|error| error.to_string())?;
        self.lineage = header.lineage;
        let kind = match (&*ops, self.index) {
            ([Op { frame: Frame::Create(params), .. }], None) => {
                self.index = Some((header.seq, params.dimension));
                Kind::Create
            }
            ([Op { frame: Frame::Drop, .. }], Some(_)) => {
                (self.index, self.rows) = (None, BTreeMap::new());
                Kind::Drop
            }
            ([Op { frame: Frame::Compact, .. }], Some(_)) => Kind::Compact,
            (_, Some((generation, dimension))) => {
                let batches =
                    ops.iter().map(|op| self.batch(op, generation, dimension)).collect::<Result<_, _>>()?;
                return Ok((Kind::Batches, batches));
            }
            (_, None) => return Err("it writes to an index that does not exist".to_owned()),
        };
        Ok((kind, Vec::new()))
    }

    fn continues(&self, header: &Header) -> Result<(), String> {
        let generation = self.index.map(|(generation, _)| generation);
        let good = header.seq == self.seq + 1
            && header.prev_digest == self.digest
            && (self.seq == 0 || header.lineage == self.lineage)
            && generation.is_none_or(|generation| generation == header.generation);
        if good { Ok(()) } else { Err(format!("it does not continue entry {}: {header:?}", self.seq)) }
    }

    fn batch(&mut self, op: &Op<'_>, generation: u64, dimension: u32) -> Result<Applied, String> {
        let mut before = None;
        let (content, count) = match &op.frame {
            Frame::Upsert(rows) => {
                if rows.dimension() != dimension {
                    return Err(format!("rows of dimension {} in an index of {dimension}", rows.dimension()));
                }
                let mut content = Vec::new();
                for i in 0..rows.len() {
                    let (id, text) = (rows.id(i).to_owned(), rows.metadata(i).map(str::to_owned));
                    let bits = rows.vector(i).iter().map(|value| value.to_bits()).collect();
                    let old = self.rows.remove(&id).and_then(|(_, text)| text);
                    self.rows.insert(id.clone(), (bits, text.clone().or(old)));
                    content.push((id, text, rows.vector(i).to_vec()));
                }
                (Content::Rows(content), rows.len())
            }
            Frame::Delete(ids) => {
                let content = Content::Ids(ids.iter().map(str::to_owned).collect());
                if number_of(&content).is_none() {
                    let told = self.rows.iter().map(|(id, (_, text))| (id.clone(), text.clone()));
                    before = Some(told.collect());
                }
                let count = ids.iter().filter(|id| self.rows.remove(*id).is_some()).count();
                (content, count)
            }
            Frame::SetMetadata(rows) => {
                let given = |i| (rows.id(i).to_owned(), rows.metadata(i).map(str::to_owned));
                let content: Vec<_> = (0..rows.len()).map(given).collect();
                let mut count = 0;
                for (id, text) in &content {
                    if let Some(row) = self.rows.get_mut(id) {
                        row.1.clone_from(text);
                        count += 1;
                    }
                }
                (Content::Metadata(content), count)
            }
            Frame::Create(_) | Frame::Drop | Frame::Compact => {
                return Err("CREATE, DROP and COMPACT stand alone".to_owned());
            }
        };
        let key = op.meta.idempotency_key.clone();
        Ok(Applied { content, key, generation, dimension, count, length: self.rows.len(), before })
    }
}
