//! One condition on one field.
//!
//! A missing field or one of another kind fails every test; so `$ne` and `$nin`, which the parser makes of the
//! negation, hold there.

use std::ops::Bound;

use super::operand::Operand;
use super::scalar::Scalar;

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Test {
    /// `$eq`, `$in`: it is one of these, sorted.
    In(Vec<Scalar>),
    /// `$gt`, `$gte`, `$lt`, `$lte`: it is of the kind of the bounds and between them.
    Between(Bound<Scalar>, Bound<Scalar>),
    /// `$exists`.
    Exists,
    /// `$contains`: a list that has it, or a text that it is part of.
    Contains(Scalar),
    /// `$any`: a list that has one of these.
    Any(Vec<Scalar>),
    /// `$all`: a list that has all of these.
    All(Vec<Scalar>),
    /// `$prefix`.
    Prefix(Box<str>),
}

impl Test {
    /// Whether `operand` passes.
    pub(super) fn holds(&self, operand: &Operand) -> bool {
        match (self, operand) {
            (Self::Exists, operand) => *operand != Operand::Missing,
            (Self::In(values), Operand::One(value)) => values.binary_search(value).is_ok(),
            (Self::Between(low, high), Operand::One(value)) => {
                is_kind(low, value) && is_kind(high, value) && is_above(low, value) && is_below(high, value)
            }
            (Self::Contains(Scalar::Text(part)), Operand::One(Scalar::Text(text))) => text.contains(&**part),
            (Self::Contains(value), Operand::List(values)) => values.contains(value),
            (Self::Any(any), Operand::List(values)) => any.iter().any(|value| values.contains(value)),
            (Self::All(all), Operand::List(values)) => all.iter().all(|value| values.contains(value)),
            (Self::Prefix(prefix), Operand::One(Scalar::Text(text))) => text.starts_with(&**prefix),
            (
                Self::In(_)
                | Self::Between(..)
                | Self::Contains(_)
                | Self::Any(_)
                | Self::All(_)
                | Self::Prefix(_),
                Operand::Missing | Operand::One(_) | Operand::List(_) | Operand::Object,
            ) => false,
        }
    }
}

fn is_kind(bound: &Bound<Scalar>, value: &Scalar) -> bool {
    match bound {
        Bound::Included(bound) | Bound::Excluded(bound) => {
            std::mem::discriminant(bound) == std::mem::discriminant(value)
        }
        Bound::Unbounded => true,
    }
}

fn is_above(low: &Bound<Scalar>, value: &Scalar) -> bool {
    match low {
        Bound::Included(low) => value >= low,
        Bound::Excluded(low) => value > low,
        Bound::Unbounded => true,
    }
}

fn is_below(high: &Bound<Scalar>, value: &Scalar) -> bool {
    match high {
        Bound::Included(high) => value <= high,
        Bound::Excluded(high) => value < high,
        Bound::Unbounded => true,
    }
}
