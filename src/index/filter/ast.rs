//! The filter as it is worked with: conditions joined by and, or and not.
//!
//! How it is read is in `parse.rs`, what it means in `eval.rs`.

use std::sync::Arc;

use super::path::Path;
use super::test::Test;

/// Which rows a search may find. Cheap to clone; equal filters are equal in meaning, not only in text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Filter {
    pub(super) root: Arc<Node>,
}

/// A part of a filter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// Every one of them; of none, true.
    And(Vec<Node>),
    /// At least one of them.
    Or(Vec<Node>),
    Not(Box<Node>),
    Test(Path, Test),
}

impl Filter {
    pub(super) fn new(root: Node) -> Self {
        Self { root: Arc::new(root) }
    }

    /// Whether it is `{}`, which every row passes.
    pub fn is_empty(&self) -> bool {
        matches!(&*self.root, Node::And(nodes) if nodes.is_empty())
    }
}
