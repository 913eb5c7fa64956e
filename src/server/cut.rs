//! The vectors of a search, taken out of its body before that is parsed: their digits are most of it, and are looked at
//! once instead of three times.
//!
//! In their place a list of nothing is left. Where that does not parse, or there is nothing to cut, the body is parsed as
//! it came, and that says what is wrong: cutting decides how fast a body is read and never what it means.

use super::numbers::{list, lists, space};

/// A body without its vectors.
pub(super) struct Cut {
    /// The text with an empty list where they were.
    pub(super) rest: Vec<u8>,
    /// Their components.
    pub(super) values: Vec<f32>,
}

/// Cuts the list of numbers out of the field `vector`, or out of `vectors` the list of lists of `dimension` numbers.
pub(super) fn cut(text: &[u8], dimension: usize) -> Option<Cut> {
    let mut at = step(text, space(text, 0), b'{')?;
    loop {
        at = space(text, at);
        let begin = step(text, at, b'"')?;
        at = string_end(text, begin)?;
        let key = &text[begin..at - 1];
        at = space(text, step(text, space(text, at), b':')?);
        let mut values = Vec::new();
        let bytes = match key {
            b"vector" | b"vectors" => {
                values.reserve(dimension);
                let of_one = key == b"vector";
                if of_one {
                    list(&text[at..], &mut values)
                } else {
                    lists(&text[at..], dimension, &mut values)
                }
            }
            _ => None,
        };
        if let Some(bytes) = bytes {
            return Some(Cut { rest: [&text[..at], b"[]", &text[at + bytes..]].concat(), values });
        }
        at = step(text, space(text, value_end(text, at)?), b',')?;
    }
}

/// After `byte`, if it stands `at`.
fn step(text: &[u8], at: usize, byte: u8) -> Option<usize> {
    (text.get(at) == Some(&byte)).then_some(at + 1)
}

/// After the quote that ends the string whose text begins `at`.
fn string_end(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Where the value ends that begins `at`: before the comma or brace at its own depth.
fn value_end(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        match text.get(at)? {
            b'"' => at = string_end(text, at + 1)?,
            b'[' | b'{' => (depth, at) = (depth + 1, at + 1),
            b',' | b'}' if depth == 0 => return Some(at),
            b']' | b'}' => (depth, at) = (depth.checked_sub(1)?, at + 1),
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_taken_out_wherever_they_stand() {
        for (text, rest, values) in [
            (r#"{"vector":[1,2]}"#, r#"{"vector":[]}"#, vec![1.0, 2.0]),
            (
                r#" { "k" : 3 , "vector" : [ 1 ] , "ef":9} "#,
                r#" { "k" : 3 , "vector" : [] , "ef":9} "#,
                vec![1.0],
            ),
            (
                r#"{"filter":{"vector":[7],"a":"}\",["},"vector":[1]}"#,
                r#"{"filter":{"vector":[7],"a":"}\",["},"vector":[]}"#,
                vec![1.0],
            ),
            (r#"{"vectors":[[1,2],[3,4]],"k":1}"#, r#"{"vectors":[],"k":1}"#, vec![1.0, 2.0, 3.0, 4.0]),
            (r#"{"vector":null,"vectors":[]}"#, r#"{"vector":null,"vectors":[]}"#, vec![]),
        ] {
            let cut = cut(text.as_bytes(), 2).expect(text);
            assert_eq!((std::str::from_utf8(&cut.rest).unwrap(), cut.values), (rest, values), "{text}");
        }
    }

    #[test]
    fn where_there_is_nothing_to_cut_nothing_is() {
        for text in [
            "",
            "{",
            "{}",
            "[]",
            "{\"vector\"",
            "{\"vector\":",
            "{\"vector\":[1",
            "{\"vector\":[1,\"2\"]}",
            "{\"vector\":[1e39]}",
            "{\"vectors\":[[1,2],[3]]}",
            "{\"vect\\u006fr\":[1]}",
            "{\"id\":\"a\"}",
            "{\"k\":]1,\"vector\":[1]}",
            "{\"a\\",
        ] {
            assert!(cut(text.as_bytes(), 2).is_none(), "{text}");
        }
    }
}
