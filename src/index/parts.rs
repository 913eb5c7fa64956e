//! The index as plain parts: what a snapshot holds, and the way back.
//!
//! Dead rows keep their slot and vector, because the graph routes through them, but not their id and metadata.

use std::sync::Arc;

use parking_lot::Mutex;

use super::core::{Index, Writer};
use super::ids::Lookup;
use super::limits::MAX_ROWS;
use super::params::Params;
use super::remap::Vectors;
use super::view::View;
use crate::error::{Error, Result};
use crate::graph::{Base, Graph, Rows};

/// The state after one entry, in slot order.
#[derive(Debug, Clone)]
pub struct Parts<'a> {
    /// `slots x dimension` components, row-major, in two pieces of whole rows.
    pub vectors: [&'a [f32]; 2],
    /// One bit per slot, in u64 words.
    pub alive: Vec<u64>,
    /// Per slot its id; empty where dead.
    pub ids: Vec<&'a str>,
    /// Per slot its metadata; `None` where dead.
    pub metadata: Vec<Option<&'a str>>,
    /// The graph's own bytes.
    pub adjacency: Vec<u8>,
    /// How the graph measures rows, in its own bytes; `None` where there is no graph.
    pub codes: Option<Vec<u8>>,
}

impl Parts<'_> {
    /// The vector of `slot`; panics if there is no such slot.
    pub fn vector(&self, slot: usize) -> &[f32] {
        let [first, second] = self.vectors;
        let dimension = (first.len() + second.len()) / self.ids.len();
        let from = slot * dimension;
        match from.checked_sub(first.len()) {
            None => &first[from..from + dimension],
            Some(from) => &second[from..from + dimension],
        }
    }
}

impl Index {
    /// Hands the parts of the present state to `take`, after attaching what is due by then.
    ///
    /// Nothing else is attached until `take` returns, and `take` may not attach.
    pub fn with_parts<T>(&self, take: impl FnOnce(&Parts<'_>) -> T) -> T {
        self.with_settled(|view, graph| take(&parts_of(view, graph)))
    }

    /// As [`Index::with_parts`], of a moment at which the guard that `hold` returns is held. `told` gives the guard
    /// back as soon as the moment is fixed, long before all is attached, with what it wants `take` to know.
    ///
    /// `hold` is called under the graph's lock: who holds what it waits for may not wait for a graph.
    pub fn with_parts_at<G, S, T>(
        &self,
        hold: impl Fn() -> G,
        told: impl FnOnce(G) -> S,
        take: impl FnOnce(&Parts<'_>, S) -> T,
    ) -> T {
        self.with_settled_at(hold, told, |view, graph, told| take(&parts_of(view, graph), told))
    }

    /// The vectors of the present state, to be held while it goes on.
    pub fn vectors(&self) -> Vectors {
        Vectors(self.view.load().rows.clone())
    }

    /// The index that `parts` describe, after the entry `seq`; its vectors are copied.
    pub fn from_parts(params: Params, seq: u64, parts: &Parts<'_>) -> Result<Self> {
        Self::build(params, seq, parts, None)
    }

    /// As [`Index::from_parts`], but the vectors are those of `base` and stay there; `parts.vectors` must be the same.
    pub fn from_parts_on(params: Params, seq: u64, parts: &Parts<'_>, base: Base) -> Result<Self> {
        Self::build(params, seq, parts, Some(base))
    }

    fn build(params: Params, seq: u64, parts: &Parts<'_>, base: Option<Base>) -> Result<Self> {
        params.check()?;
        let Parts { vectors, alive, ids, metadata, adjacency, codes } = parts;
        let dimension = params.dimension as usize;
        let slots = ids.len();
        let values: usize = vectors.iter().map(|piece| piece.len()).sum();
        let adds_up = slots <= MAX_ROWS
            && values == slots * dimension
            && base.as_ref().is_none_or(|base| base.len() == values)
            && metadata.len() == slots
            && alive.len() == slots.div_ceil(64)
            && (slots.is_multiple_of(64) || alive.last().is_none_or(|word| word >> (slots % 64) == 0));
        if !adds_up {
            return Err(Error::corrupt(format!(
                "parts do not add up: {slots} ids, {} metadata, {} alive words, {values} components at dimension {dimension}",
                metadata.len(),
                alive.len()
            )));
        }
        let mut writer = Writer::new(&params);
        writer.rows = match base {
            Some(base) => Rows::on(params.space(), base),
            None => vectors
                .iter()
                .try_fold(Rows::new(params.space()), |mut rows, piece| rows.push(piece).map(|()| rows)),
        }
        .map_err(|error| Error::corrupt(format!("vectors: {error}")))?;
        for (slot, (id, text)) in ids.iter().zip(metadata).enumerate() {
            let slot_number = writer.append(id, *text);
            if alive[slot / 64] >> (slot % 64) & 1 == 0 {
                writer.alive.remove(slot_number);
                writer.live -= 1;
            }
        }
        let rows = writer.rows.view();
        let graph = Graph::decode(
            params.m as usize,
            super::core::EF_CONSTRUCTION,
            adjacency,
            codes.as_deref(),
            &rows,
        )?;
        writer.schedule = graph.schedule().clone();
        writer.shown = graph.view();
        writer.graph = Arc::new(Mutex::new(graph));
        let table = lookup_of(&writer.view(seq))?;
        Ok(Self::from_writer(params, writer, table, seq))
    }
}

fn lookup_of(view: &View) -> Result<Lookup> {
    let mut table = Lookup::with_capacity(view.live);
    for slot in view.alive.iter() {
        let id = view.id(slot);
        if id.is_empty() || table.set(id, Some(slot), &view.ids).is_some() {
            return Err(Error::corrupt(format!("row {slot}: its id {id:?} is empty or another row's too")));
        }
    }
    Ok(table)
}

fn parts_of<'a>(view: &'a View, graph: &Graph) -> Parts<'a> {
    let slots = view.rows.len() as u32;
    let living = |slot: &u32| view.alive.contains(*slot);
    let mut alive = vec![0u64; (slots as usize).div_ceil(64)];
    for slot in view.alive.iter() {
        alive[slot as usize / 64] |= 1 << (slot % 64);
    }
    Parts {
        vectors: view.rows.vectors(),
        alive,
        ids: (0..slots).map(|slot| if living(&slot) { view.id(slot) } else { "" }).collect(),
        metadata: (0..slots).map(|slot| view.metadata(slot).filter(|_| living(&slot))).collect(),
        adjacency: graph.encode(),
        codes: graph.encode_measure(),
    }
}
