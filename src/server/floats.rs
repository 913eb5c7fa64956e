//! Vectors as JSON, with the component that is at fault.
//!
//! [`RawValue`] has checked that the text is JSON. What `numbers.rs` does not read is cut at its commas to say why.

use serde_json::value::RawValue;

use super::numbers;
use crate::error::{Error, Result};

/// Replaces `into` by the numbers of a JSON list. `InvalidArgument` names the first component that is no
/// number or is beyond f32.
pub(super) fn floats(raw: Option<&RawValue>, into: &mut Vec<f32>) -> Result<()> {
    into.clear();
    let text = raw.map_or("null", RawValue::get);
    if numbers::list(text.as_bytes(), into).is_some() {
        return Ok(());
    }
    into.clear();
    let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else {
        return Err(Error::invalid(if text == "null" {
            "vector is missing"
        } else {
            "vector is not a list of numbers"
        }));
    };
    // A comma inside a nested list or a string is never reached: the piece before it is no number.
    for (at, piece) in inner.split(',').enumerate() {
        let piece = piece.trim_ascii();
        let digits = piece.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        match piece.parse::<f32>() {
            Ok(value) if digits && value.is_finite() => {}
            Ok(_) if digits => {
                return Err(Error::invalid(format!("vector[{at}] is infinite: {piece} is beyond f32")));
            }
            Ok(_) | Err(_) => return Err(Error::invalid(format!("vector[{at}] is not a number"))),
        }
    }
    Err(Error::invalid("vector is not a list of numbers"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Vec<f32>> {
        let raw: &RawValue = serde_json::from_str(text).unwrap();
        let mut values = vec![7.0];
        floats(Some(raw), &mut values).map(|()| values)
    }

    #[test]
    fn numbers_are_rounded_once() {
        // Between 1 and the next f32, above the middle by less than f64 can hold: twice rounded it becomes 1.
        assert_eq!(read("[1.00000005960464477540]").unwrap(), [1.000_000_1]);
        assert_eq!(read(" [ 1 , -2.5e0,\n3E2 , 1e-60] ").unwrap(), [1.0, -2.5, 300.0, 0.0]);
        assert_eq!(read("[]").unwrap(), [0.0; 0]);
    }

    #[test]
    fn the_component_at_fault_is_named() {
        for (text, says) in [
            ("[0, 0, 0, 1e39]", "vector[3] is infinite: 1e39 is beyond f32"),
            ("[1, -1e400]", "vector[1] is infinite"),
            ("[1, null]", "vector[1] is not a number"),
            (r#"["1,2"]"#, "vector[0] is not a number"),
            ("[1, [2, 3]]", "vector[1] is not a number"),
            ("[true]", "vector[0] is not a number"),
            ("{}", "not a list"),
            ("null", "vector is missing"),
            ("3", "not a list"),
        ] {
            assert!(read(text).unwrap_err().to_string().contains(says), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_printed_is_read_bit_for_bit(values in proptest::collection::vec(proptest::num::f32::NORMAL | proptest::num::f32::SUBNORMAL | proptest::num::f32::ZERO, 0..20)) {
            let read = read(&serde_json::to_string(&values).unwrap()).unwrap();
            prop_assert_eq!(read.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), values.iter().map(|v| v.to_bits()).collect::<Vec<_>>());
        }
    }
}
