//! A filter over all records of a view at once.
//!
//! It changes nothing: the fields that a filter asks for were extended before, in `ask.rs`.

use std::collections::HashMap;

use super::super::ast::Node;
use super::super::operand::Operand;
use super::super::path::Path;
use super::super::scalar::Scalar;
use super::super::test::Test;
use super::extract::Found;
use super::order::Order;
use super::set::{Gather, Set};
use super::source::{Field, Source};
use crate::index::view::View;

/// The fields of a filter, as far as they are indexed, by their paths.
pub(super) type Known<'f> = HashMap<&'f Path, Field>;

/// The slots of the living rows of these ids, unless the view is no longer the present one.
pub(super) type Find<'a> = dyn Fn(&[Scalar]) -> Option<Vec<u32>> + 'a;

/// What a filter is asked of.
pub(super) struct Question<'a> {
    pub(super) view: &'a View,
    pub(super) fields: &'a Known<'a>,
    pub(super) find: &'a Find<'a>,
    /// Of all ids, where the filter needs it and it is kept.
    pub(super) order: Option<&'a Order>,
    source: Source,
    /// Of all sets: fields may cover records that came after the view.
    length: usize,
}

impl<'a> Question<'a> {
    pub(super) fn new(
        view: &'a View,
        fields: &'a Known<'a>,
        find: &'a Find<'a>,
        order: Option<&'a Order>,
        source: Source,
    ) -> Self {
        let covered = fields.values().map(|field| field.column(source).covered() as usize);
        let length = covered.fold(source.length(view), usize::max);
        Self { view, fields, find, order, source, length }
    }

    /// The records whose rows pass, of those whose rows live.
    pub(super) fn answer(&self, node: &Node) -> Set {
        let mut set = self.set(node);
        set.resize(self.source.length(self.view), &[]);
        set
    }

    fn set(&self, node: &Node) -> Set {
        match node {
            Node::And(nodes) => {
                let mut all = None;
                for node in nodes {
                    let set = self.set(node);
                    let both = match all {
                        Some(all) => Set::intersect(all, set),
                        None => set,
                    };
                    if both.is_none() {
                        return both;
                    }
                    all = Some(both);
                }
                all.unwrap_or_else(|| Set::all(self.length))
            }
            Node::Or(nodes) => nodes
                .iter()
                .map(|node| self.set(node))
                .reduce(|any, set| any.unite(set, self.length))
                .unwrap_or_else(Set::none),
            Node::Not(node) => self.set(node).complement(self.length),
            Node::Test(Path::Id, test) => self.ids(test),
            Node::Test(path, test) => match self.fields.get(path) {
                Some(field) => field.column(self.source).collect(test, self.length),
                None => self.scan(|record| {
                    let text = self.source.text(self.view, record);
                    test.holds(&Found::of(text, path.text()).into_operand())
                }),
            },
        }
    }

    fn ids(&self, test: &Test) -> Set {
        if let (Test::In(ids), Source::Rows) = (test, self.source)
            && let Some(slots) = (self.find)(ids)
        {
            return Set::of(slots, self.length);
        }
        if let (Some(order), Source::Rows) = (self.order, self.source) {
            let mut gather = Gather::new(self.length);
            if order.collect(self.view, test, &mut gather) {
                return gather.finish();
            }
        }
        self.scan(|record| {
            let id = self.view.id(self.source.slot(self.view, record));
            test.holds(&Operand::One(Scalar::Text(id.into())))
        })
    }

    fn scan(&self, passes: impl Fn(u32) -> bool) -> Set {
        let mut gather = Gather::new(self.length);
        let records = 0..self.source.length(self.view) as u32;
        records.filter(|&record| passes(record)).for_each(|record| gather.add(&[record]));
        gather.finish()
    }
}
