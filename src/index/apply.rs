//! The one way an index changes.
//!
//! Operations were validated before they were logged, so applying them never fails. All operations of
//! an entry become visible together, by one store of the new view. New rows are found by scanning until
//! they are attached to the graph, which `attach.rs` does: here it is only noted that they came.

use std::collections::HashMap;

use super::batch::Batch;
use super::core::{Index, Writer};
use super::former::Former;
use super::ids::{Lookup, TextsView};
use super::records::Records;

/// A validated operation of the log.
#[derive(Debug, Clone)]
pub enum Operation<'a> {
    /// Insert rows, or replace those whose ids live. Absent metadata keeps what is stored.
    Upsert(Batch<'a>),
    /// Remove the rows of these ids; unknown ids are passed over.
    Delete(Vec<&'a str>),
    /// Replace or remove (`None`) the metadata of these ids; unknown ids are passed over.
    SetMetadata(Vec<&'a str>, Vec<Option<&'a str>>),
}

/// What one operation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Items upserted, rows deleted, or rows whose metadata changed.
    pub count: usize,
    /// Living rows afterwards.
    pub length: usize,
}

/// Where ids point after the operations so far; laid over the lookup until all are applied.
struct Changes<'l, 'a> {
    lookup: &'l Lookup,
    ids: TextsView,
    slots: HashMap<&'a str, Option<u32>>,
}

impl Changes<'_, '_> {
    fn find(&self, id: &str) -> Option<u32> {
        self.slots.get(id).copied().unwrap_or_else(|| self.lookup.find(id, &self.ids))
    }
}

impl Index {
    /// Applies the operations of the entry `seq`, in order, and returns what each did.
    pub fn apply(&self, seq: u64, operations: &[Operation<'_>]) -> Vec<Applied> {
        let mut writer = self.writer.lock();
        let writer = &mut *writer;
        let before = writer.rows.len();
        let (done, slots) = {
            let lookup = self.lookup.read();
            let mut changes = Changes { lookup: &lookup, ids: writer.ids.view(), slots: HashMap::new() };
            let done: Vec<_> =
                operations.iter().map(|operation| writer.apply(operation, &mut changes)).collect();
            (done, changes.slots)
        };
        let appended = writer.rows.len() - before;
        writer.schedule.note(appended);
        let generation = writer.records.generation();
        writer.sweep_metadata();
        let is_renewed = writer.records.generation() != generation;
        writer.version += 1;
        let view = writer.view(seq);
        let mut lookup = self.lookup.write();
        for (id, slot) in slots {
            lookup.set(id, slot, &view.ids);
        }
        self.view.store(view);
        drop(lookup);
        if is_renewed {
            self.forget_fields();
        }
        done
    }

    /// Drops dead rows: living ones are numbered again in order, and a new graph of them is due.
    ///
    /// It is an entry of its own, because slots before and after it mean different rows. What was due
    /// before is not any more; a thread that is attaching to the old graph finds that nobody wants it.
    /// Searches use the old graph, and the old vectors with it, until the new one has caught up.
    pub fn compact(&self, seq: u64) {
        let mut writer = self.writer.lock();
        let old = self.view.load_full();
        let mut fresh = Writer::with_capacity(&self.params, old.rows.len());
        fresh.records = Records::new(writer.records.generation() + 1);
        for slot in old.alive.iter() {
            fresh.append(old.id(slot), old.metadata(slot));
            fresh.rows.push_admitted(old.vector(slot), &[old.rows.inverse_norm(slot)]);
        }
        fresh.schedule.note(fresh.rows.len());
        fresh.version = writer.version + 1;
        // Without a graph to come, searches are scans as they are without a graph.
        fresh.former = if fresh.schedule.due() > 0 { Former::of(&old) } else { None };
        let view = fresh.view(seq);
        let mut table = Lookup::with_capacity(fresh.live);
        for slot in 0..fresh.live as u32 {
            table.set(view.id(slot), Some(slot), &view.ids);
        }
        let mut lookup = self.lookup.write();
        let before = std::mem::replace(&mut *lookup, table);
        let replaced = (std::mem::replace(&mut *writer, fresh), before, self.view.swap(view));
        drop((lookup, writer));
        drop((replaced, old));
        self.forget_fields();
    }
}

impl Writer {
    fn apply<'a>(&mut self, operation: &Operation<'a>, changes: &mut Changes<'_, 'a>) -> Applied {
        let count = match operation {
            Operation::Upsert(batch) => self.upsert(batch, changes),
            Operation::Delete(ids) => ids.iter().filter(|id| self.delete(id, changes)).count(),
            Operation::SetMetadata(ids, texts) => {
                ids.iter().zip(texts).filter(|(id, text)| self.set_metadata(id, **text, changes)).count()
            }
        };
        Applied { count, length: self.live }
    }

    fn upsert<'a>(&mut self, batch: &Batch<'a>, changes: &mut Changes<'_, 'a>) -> usize {
        self.rows.push(batch.vectors).expect("the batch was checked before it was logged");
        for (&id, &text) in batch.ids.iter().zip(&batch.metadata) {
            let old = changes.find(id);
            if let Some(old) = old {
                self.alive.remove(old);
                self.live -= 1;
                if text.is_some() {
                    self.forget_metadata(old);
                }
            }
            let slot = match (old, text) {
                (Some(old), None) => self.append_with(id, self.metadata_of.get(old as usize)),
                (None, _) | (_, Some(_)) => self.append(id, text),
            };
            changes.slots.insert(id, Some(slot));
        }
        batch.ids.len()
    }

    /// Everything of a new row but its vector.
    pub(super) fn append(&mut self, id: &str, text: Option<&str>) -> u32 {
        let number = text.map_or(0, |text| self.metadata.push(text) + 1);
        self.append_with(id, number)
    }

    /// As [`Writer::append`], with the metadata of a number in `metadata_of`.
    fn append_with(&mut self, id: &str, number: u32) -> u32 {
        let slot = self.ids.push(id);
        self.alive.insert(slot);
        self.live += 1;
        self.metadata_of.push(number);
        self.records.append(number);
        slot
    }

    fn delete<'a>(&mut self, id: &&'a str, changes: &mut Changes<'_, 'a>) -> bool {
        let Some(slot) = changes.find(id) else { return false };
        self.alive.remove(slot);
        self.live -= 1;
        self.forget_metadata(slot);
        changes.slots.insert(id, None);
        true
    }

    fn set_metadata(&mut self, id: &str, text: Option<&str>, changes: &Changes<'_, '_>) -> bool {
        let Some(slot) = changes.find(id) else { return false };
        self.forget_metadata(slot);
        let number = text.map_or(0, |text| self.metadata.push(text) + 1);
        self.metadata_of.set(slot as usize, number);
        self.records.update(slot, number);
        true
    }
}
