//! Indexes over metadata fields: which rows of a view pass a filter, all at once.
//!
//! A field is read from the metadata when a filter first asks for it, and kept while there is room for it.

mod answers;
mod ask;
mod bits;
mod build;
mod column;
mod evaluate;
mod extract;
mod held;
mod matches;
mod merge;
mod order;
mod segment;
mod set;
mod source;
mod table;
mod terms;
#[cfg(test)]
mod tests;
mod values;

pub(in crate::index) use self::held::Fields;
pub(in crate::index) use self::matches::Matches;
