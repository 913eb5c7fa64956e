//! Filters by which rows are deleted, and what they mean: by the text of the metadata, not by the crate's evaluator.

use vectord::registry::Filter;

use super::batch::marked;
use crate::support::numbers::Seeded;

/// Which rows go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passing {
    /// Those whose metadata names a batch from this one on, below that one.
    Marked { from: u64, below: u64 },
    /// Those whose metadata names none.
    Unmarked,
    /// Those whose ids begin so.
    Prefix(String),
}

impl Passing {
    /// Draws one that tends to leave something.
    pub fn draw(random: &mut Seeded, number: u64) -> Self {
        match random.below(4) {
            0 => Self::Unmarked,
            1 => Self::Prefix(format!("own-{}", random.below(3))),
            2 => Self::Prefix(format!("shared-{}", random.below(10))),
            _ => {
                let from = random.below(number as usize + 1) as u64;
                Self::Marked { from, below: from + 1 + random.below(60) as u64 }
            }
        }
    }

    pub fn filter(&self) -> Filter {
        let text = match self {
            Self::Marked { from, below } => format!(r#"{{"batch":{{"$gte":{from},"$lt":{below}}}}}"#),
            Self::Unmarked => r#"{"$not":{"batch":{"$exists":true}}}"#.to_owned(),
            Self::Prefix(prefix) => format!(r#"{{"$id":{{"$prefix":"{prefix}"}}}}"#),
        };
        Filter::parse(&text).expect("a filter")
    }

    pub fn passes(&self, id: &str, metadata: Option<&str>) -> bool {
        match self {
            Self::Marked { from, below } => {
                metadata.and_then(marked).is_some_and(|n| n >= *from && n < *below)
            }
            Self::Unmarked => metadata.and_then(marked).is_none(),
            Self::Prefix(prefix) => id.starts_with(prefix.as_str()),
        }
    }
}
