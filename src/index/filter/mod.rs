//! Filters: which rows a search may find, by their metadata and ids.
//!
//! [`Filter`] is parsed from JSON, whoever sends it. `eval.rs` says what it means, row by row, and is the oracle
//! of the indexes over fields, which say it for all rows at once.

mod ast;
mod eval;
mod fields;
mod number;
mod operand;
mod parse;
mod path;
mod scalar;
mod strict;
mod test;

pub use self::ast::Filter;
pub(super) use self::fields::{Fields, Matches};
pub use self::parse::{MAX_DEPTH, MAX_NODES, MAX_VALUES};
