//! The bytes of a graph in a snapshot, little-endian; what the rows tell is not repeated.
//!
//! `u32 version, u32 width, u64 seen, u64 attached, u64 growth, u32 entries, u32 0`, then u32 each: entry
//! points; per attached slot its parent; per attached slot its number of links; all links in slot order.
//! Chains of copies follow from the rows. How rows are measured stands in a part of its own (`measure.rs`);
//! codes follow from it. Decoding checks everything a walk or a later entry relies on,
//! except that lists are nearest first, which is left to `validate`: it would cost a build's worth of keys.

use std::sync::Arc;

use super::codes::Codes;
use super::growing::Graph;
use super::links::{Links, MAX_SLOTS};
use super::measure::Measure;
use super::rows::RowsView;
use super::schedule::{self, Schedule};
use super::threads::Threads;
use super::tree::{ROOT, Tree, UNLINKED};
use crate::error::{Error, Result};

const VERSION: u32 = 1;

impl Graph {
    /// The graph as bytes; [`Graph::decode`] with the same rows gives it back.
    ///
    /// # Panics
    /// If anything due is not done: how far it came is no function of the log, and is not stored.
    pub fn encode(&self) -> Vec<u8> {
        assert_eq!(self.attached, self.schedule.due(), "a graph is encoded when all that is due is done");
        let slots = || 0..self.attached as u32;
        let mut bytes = Vec::with_capacity(40 + self.attached * (2 + self.links.width()) * 4);
        let mut put = |value: u32| bytes.extend_from_slice(&value.to_le_bytes());
        put(VERSION);
        put(self.links.width() as u32);
        for count in [self.schedule.seen as u64, self.attached as u64, self.growth as u64] {
            put(count as u32);
            put((count >> 32) as u32);
        }
        put(self.entries.len() as u32);
        put(0);
        self.entries.iter().for_each(|&slot| put(slot));
        slots().for_each(|slot| put(self.tree.parent(slot)));
        slots().for_each(|slot| put(self.links.neighbours(slot).count() as u32));
        slots().for_each(|slot| self.links.neighbours(slot).for_each(&mut put));
        bytes
    }

    /// How rows are measured as bytes, for [`Graph::decode`]; `None` where there is no graph.
    pub fn encode_measure(&self) -> Option<Vec<u8>> {
        (self.attached > 0).then(|| self.codes.measure().encode(self.ef_search))
    }

    /// The graph that `bytes` encode, over `rows`, which must be the rows it was encoded with (more may
    /// have been appended).
    ///
    /// Anything else is `Corrupt`. Memory is taken only once the bytes are known to describe that many slots.
    /// Without a `measure` rows are measured as they are.
    pub fn decode(
        m: usize,
        ef_construction: usize,
        bytes: &[u8],
        measure: Option<&[u8]>,
        rows: &RowsView,
    ) -> Result<Self> {
        let mut graph = Self::new(m, ef_construction);
        let mut words = Words { bytes };
        let (version, width) = (words.next()?, words.next()?);
        if version != VERSION {
            return Err(broken(format!("version is {version}, this build reads {VERSION}")));
        }
        if width as usize != graph.links.width() {
            return Err(broken(format!("lists hold {width} links, {} expected", graph.links.width())));
        }
        let [seen, attached, growth] = [words.count()?, words.count()?, words.count()?];
        let entries = words.next()? as usize;
        let reserved = words.next()?;
        if attached > seen || seen > rows.len() || seen >= MAX_SLOTS || reserved != 0 {
            return Err(broken(format!("{attached} rows attached of {seen} seen, {} there", rows.len())));
        }
        let is_grown = growth.is_power_of_two()
            && growth >= schedule::BIRTH
            && (growth / schedule::BIRTH).trailing_zeros().is_multiple_of(2)
            && growth <= attached
            && attached < schedule::next_growth(growth);
        let is_unborn = attached == 0 && growth == 0;
        if !(is_unborn || is_grown) || entries > attached {
            return Err(broken(format!(
                "{entries} entry points, last growth at {growth}, {attached} rows attached"
            )));
        }
        let entries = words.take(entries)?;
        let parents = words.take(attached)?;
        let degrees = words.take(attached)?;
        let links: Vec<u32> = words.rest()?;
        let lists = Lists::new(&degrees, &links, width)?;
        graph.schedule = Schedule::resumed(seen, attached);
        graph.attached = attached;
        graph.growth = growth;
        graph.links = Arc::new(Links::new(width as usize, attached));
        for slot in 0..attached as u32 {
            let list = lists.of(slot);
            let is_first = graph.copies.add(rows, &graph.links, slot).is_none();
            if is_first == (parents[slot as usize] == UNLINKED) || !is_first && !list.is_empty() {
                return Err(broken(format!("slot {slot} is linked though a copy, or a copy though linked")));
            }
            let is_sound = |at: usize, near: u32| {
                parents.get(near as usize).is_some_and(|&parent| parent != UNLINKED)
                    && near != slot
                    && !list[..at].contains(&near)
            };
            if !list.iter().enumerate().all(|(at, &near)| is_sound(at, near)) {
                return Err(broken(format!("the list of slot {slot} names a slot it cannot")));
            }
            graph.links.replace(slot, list.iter().copied());
        }
        graph.tree = plant(&parents, &entries, &lists, width as usize)?;
        graph.entries = entries.into();
        if let Some(measure) = measure.filter(|_| attached > 0) {
            let (measure, ef_search) = Measure::decode(measure, rows.space().dimension())?;
            graph.codes = Codes::new(measure, attached);
            graph.ef_search = ef_search;
            graph.codes.extend(rows, attached, Threads::from_environment());
        }
        Ok(graph)
    }
}

