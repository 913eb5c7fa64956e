//! Attaching rows to the graph, after the entries that brought them, piece by piece.
//!
//! Architecture invariant: what is due is fixed by the entries, and the state after an entry is defined as
//! if all that was due by then ran within it. So it does not matter when, how often or by whom these are
//! called; whoever needs the state itself (a snapshot) finishes the work first. A piece is attached under
//! the graph's lock, which no search and no `apply` takes; the writer's lock is held to show it only.

use std::sync::Arc;

use parking_lot::Mutex;

use super::core::Index;
use super::view::View;
use crate::graph::{Graph, Step};

impl Index {
    /// Rows that are due but not attached; they are searched exactly. 0 when the graph has caught up.
    ///
    /// It counts neither the few rows that wait for more to come, nor any under dot.
    pub fn pending(&self) -> usize {
        self.view.load().pending()
    }

    /// Those of the due rows that every search has to scan: after a compaction none that the graph before it
    /// finds.
    pub fn backlog(&self) -> usize {
        self.view.load().backlog()
    }

    /// Whether the graph of a compaction is still being built, so that searches use the one before it.
    pub fn is_rebuilding(&self) -> bool {
        self.view.load().former.is_some()
    }

    /// Does a piece of the due work, about 20 ms long, and shows it to searches; true while more is due.
    ///
    /// It may be called from any thread; of two at once one waits for the other.
    pub fn attach_some(&self) -> bool {
        if self.pending() > 0 {
            self.with_graph(
                || (),
                |graph, view, kept, ()| {
                    self.step(graph, view, kept);
                },
            );
        }
        self.pending() > 0
    }

    /// Does what is due by now; what becomes due meanwhile may be left.
    pub fn attach_present(&self) {
        let due = self.view.load().due;
        while !self.view.load().graph.is_attached_to(due) && self.attach_some() {}
    }

    /// Does all that is due, entries that come meanwhile included.
    pub fn attach_all(&self) {
        while self.attach_some() {}
    }

    /// Runs `then` on a view and its graph, all that was due by then done. `apply` may go on meanwhile.
    pub(super) fn with_settled<T>(&self, then: impl FnOnce(&View, &Graph) -> T) -> T {
        self.with_settled_at(|| (), |()| (), |view, graph, ()| then(view, graph))
    }

    /// As [`with_settled`](Self::with_settled), of a moment at which the guard that `hold` returns is held; `told`,
    /// what the guard is given back for, is there for `then`.
    pub(super) fn with_settled_at<G, S, T>(
        &self,
        hold: impl Fn() -> G,
        told: impl FnOnce(G) -> S,
        then: impl FnOnce(&View, &Graph, S) -> T,
    ) -> T {
        self.with_graph(hold, |graph, view, kept, guard| {
            let told = told(guard);
            while self.step(graph, view, kept) != Step::Idle {}
            then(view, graph, told)
        })
    }

    /// Runs `then` on the present view, its graph, what keeps the graph, and the guard that was held when the view was
    /// taken.
    fn with_graph<G, T>(
        &self,
        hold: impl Fn() -> G,
        then: impl FnOnce(&mut Graph, &View, &Arc<Mutex<Graph>>, G) -> T,
    ) -> T {
        loop {
            let kept = Arc::clone(&self.writer.lock().graph);
            let mut graph = kept.lock();
            let guard = hold();
            let view = {
                let writer = self.writer.lock();
                if !Arc::ptr_eq(&writer.graph, &kept) {
                    continue;
                }
                graph.follow(&writer.schedule);
                self.view.load_full()
            };
            return then(&mut graph, &view, &kept, guard);
        }
    }

    /// One step of what is due by `view`, shown to searches unless the index was compacted meanwhile.
    fn step(&self, graph: &mut Graph, view: &View, kept: &Arc<Mutex<Graph>>) -> Step {
        let step = graph.step(&view.rows, self.threads.giving_way());
        if step == Step::Shown {
            // Dropped without the lock: with the graph of a compaction whole, all that was before it goes.
            drop(self.show(graph, kept));
        }
        step
    }

    /// Shows `graph` to searches, unless the index was compacted meanwhile; returns the view before.
    fn show(&self, graph: &Graph, kept: &Arc<Mutex<Graph>>) -> Option<Arc<View>> {
        let mut writer = self.writer.lock();
        if !Arc::ptr_eq(&writer.graph, kept) {
            return None;
        }
        writer.schedule.forget(graph.attached());
        writer.shown = graph.view();
        if writer.former.as_ref().is_some_and(|former| former.is_outdone_by(&writer.shown)) {
            writer.former = None;
        }
        // Entries that came meanwhile are in both, as they were.
        let seq = self.view.load().seq;
        Some(self.view.swap(writer.view(seq)))
    }
}
