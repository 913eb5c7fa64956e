//! Bodies of the form `{"items": [..]}`: each element is handed over as it is parsed, and errors know its number.
//!
//! So a batch is never held twice, and a malformed element is named like an inadmissible one.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::body::{expect_object, malformed};
use super::problem::{Problem, part, status};
use crate::error::{Error, Outcome, Part, Result};

/// Parses an object whose one field is the list `field`, and calls `each` with every element and its number.
/// Returns how many there were, `None` if the field is absent or null.
pub(super) fn list<'de, T: Deserialize<'de>>(
    text: &'de [u8],
    field: &'static str,
    each: impl FnMut(usize, T) -> Result<()>,
) -> Result<Option<usize>> {
    expect_object(text)?;
    let mut run = Run { field, each, at: 0, inside: false, refused: None, element: PhantomData };
    let mut source = serde_json::Deserializer::from_slice(text);
    let parsed = source.deserialize_map(Body(&mut run)).and_then(|count| source.end().map(|()| count));
    parsed.map_err(|error| match run.refused.take() {
        Some(refused) => refused,
        // Which part of the item it is stands in the message; over HTTP only the number is a member.
        // Where the text ends is no fault of the element after the last.
        None if run.inside && !error.is_eof() => Error::invalid(error.to_string()).at(run.at, Part::Id),
        None => malformed(&error),
    })
}

/// The same error; what it calls an item is one of the list `name` here.
pub(super) fn named(name: &str, error: Error) -> Problem {
    let Some(item) = error.item() else { return error.into() };
    let (kind, at) = (error.kind(), item.index);
    let renamed = Error::new(kind, format!("{name}[{at}]: {}", error.message()));
    let renamed = match error.outcome() {
        Outcome::Known => renamed,
        Outcome::Unknown => renamed.outcome_unknown(),
    };
    Problem::new(status(kind), renamed.caused_by(error))
        .with("item", at.into())
        .with("part", part(item.part).into())
}

struct Run<T, F> {
    field: &'static str,
    each: F,
    at: usize,
    inside: bool,
    refused: Option<Error>,
    element: PhantomData<T>,
}

struct Body<'r, T, F>(&'r mut Run<T, F>);

impl<'de, T: Deserialize<'de>, F: FnMut(usize, T) -> Result<()>> Visitor<'de> for Body<'_, T, F> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the list `{}`", self.0.field)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            if key != self.0.field {
                let field = self.0.field;
                return Err(A::Error::custom(format!("unknown field `{key}`, expected `{field}`")));
            }
            if found.is_some() {
                return Err(A::Error::duplicate_field(self.0.field));
            }
            found = Some(map.next_value_seed(Elements(&mut *self.0))?);
        }
        Ok(found.flatten())
    }
}

struct Elements<'r, T, F>(&'r mut Run<T, F>);

impl<'de, T: Deserialize<'de>, F: FnMut(usize, T) -> Result<()>> DeserializeSeed<'de> for Elements<'_, T, F> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de, T: Deserialize<'de>, F: FnMut(usize, T) -> Result<()>> Visitor<'de> for Elements<'_, T, F> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the list `{}`", self.0.field)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let run = self.0;
        run.inside = true;
        while let Some(element) = elements.next_element::<T>()? {
            if let Err(error) = (run.each)(run.at, element) {
                run.refused = Some(error);
                return Err(A::Error::custom("refused"));
            }
            run.at += 1;
        }
        run.inside = false;
        Ok(Some(run.at))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Err(A::Error::custom(format!("`{}` is an object, expected a list", self.0.field)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Result<(Option<usize>, Vec<u8>)> {
        let mut seen = Vec::new();
        let count = list(text.as_bytes(), "items", |at, number: u8| {
            assert_eq!(at, seen.len());
            seen.push(number);
            if number == 9 { Err(Error::invalid("nine").at(at, Part::Id)) } else { Ok(()) }
        })?;
        Ok((count, seen))
    }

    #[test]
    fn elements_come_in_order_and_an_absent_list_is_none() {
        assert_eq!(numbers(r#" {"items": [3, 1]} "#).unwrap(), (Some(2), vec![3, 1]));
        assert_eq!(numbers(r#"{"items":[]}"#).unwrap(), (Some(0), vec![]));
        assert_eq!(numbers(r#"{"items":null}"#).unwrap(), (None, vec![]));
        assert_eq!(numbers("{}").unwrap(), (None, vec![]));
    }

    #[test]
    fn what_is_wrong_with_an_element_names_it() {
        for (text, item, says) in [
            (r#"{"items":[1,2,"x"]}"#, Some(2), "expected u8"),
            (r#"{"items":[1,9]}"#, Some(1), "items[1]: nine"),
            (r#"{"items":[1,2"#, None, "EOF"),
            (r#"{"items":[1,"#, None, "EOF"),
            (r#"{"items":[1"#, None, "EOF"),
            (r#"{"items":[1],"items":[2]}"#, None, "duplicate field `items`"),
            (r#"{"items":[1],"more":2}"#, None, "unknown field `more`, expected `items`"),
            (r#"{"items":[1]} x"#, None, "trailing"),
            (r#"{"items":{}}"#, None, "expected a list"),
            ("[1]", None, "must be a JSON object"),
            ("", None, "empty"),
        ] {
            let error = numbers(text).unwrap_err();
            assert!(error.to_string().contains(says), "{text}: {error}");
            assert_eq!(error.item().map(|item| item.index), item, "{text}: {error:?}");
        }
    }
}
