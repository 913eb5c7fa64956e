//! Asking a filter of a view: which of its rows pass.
//!
//! What was answered before is continued with what is new; a filter that names ids looks at their rows alone;
//! else it is asked of the fields.

use std::sync::Arc;

use serde_json::Value;

use super::super::ast::{Filter, Node};
use super::super::path::Path;
use super::super::scalar::Scalar;
use super::super::test::Test;
use super::answers::Passing;
use super::evaluate::{Known, Question};
use super::matches::Matches;
use super::order::Order;
use super::source::{Field, Source};
use super::values::values;
use crate::index::Index;
use crate::index::view::View;

/// Up to so many ids are looked up, and their rows looked at one by one.
const MAX_NAMED: usize = 1024;

impl Index {
    /// The living rows of `view` that pass `filter`. It never waits for a write, but may for another question that
    /// reads the same field of many rows.
    pub(in crate::index) fn matches(&self, view: &View, filter: &Filter) -> Arc<Matches> {
        if let Some(matches) = self.named(view, filter) {
            return Arc::new(matches);
        }
        let (known, outdated) = {
            let mut fields = self.fields.lock();
            let (is_current, outdated) = fields.turn_to(view);
            (if is_current { fields.answer(filter) } else { None }, outdated)
        };
        drop(outdated);
        let before = match known {
            Some((passing, matches)) if passing.version == view.version => return matches,
            Some((passing, _)) => passing.continued(view, filter),
            None => None,
        };
        let passing = Arc::new(before.unwrap_or_else(|| self.passing(view, filter)));
        let [rows, updates] = &passing.sets;
        let matches = Arc::new(Matches::new(view, rows.clone(), updates));
        self.fields.lock().keep_answer(view, filter, passing, Arc::clone(&matches));
        matches
    }

    /// The answer to a filter that all but names the rows.
    fn named(&self, view: &View, filter: &Filter) -> Option<Matches> {
        let mut slots = self.living(view, ids_of(&filter.root)?)?;
        slots.retain(|&slot| filter.matches(view.id(slot), view.metadata(slot)));
        Some(Matches::of(view, slots))
    }

    /// The slots of the living rows of `ids`, unless the view is no longer the present one.
    fn living(&self, view: &View, ids: &[Scalar]) -> Option<Vec<u32>> {
        let lookup = self.lookup.read();
        let is_present = self.view.load().version == view.version;
        let find = |id: &Scalar| match id {
            Scalar::Text(id) => lookup.find(id, &view.ids),
            Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) => None,
        };
        is_present.then(|| ids.iter().filter_map(find).collect())
    }

    fn passing(&self, view: &View, filter: &Filter) -> Passing {
        let mut fields = Known::new();
        self.learn(view, &filter.root, &mut fields);
        let find = |ids: &[Scalar]| self.living(view, ids);
        let order = if asks_for_order(&filter.root) { self.order(view) } else { None };
        let sources = [Source::Rows, Source::Updates];
        Passing {
            version: view.version,
            covered: sources.map(|source| source.length(view)),
            sets: sources.map(|source| {
                Question::new(view, &fields, &find, order.as_ref(), source).answer(&filter.root)
            }),
        }
    }

    /// The fields that `node` asks of, those that fit.
    fn learn<'f>(&self, view: &View, node: &'f Node, known: &mut Known<'f>) {
        match node {
            Node::And(nodes) | Node::Or(nodes) => {
                for node in nodes {
                    self.learn(view, node, known);
                }
            }
            Node::Not(node) => self.learn(view, node, known),
            Node::Test(Path::Id, _) => {}
            Node::Test(path, _) => {
                if !known.contains_key(path)
                    && let Some(field) = self.field(view, path)
                {
                    known.insert(path, field);
                }
            }
        }
    }

    /// What `path` leads to in every record of `view`; `None` if that takes too many bytes.
    pub(super) fn field(&self, view: &View, path: &Path) -> Option<Field> {
        let (kept, limit) = self.fields.lock().field(view, path)?;
        let field = kept.lock().extended(view, path, limit);
        let bytes = field.as_ref().map_or(0, Field::bytes);
        self.fields.lock().note(view, path, &kept, bytes);
        field
    }

    /// The slots of `view` in the order of their ids; `None` if that takes too many bytes, or the view is an old one.
    pub(in crate::index) fn order(&self, view: &View) -> Option<Order> {
        let (order, outdated) = {
            let mut fields = self.fields.lock();
            let (_, outdated) = fields.turn_to(view);
            (fields.order(view), outdated)
        };
        drop(outdated);
        order?.lock().extended(view)
    }

    /// The values of the field at `path`, as [`Index::values`] tells them; `None` if it is no path to a field.
    pub(in crate::index) fn field_values(
        &self,
        view: &View,
        path: &str,
        limit: usize,
    ) -> Option<Vec<(Value, usize)>> {
        let path = Path::parse(path).filter(|_| !path.starts_with('$'))?;
        drop(self.fields.lock().turn_to(view));
        let field = self.field(view, &path);
        let values = values(view, &path, field.as_ref(), limit);
        Some(values.into_iter().map(|(value, count)| (value.into_value(), count)).collect())
    }

    /// Gives up what was learnt of records that are numbered otherwise now.
    pub(in crate::index) fn forget_fields(&self) {
        let view = self.view.load();
        let (_, outdated) = self.fields.lock().turn_to(&view);
        drop(outdated);
    }
}

/// Whether a condition on ids is one of their order.
fn asks_for_order(node: &Node) -> bool {
    match node {
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().any(asks_for_order),
        Node::Not(node) => asks_for_order(node),
        Node::Test(path, test) => *path == Path::Id && matches!(test, Test::Between(..) | Test::Prefix(_)),
    }
}

/// Ids that every row that passes has one of, if few.
fn ids_of(node: &Node) -> Option<&[Scalar]> {
    match node {
        Node::Test(Path::Id, Test::In(ids)) if ids.len() <= MAX_NAMED => Some(ids),
        Node::And(nodes) => nodes.iter().find_map(ids_of),
        Node::Test(..) | Node::Or(_) | Node::Not(_) => None,
    }
}