/// Rebuilds the tree from the entry points down, so that what is in it is reachable.
fn plant(parents: &[u32], entries: &[u32], lists: &Lists<'_>, width: usize) -> Result<Tree> {
    let mut tree = Tree::default();
    tree.extend(parents.len());
    let mut fresh = Vec::new();
    let mut is_entry = vec![false; parents.len()];
    for &entry in entries {
        let is_known = is_entry.get_mut(entry as usize).is_none_or(|met| std::mem::replace(met, true));
        if is_known || parents[entry as usize] == UNLINKED {
            return Err(broken(format!("slot {entry} cannot be an entry point, or is one twice")));
        }
        if parents[entry as usize] == ROOT {
            tree.set(entry, ROOT);
            fresh.push(entry);
        }
    }
    while let Some(parent) = fresh.pop() {
        for &child in lists.of(parent).iter().filter(|&&child| parents[child as usize] == parent) {
            if !tree.has_room(parent, width) {
                return Err(broken(format!("slot {parent} has too many children")));
            }
            tree.set(child, parent);
            fresh.push(child);
        }
    }
    match (0..parents.len() as u32).find(|&slot| tree.has(slot) != (parents[slot as usize] != UNLINKED)) {
        Some(slot) => Err(broken(format!("slot {slot} does not descend from an entry point"))),
        None => Ok(tree),
    }
}

/// The lists as encoded.
struct Lists<'a> {
    /// Where each list starts, and the last ends.
    starts: Vec<usize>,
    links: &'a [u32],
}

impl<'a> Lists<'a> {
    fn new(degrees: &[u32], links: &'a [u32], width: u32) -> Result<Self> {
        if let Some(slot) = degrees.iter().position(|&degree| degree > width) {
            return Err(broken(format!("slot {slot} has {} links, at most {width} fit", degrees[slot])));
        }
        let mut starts = Vec::with_capacity(degrees.len() + 1);
        starts.push(0);
        let mut end = 0;
        starts.extend(degrees.iter().map(|&degree| {
            end += degree as usize;
            end
        }));
        if end != links.len() {
            return Err(broken(format!("{end} links announced, {} there", links.len())));
        }
        Ok(Self { starts, links })
    }

    fn of(&self, slot: u32) -> &'a [u32] {
        &self.links[self.starts[slot as usize]..self.starts[slot as usize + 1]]
    }
}

/// Little-endian u32 words, taken from the front.
struct Words<'a> {
    bytes: &'a [u8],
}

impl Words<'_> {
    fn take(&mut self, count: usize) -> Result<Vec<u32>> {
        let length = count
            .checked_mul(4)
            .filter(|&length| length <= self.bytes.len())
            .ok_or_else(|| broken(format!("{count} words expected, {} bytes left", self.bytes.len())))?;
        let (words, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        let (words, _) = words.as_chunks::<4>();
        Ok(words.iter().map(|&word| u32::from_le_bytes(word)).collect())
    }

    fn next(&mut self) -> Result<u32> {
        Ok(self.take(1)?[0])
    }

    fn count(&mut self) -> Result<usize> {
        let (low, high) = (self.next()?, self.next()?);
        let count = u64::from(low) | u64::from(high) << 32;
        usize::try_from(count).map_err(|_| broken(format!("a count of {count}")))
    }

    fn rest(&mut self) -> Result<Vec<u32>> {
        if !self.bytes.len().is_multiple_of(4) {
            return Err(broken(format!("{} bytes left, not of whole words", self.bytes.len())));
        }
        self.take(self.bytes.len() / 4)
    }
}

fn broken(what: String) -> Error {
    Error::corrupt(what).within("graph")
}
