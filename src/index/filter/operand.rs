//! What a path leads to in one row: nothing, a scalar, a list or an object.
//!
//! Of a list its scalars count; nested lists and objects in it are there and equal to nothing.

use serde_json::Value;

use super::scalar::Scalar;

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand {
    Missing,
    One(Scalar),
    List(Vec<Scalar>),
    Object,
}

impl Operand {
    pub(super) fn of(value: Option<&Value>) -> Self {
        match value {
            None => Self::Missing,
            Some(Value::Object(_)) => Self::Object,
            Some(Value::Array(values)) => Self::List(values.iter().filter_map(Scalar::of).collect()),
            Some(value) => Scalar::of(value).map_or(Self::Object, Self::One),
        }
    }
}
