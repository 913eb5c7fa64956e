//! Where a condition looks: the row's id, or a field of its metadata by the names that lead to it.
//!
//! A dot goes into an object. A name that holds a dot itself cannot be written, nor can a place in a list.

use serde_json::Value;

/// The name of the id in filters.
pub(super) const ID: &str = "$id";

/// A field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Path {
    /// The row's id.
    Id,
    /// Names joined by dots, none of them empty.
    Field(Box<str>),
}

impl Path {
    /// The path written as `text`, unless a name of it is empty.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == ID {
            return Some(Self::Id);
        }
        if text.split('.').any(str::is_empty) { None } else { Some(Self::Field(text.into())) }
    }

    /// What the path leads to in metadata; the id is not there.
    pub(super) fn find<'a>(&self, metadata: Option<&'a Value>) -> Option<&'a Value> {
        match self {
            Self::Id => None,
            Self::Field(names) => names.split('.').try_fold(metadata?, |at, name| at.as_object()?.get(name)),
        }
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::Id => ID,
            Self::Field(names) => names,
        }
    }
}
