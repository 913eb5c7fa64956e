//! Every invariant of an index, checked; for tests and `vectord verify`.
//!
//! It looks at every row, and attaches what is due first, so it costs seconds on large indexes.

use super::core::Index;

impl Index {
    /// Returns a sentence for each broken invariant; none is health.
    pub fn validate(&self) -> Vec<String> {
        let mut broken =
            self.with_settled(|view, graph| graph.validate(&view.rows, |slot| view.alive.contains(slot)));
        let writer = self.writer.lock();
        let lookup = self.lookup.read();
        let view = self.view.load();
        let slots = view.rows.len();
        let mut claim = |holds: bool, what: &dyn Fn() -> String| {
            if !holds {
                broken.push(what());
            }
        };
        let counts = [view.ids.len(), view.metadata_of.len(), writer.rows.len()];
        claim(counts == [slots; 3], &|| format!("ids, metadata and rows are {counts:?}, slots {slots}"));
        let is_needed = view.pending() > 0;
        claim(view.former.is_none() || is_needed, &|| {
            "a graph of before a compaction is still held".to_owned()
        });
        let living = view.alive.iter().count();
        claim(living == view.live && writer.live == view.live, &|| {
            format!("{living} slots are alive, the view says {}, the writer {}", view.live, writer.live)
        });
        claim(lookup.len() == living, &|| format!("{living} rows live, {} ids are known", lookup.len()));
        for slot in view.alive.iter() {
            let id = view.id(slot);
            claim((slot as usize) < slots, &|| format!("slot {slot} is alive beyond the last, {slots}"));
            let found = lookup.find(id, &view.ids);
            claim(found == Some(slot), &|| format!("id {id:?} of slot {slot} leads to {found:?}"));
            let text = view.metadata(slot);
            claim(
                text.is_none_or(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()),
                &|| format!("metadata of slot {slot} is not JSON"),
            );
        }
        for slot in 0..slots as u32 {
            let norm = self.params.distance.admit(view.vector(slot));
            claim(norm.as_ref().ok() == Some(&view.rows.inverse_norm(slot)), &|| {
                format!("slot {slot}: inverse norm {} is not {norm:?}", view.rows.inverse_norm(slot))
            });
        }
        broken
    }
}
