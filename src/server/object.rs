//! What stands in bodies, read strictly: objects that lists do not pass for, integers, borrowed strings.
//!
//! Errors speak of JSON, never of a type of ours.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Unexpected, Visitor};

/// A `T` written as an object. A struct alone would be read from a list of its fields too.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let mut entered = false;
        let read = source.deserialize_map(Fields { entered: &mut entered, object: PhantomData });
        if entered { read.map(Self) } else { Err(D::Error::custom("must be an object")) }
    }
}

struct Fields<'e, T> {
    entered: &'e mut bool,
    object: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<'_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        *self.entered = true;
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// A whole number. It is wide, so that what is out of range is told with the range.
#[derive(Clone, Copy)]
pub(super) struct Integer(pub(super) i64);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_i64(Digits).map(Self)
    }
}

struct Digits;

impl Visitor<'_> for Digits {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<i64, E> {
        Ok(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<i64, E> {
        i64::try_from(value)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &"an integer below 2^63"))
    }
}

/// A string, borrowed unless it holds escapes. In an `Option` a [`Cow`] alone would always be copied.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct One<'a> {
        #[serde(borrow)]
        id: Option<Text<'a>>,
    }

    #[test]
    fn a_list_of_fields_is_no_object() {
        let Object(One { id }) = serde_json::from_str(r#" {"id":"a"} "#).unwrap();
        assert!(matches!(id, Some(Text(Cow::Borrowed("a")))));
        for text in [r#"["a"]"#, "[]", "1", r#""a""#, "null", "true"] {
            let error = serde_json::from_str::<Object<One<'_>>>(text).err().unwrap();
            assert_eq!(error.to_string(), "must be an object", "{text}");
        }
    }

    #[test]
    fn what_is_no_integer_is_told_without_a_type_of_rust() {
        let read = |text| serde_json::from_str::<Integer>(text).map(|Integer(value)| value);
        assert_eq!(read("-3").unwrap(), -3);
        for text in ["1.5", "\"1\"", "null", "[1]", "1e3", "123456789012345678901234567890"] {
            assert!(read(text).unwrap_err().to_string().contains("expected an integer at"), "{text}");
        }
        assert!(read("9223372036854775808").unwrap_err().to_string().contains("below 2^63"));
    }
}
