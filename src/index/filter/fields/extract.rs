//! What a path leads to in metadata text, without building the rest of it.
//!
//! The text is read whole and by the reader that makes values of it, so that this is what looking into a
//! parsed value gives: of equal keys the last counts, and text that is no JSON has no fields.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::super::number::Number;
use super::super::operand::Operand;
use super::super::scalar::Scalar;

/// A scalar as it stands in the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
}

/// An [`Operand`] of tokens.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found<'a> {
    Missing,
    One(Token<'a>),
    List(Vec<Token<'a>>),
    Object,
}

impl<'a> Found<'a> {
    /// What `names`, joined by dots, lead to in `text`.
    pub(super) fn of(text: Option<&'a str>, names: &str) -> Self {
        let Some(text) = text else { return Self::Missing };
        let mut reader = serde_json::Deserializer::from_str(text);
        let found = At(Some(names)).deserialize(&mut reader);
        found.and_then(|found| reader.end().map(|()| found)).unwrap_or(Self::Missing)
    }

    pub(super) fn into_operand(self) -> Operand {
        match self {
            Self::Missing => Operand::Missing,
            Self::One(token) => Operand::One(token.into_scalar()),
            Self::List(tokens) => Operand::List(tokens.into_iter().map(Token::into_scalar).collect()),
            Self::Object => Operand::Object,
        }
    }
}

impl Token<'_> {
    pub(super) fn into_scalar(self) -> Scalar {
        match self {
            Self::Null => Scalar::Null,
            Self::Bool(value) => Scalar::Bool(value),
            Self::Number(number) => Scalar::Number(number),
            Self::Text(text) => Scalar::Text(text.into()),
        }
    }
}

/// The value that is read next, or what these names lead to from it.
#[derive(Clone, Copy)]
struct At<'n>(Option<&'n str>);

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Found<'de>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Found<'de>, D::Error> {
        reader.deserialize_any(self)
    }
}

impl At<'_> {
    fn scalar(self, token: Token<'_>) -> Found<'_> {
        if self.0.is_none() { Found::One(token) } else { Found::Missing }
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Found<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Found<'de>, E> {
        Ok(self.scalar(Token::Null))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Found<'de>, E> {
        Ok(self.scalar(Token::Bool(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Found<'de>, E> {
        Ok(self.scalar(Token::Number(Number::Integer(value.into()))))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Found<'de>, E> {
        Ok(self.scalar(Token::Number(Number::Integer(value.into()))))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Found<'de>, E> {
        Ok(self.scalar(Token::Number(Number::float(value))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Found<'de>, E> {
        Ok(self.scalar(Token::Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Found<'de>, E> {
        Ok(self.scalar(Token::Text(Cow::Borrowed(text))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Found<'de>, A::Error> {
        if self.0.is_some() {
            while values.next_element::<Passed>()?.is_some() {}
            return Ok(Found::Missing);
        }
        let mut tokens = Vec::new();
        while let Some(value) = values.next_element_seed(self)? {
            match value {
                Found::One(token) => tokens.push(token),
                Found::Missing | Found::List(_) | Found::Object => {}
            }
        }
        Ok(Found::List(tokens))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Found<'de>, A::Error> {
        let Some(names) = self.0 else {
            while fields.next_entry::<Passed, Passed>()?.is_some() {}
            return Ok(Found::Object);
        };
        let (name, rest) = names.split_once('.').map_or((names, None), |(name, rest)| (name, Some(rest)));
        let mut found = Found::Missing;
        while let Some(is_it) = fields.next_key_seed(Named(name))? {
            if is_it {
                found = fields.next_value_seed(At(rest))?;
            } else {
                fields.next_value::<Passed>()?;
            }
        }
        Ok(found)
    }
}

/// Whether a key is this name.
struct Named<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Named<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Named<'_> {
    type Value = bool;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a key")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        Ok(text == self.0)
    }
}

/// A value that is read and not kept. It is checked as if it were: skipping would let pass what is no value.
struct Passed;

impl<'de> Deserialize<'de> for Passed {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Passed {
    type Value = Self;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Self, A::Error> {
        while values.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self, A::Error> {
        while fields.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::path::Path;
    use super::*;

    #[test]
    fn a_path_leads_where_it_leads_in_the_parsed_value() {
        let nested = format!("{{\"a\":1,\"z\":{}1{}}}", "[".repeat(126), "]".repeat(126));
        let deeper = format!("{{\"a\":1,\"z\":{}1{}}}", "[".repeat(127), "]".repeat(127));
        let texts = [
            r#"{"a":1,"b":{"c":[1,"x",null,[2],{"d":3}],"d":{}},"a.b":5}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"b":{"c":1},"b":{}}"#,
            r#"{"b":{"c":1},"b":{"c":{"d":"\u00e9\n"}}}"#,
            r#"{"\u0061":"escaped key","b":{"c":{"d":-0.0}}}"#,
            r#"{"a":18446744073709551615,"b":{"c":9007199254740993}}"#,
            r#"{"a":1e300,"b":-9223372036854775809}"#,
            r#"{"a":1,"z":1e999}"#,
            r#"{"a":1,"z":"\ud800"}"#,
            r#"{"a":1} 2"#,
            r#"{"a":1"#,
            "",
            "3",
            "null",
            r#"[{"a":1}]"#,
            &nested,
            &deeper,
        ];
        for text in texts {
            let value = serde_json::from_str::<serde_json::Value>(text).ok();
            for names in ["a", "b", "b.c", "b.c.d", "a.b", "z", "gone"] {
                let path = Path::parse(names).unwrap();
                let expected = Operand::of(path.find(value.as_ref()));
                assert_eq!(Found::of(Some(text), names).into_operand(), expected, "{names} in {text:.60}");
            }
        }
        assert_eq!(Found::of(None, "a"), Found::Missing);
    }
}
