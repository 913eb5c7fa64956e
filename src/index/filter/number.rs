//! JSON numbers, compared by value: `1`, `1.0` and `10e-1` are one, and no integer is rounded to a double.
//!
//! Integers beyond 64 bits are what JSON readers make of them: doubles.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// A number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Integer(i128),
    /// Finite, and no integer that the other could hold.
    Float(f64),
}

/// Below it every integral double is an `i128`.
const WHOLE: f64 = 1e38;

impl Number {
    pub(super) fn of(number: &serde_json::Number) -> Self {
        let integer = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        integer.map_or_else(|| Self::float(number.as_f64().unwrap_or(f64::MAX)), Self::Integer)
    }

    /// As JSON: an integer where it is one of 64 bits.
    pub(super) fn into_value(self) -> serde_json::Value {
        match self {
            Self::Integer(value) => i64::try_from(value)
                .map(Into::into)
                .or_else(|_| u64::try_from(value).map(Into::into))
                .unwrap_or_else(|_| (value as f64).into()),
            Self::Float(value) => value.into(),
        }
    }

    /// A finite double.
    pub(super) fn float(value: f64) -> Self {
        if value.fract() == 0.0 && value.abs() < WHOLE {
            Self::Integer(value as i128)
        } else {
            Self::Float(value)
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (*self, *other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(&b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(&b),
            (Self::Integer(a), Self::Float(b)) => against(a, b),
            (Self::Float(a), Self::Integer(b)) => against(b, a).reverse(),
        }
    }
}

/// An integer against a double that is none, or lies beyond all of them.
fn against(integer: i128, float: f64) -> Ordering {
    if float.abs() >= WHOLE {
        return if float > 0.0 { Ordering::Less } else { Ordering::Greater };
    }
    // The integers nearest to it on both sides are apart by one, and it is neither.
    if integer <= float.floor() as i128 { Ordering::Less } else { Ordering::Greater }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Integer(value) => value.hash(state),
            Self::Float(value) => value.to_bits().hash(state),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Number {
        Number::of(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn numbers_are_compared_by_value() {
        for same in [["1", "1.0"], ["0", "-0.0"], ["1e3", "1000"], ["9007199254740993", "9007199254740993"]] {
            assert_eq!(number(same[0]), number(same[1]), "{same:?}");
        }
        let ascending = [
            "-1e300",
            "-18446744073709551615",
            "-9223372036854775808",
            "-1.5",
            "-1",
            "-0.5",
            "0",
            "5e-324",
            "0.5",
            "1",
            "1.5",
            "9007199254740992",
            "9007199254740993",
            "18446744073709551615",
            "1e37",
            "1e38",
            "1e300",
        ];
        for (at, low) in ascending.iter().enumerate() {
            for high in &ascending[at + 1..] {
                assert!(number(low) < number(high), "{low} {high}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_order_is_total(values in proptest::collection::vec(prop_oneof![
            any::<i64>().prop_map(|value| value.to_string()),
            (-1e4..1e4).prop_map(|value: f64| value.to_string()),
            (-40_i64..40).prop_map(|value| (value as f64 / 4.0).to_string()),
        ], 3)) {
            let mut numbers: Vec<Number> = values.iter().map(|text| number(text)).collect();
            numbers.sort_unstable();
            prop_assert!(numbers[0] <= numbers[1] && numbers[1] <= numbers[2] && numbers[0] <= numbers[2]);
            for text in &values {
                prop_assert_eq!(number(text), Number::float(text.parse::<f64>().unwrap()).min(number(text)).max(number(text)));
            }
        }
    }
}
