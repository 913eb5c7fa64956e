//! Metadata: any JSON value, kept as compact text.
//!
//! The text is stored, not a parsed value, because parsing would lose `1.0`, big integers and the
//! order of keys. Only white space between tokens is dropped.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::limits::{MAX_METADATA_BYTES, MAX_METADATA_DEPTH};
use crate::error::{Error, Result};

/// Checks that `text` is one JSON value within the limits and returns it without white space between tokens.
pub fn compact_metadata(text: &str) -> Result<Cow<'_, str>> {
    if text.len() > 4 * MAX_METADATA_BYTES {
        return Err(too_long(text.len()));
    }
    let depth = depth(text);
    if depth > MAX_METADATA_DEPTH {
        return Err(Error::invalid(format!(
            "metadata nests too deeply: at most {MAX_METADATA_DEPTH} levels, got {depth}"
        )));
    }
    serde_json::from_str::<IgnoredAny>(text)
        .map_err(|error| Error::invalid(format!("metadata is not JSON: {error}")))?;
    let compact = strip(text);
    if compact.len() > MAX_METADATA_BYTES {
        return Err(too_long(compact.len()));
    }
    Ok(compact)
}

fn too_long(bytes: usize) -> Error {
    Error::invalid(format!("metadata is too long: at most {MAX_METADATA_BYTES} bytes, got {bytes}"))
}

/// Walks the bytes of JSON text, telling for each whether it stands inside a string.
fn outside_strings(text: &str) -> impl Iterator<Item = (u8, bool)> {
    let (mut inside, mut escaped) = (false, false);
    text.bytes().map(move |byte| {
        let was_inside = inside;
        match (inside, escaped, byte) {
            (true, true, _) => escaped = false,
            (true, false, b'\\') => escaped = true,
            (_, false, b'"') => inside = !inside,
            _ => {}
        }
        (byte, !was_inside && !inside)
    })
}

fn depth(text: &str) -> usize {
    let (mut now, mut deepest) = (0usize, 0);
    for (byte, outside) in outside_strings(text) {
        match (outside, byte) {
            (true, b'{' | b'[') => {
                now += 1;
                deepest = deepest.max(now);
            }
            (true, b'}' | b']') => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn strip(text: &str) -> Cow<'_, str> {
    let is_space = |byte: u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    if !outside_strings(text).any(|(byte, outside)| outside && is_space(byte)) {
        return Cow::Borrowed(text);
    }
    let kept: Vec<u8> = outside_strings(text)
        .filter(|&(byte, outside)| !(outside && is_space(byte)))
        .map(|(byte, _)| byte)
        .collect();
    Cow::Owned(String::from_utf8(kept).expect("dropping ASCII bytes keeps UTF-8 valid"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_kept_but_for_space_between_tokens() {
        for (given, kept) in [
            (
                r#"{ "b" : 1.0, "a" : [ 1 , 12345678901234567890123 ] }"#,
                r#"{"b":1.0,"a":[1,12345678901234567890123]}"#,
            ),
            (r#"" a \" \\ b ""#, r#"" a \" \\ b ""#),
            ("\n null \t", "null"),
            ("{}", "{}"),
        ] {
            assert_eq!(compact_metadata(given).expect(given), kept);
        }
    }

    #[test]
    fn what_is_not_one_json_value_is_refused() {
        for bad in ["", "{", "{'a':1}", "1 2", "nul", "[1,]", "\"\u{1}\"", "NaN"] {
            assert!(compact_metadata(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn limits_are_named() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(compact_metadata(&nested(16)).is_ok());
        assert!(compact_metadata(&nested(17)).unwrap_err().to_string().contains("at most 16 levels, got 17"));
        let long = |n: usize| format!("\"{}\"", "x".repeat(n - 2));
        assert!(compact_metadata(&long(65_536)).is_ok());
        assert!(
            compact_metadata(&long(65_537))
                .unwrap_err()
                .to_string()
                .contains("at most 65536 bytes, got 65537")
        );
    }

    proptest! {
        #[test]
        fn compact_text_means_the_same_value(text in ".{0,40}") {
            if let Ok(value) = serde_json::from_str::<serde_json::Value>(&text) {
                let compact = compact_metadata(&text).expect("small valid JSON");
                prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&compact).unwrap(), value);
            } else {
                prop_assert!(compact_metadata(&text).is_err());
            }
        }

        #[test]
        fn pretty_printing_and_compacting_are_inverse(keys in proptest::collection::vec("[a-z \\\\\"]{0,5}", 0..5)) {
            let map: serde_json::Map<_, _> = keys.into_iter().map(|key| (key.clone(), key.into())).collect();
            let compact = serde_json::to_string(&map).unwrap();
            let pretty = serde_json::to_string_pretty(&map).unwrap();
            prop_assert_eq!(compact_metadata(&pretty).unwrap(), compact);
        }
    }
}
