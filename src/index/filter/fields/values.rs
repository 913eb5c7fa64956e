//! The distinct values of a field and how many rows have each.
//!
//! They are told from the field where it fits, else from the rows.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::super::path::Path;
use super::super::scalar::Scalar;
use super::bits::Bits;
use super::extract::{Found, Token};
use super::source::{Field, Source};
use crate::index::view::View;

/// The values of `path` in the living rows of `view`, most frequent first, equally frequent ones in their order;
/// `limit` at most. A row counts once for its value, or for each distinct scalar of its list.
pub(in crate::index) fn values(
    view: &View,
    path: &Path,
    field: Option<&Field>,
    limit: usize,
) -> Vec<(Scalar, usize)> {
    let counts = match field {
        Some(field) => counted(view, field),
        None => looked_at(view, path),
    };
    let mut values: Vec<_> = counts.into_iter().map(|(value, count)| (Reverse(count), value)).collect();
    if limit < values.len() {
        values.select_nth_unstable(limit);
        values.truncate(limit);
    }
    values.sort_unstable();
    values.into_iter().map(|(Reverse(count), value)| (value, count)).collect()
}

fn counted(view: &View, field: &Field) -> HashMap<Scalar, usize> {
    let mut counts = HashMap::new();
    for source in [Source::Rows, Source::Updates] {
        let current = current(view, source);
        for segment in field.column(source).segments() {
            for table in [&segment.is, &segment.has] {
                for (term, value) in (0..table.terms()).filter_map(|term| Some((term, table.scalar(term)?))) {
                    let count = table.count_among(term, current.words());
                    if count > 0 {
                        *counts.entry(value).or_default() += count;
                    }
                }
            }
        }
    }
    counts
}

/// The records that say what living rows have now, each row once.
fn current(view: &View, source: Source) -> Bits {
    let length = source.length(view);
    let mut current = Bits::none(length);
    for record in 0..length as u32 {
        let slot = source.slot(view, record);
        let number = match source {
            Source::Rows => view.records.first[record as usize],
            Source::Updates => view.records.updates[record as usize].number,
        };
        if view.alive.contains(slot) && view.metadata_of.get(slot as usize) == number {
            current.insert(record);
        }
    }
    current
}

fn looked_at(view: &View, path: &Path) -> HashMap<Scalar, usize> {
    let mut counts = HashMap::new();
    for slot in view.alive.iter() {
        let tokens = match Found::of(view.metadata(slot), path.text()) {
            Found::Missing | Found::Object => continue,
            Found::One(token) => vec![token],
            Found::List(tokens) => tokens,
        };
        let mut scalars: Vec<Scalar> = tokens.into_iter().map(Token::into_scalar).collect();
        scalars.sort_unstable();
        scalars.dedup();
        for scalar in scalars {
            *counts.entry(scalar).or_default() += 1;
        }
    }
    counts
}
