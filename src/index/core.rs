//! The index itself: the writer's state, the published view, and the plain reads.
//!
//! Architecture invariant: the lookup from ids and the view change together under the lookup's write
//! lock, so whoever holds its read lock sees both of one entry. Searches use the view alone, lock-free.
//! Locks are taken in one order: the graph's, what `with_parts_at` is asked to hold, the writer's, the lookup's.
//! The graph's is held while rows are attached; `apply` never takes it, and the others are held no longer than a
//! change of the view.

use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::{Mutex, RwLock};

use super::curve::Curves;
use super::filter::Fields;
use super::former::Former;
use super::hits::Row;
use super::ids::{Lookup, Texts};
use super::limits::MAX_ROWS;
use super::params::Params;
use super::records::Records;
use super::versioned::{SlotSet, Versioned};
use super::view::View;
use crate::error::{Error, Result};
use crate::graph::{Graph, GraphView, Rows, Schedule, Threads};

/// One collection in memory.
pub struct Index {
    pub(super) params: Params,
    pub(super) threads: Threads,
    pub(super) writer: Mutex<Writer>,
    pub(super) lookup: RwLock<Lookup>,
    pub(super) view: ArcSwap<View>,
    /// What filters ask of metadata. Its lock is held briefly, and no other is taken under it.
    pub(super) fields: Mutex<Fields>,
    /// What was learnt of how `ef` and recall go together.
    pub(super) curves: Curves,
}

/// What changes with the entries of the log, and with what is attached.
pub(super) struct Writer {
    pub(super) live: usize,
    pub(super) rows: Rows,
    pub(super) ids: Texts,
    pub(super) alive: SlotSet,
    pub(super) metadata_of: Versioned<u32>,
    pub(super) metadata: Texts,
    /// Bytes of metadata that no living row has any more.
    pub(super) metadata_dead: usize,
    pub(super) records: Records,
    /// Goes up with every change of the rows.
    pub(super) version: u64,
    /// What of the graph the log has fixed so far.
    pub(super) schedule: Schedule,
    /// The graph as it was last shown to searches.
    pub(super) shown: GraphView,
    /// The graph that rows are attached to. A compaction puts another in its place.
    pub(super) graph: Arc<Mutex<Graph>>,
    /// What searches use until `shown` has caught up with a compaction.
    pub(super) former: Option<Arc<Former>>,
}

impl Writer {
    pub(super) fn new(params: &Params) -> Self {
        Self::with_capacity(params, 0)
    }

    /// With room for the vectors of `rows` rows.
    pub(super) fn with_capacity(params: &Params, rows: usize) -> Self {
        let space = params.space();
        let graph = Graph::new(params.m as usize, EF_CONSTRUCTION);
        Self {
            live: 0,
            rows: Rows::with_capacity(space, rows),
            ids: Texts::new(),
            alive: SlotSet::new(),
            metadata_of: Versioned::new(),
            metadata: Texts::new(),
            metadata_dead: 0,
            records: Records::new(0),
            version: 0,
            schedule: graph.schedule().clone(),
            shown: graph.view(),
            graph: Arc::new(Mutex::new(graph)),
            former: None,
        }
    }

    pub(super) fn view(&self, seq: u64) -> Arc<View> {
        Arc::new(View {
            seq,
            live: self.live,
            rows: self.rows.view(),
            ids: self.ids.view(),
            alive: self.alive.clone(),
            metadata_of: self.metadata_of.clone(),
            metadata: self.metadata.view(),
            records: self.records.view(),
            version: self.version,
            due: self.schedule.due(),
            graph: self.shown.clone(),
            former: self.former.clone(),
            former_live: self.former.as_ref().map_or(0, |former| self.alive.count_below(former.covered())),
        })
    }
}

/// The candidate list's length while rows are attached.
pub(super) const EF_CONSTRUCTION: usize = 128;

impl Index {
    /// An empty index, as it is after the entry `seq` created it.
    pub fn new(params: Params, seq: u64) -> Result<Self> {
        params.check()?;
        Ok(Self::from_writer(params, Writer::new(&params), Lookup::with_capacity(0), seq))
    }

    pub(super) fn from_writer(params: Params, writer: Writer, lookup: Lookup, seq: u64) -> Self {
        let view = ArcSwap::new(writer.view(seq));
        let threads = Threads::from_environment();
        let fields = Mutex::new(Fields::new());
        let (writer, lookup, curves) = (Mutex::new(writer), RwLock::new(lookup), Curves::default());
        Self { params, threads, writer, lookup, view, fields, curves }
    }

    /// Attaches rows by `count` threads, at least one, instead of as many as the environment names
    /// (`VECTORD_THREADS`) or there are cores. The state does not depend on it.
    #[must_use]
    pub fn with_threads(self, count: usize) -> Self {
        Self { threads: Threads::new(count), ..self }
    }

    /// What it was created with.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The last applied entry.
    pub fn seq(&self) -> u64 {
        self.view.load().seq
    }

    /// Living rows.
    pub fn len(&self) -> usize {
        self.view.load().live
    }

    /// Whether no row lives.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Refuses more rows than slots can number.
    pub fn check_room(&self, rows: usize) -> Result<()> {
        let slots = self.slots();
        if slots + rows <= MAX_ROWS {
            return Ok(());
        }
        Err(Error::exhausted(format!(
            "too many rows: at most {MAX_ROWS}, deleted ones included, got {}",
            slots + rows
        )))
    }

    /// Rows and the slots of dead ones.
    pub fn slots(&self) -> usize {
        self.view.load().rows.len()
    }

    /// Slots of rows that were deleted or replaced; compacting gives them back.
    pub fn dead(&self) -> usize {
        let view = self.view.load();
        view.rows.len() - view.live
    }

    /// Whether `id` names a living row.
    pub fn contains(&self, id: &str) -> bool {
        let lookup = self.lookup.read();
        lookup.find(id, &self.view.load().ids).is_some()
    }

    /// The rows of `ids`, each as it was given, `None` where there is none; all of the same moment.
    pub fn get(&self, ids: &[&str]) -> Vec<Option<Row>> {
        let (view, slots) = self.resolve(ids);
        slots.into_iter().map(|slot| slot.map(|slot| view.row(slot))).collect()
    }

    /// The slots of `ids` and the view they belong to.
    pub(super) fn resolve(&self, ids: &[&str]) -> (Arc<View>, Vec<Option<u32>>) {
        let lookup = self.lookup.read();
        let view = self.view.load_full();
        let slots = ids.iter().map(|id| lookup.find(id, &view.ids)).collect();
        (view, slots)
    }
}
