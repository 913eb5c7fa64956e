//! From JSON to a filter, within limits, with an error that says where.
//!
//! An object's conditions all hold. A field's value is an object of operators, or a scalar, which is `$eq`.

use std::ops::Bound;

use serde_json::{Map, Value};

use super::ast::{Filter, Node};
use super::path::Path;
use super::scalar::Scalar;
use super::strict::Strict;
use super::test::Test;
use crate::error::{Error, Result};

/// Conditions, `$and`, `$or` and `$not` of one filter, at most.
pub const MAX_NODES: usize = 256;

/// How deep `$and`, `$or` and `$not` may nest.
pub const MAX_DEPTH: usize = 16;

/// Values in all lists of one filter, at most.
pub const MAX_VALUES: usize = 10_000;

/// Longer text is no filter within the limits, or one of needlessly long strings.
const MAX_BYTES: usize = 1 << 20;

const OPERATORS: &str = "$eq $ne $gt $gte $lt $lte $in $nin $exists $contains $any $all $prefix, and $and $or $not around conditions";

impl Filter {
    /// The filter written as JSON text. `InvalidArgument` says what is wrong with it, and where.
    ///
    /// ```
    /// # use vectord::index::Filter;
    /// let recent = Filter::parse(r#"{"lang": "en", "year": {"$gte": 2020}}"#)?;
    /// assert!(recent.matches("a", Some(r#"{"lang": "en", "year": 2024}"#)));
    /// assert!(!recent.matches("b", Some(r#"{"lang": "en"}"#)));
    /// # Ok::<(), vectord::error::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_BYTES {
            return Err(Error::invalid(format!(
                "filter is too long: at most {MAX_BYTES} bytes, got {}",
                text.len()
            )));
        }
        let Strict(value) = serde_json::from_str(text)
            .map_err(|error| Error::invalid(format!("filter is not JSON: {error}")))?;
        Self::from_value(&value)
    }

    /// The filter written as a JSON value.
    pub fn from_value(value: &Value) -> Result<Self> {
        let mut parser = Parser { nodes: 0, values: 0 };
        Ok(Self::new(parser.object(value, "filter", 1)?))
    }
}

struct Parser {
    nodes: usize,
    values: usize,
}

impl Parser {
    /// The conditions of an object; `depth` is that of the object, from 1.
    fn object(&mut self, value: &Value, place: &str, depth: usize) -> Result<Node> {
        if depth > MAX_DEPTH {
            return Err(Error::invalid(format!("filter nests too deeply: at most {MAX_DEPTH} levels")));
        }
        let Value::Object(conditions) = value else {
            return Err(wrong(place, "an object of conditions", value));
        };
        if conditions.is_empty() {
            // It is a condition, too: one that every row passes.
            self.count(place)?;
        }
        let mut nodes = Vec::with_capacity(conditions.len().min(MAX_NODES));
        for (name, value) in conditions {
            let place = format!("{place}[{:?}]", shown(name));
            match name.as_str() {
                "$and" => nodes.push(Node::And(self.objects(value, &place, depth)?)),
                "$or" => nodes.push(Node::Or(self.objects(value, &place, depth)?)),
                "$not" => {
                    self.count(&place)?;
                    nodes.push(Node::Not(Box::new(self.object(value, &place, depth + 1)?)));
                }
                name => self.field(name, value, &place, &mut nodes)?,
            }
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::And(nodes) })
    }

    fn objects(&mut self, value: &Value, place: &str, depth: usize) -> Result<Vec<Node>> {
        self.count(place)?;
        match value {
            Value::Array(objects) if !objects.is_empty() => {
                let parsed = objects
                    .iter()
                    .enumerate()
                    .map(|(at, value)| self.object(value, &format!("{place}[{at}]"), depth + 1));
                parsed.collect()
            }
            value => Err(wrong(place, "a list of at least one filter", value)),
        }
    }

    fn field(&mut self, name: &str, value: &Value, place: &str, nodes: &mut Vec<Node>) -> Result<()> {
        let path = match Path::parse(name) {
            Some(path) if path == Path::Id || !name.starts_with('$') => path,
            _ if name.starts_with('$') => {
                return Err(Error::invalid(format!(
                    "{place}: unknown operator {:?}: there are {OPERATORS}",
                    shown(name)
                )));
            }
            _ => {
                return Err(Error::invalid(format!(
                    "{place}: names between dots must not be empty, got {:?}",
                    shown(name)
                )));
            }
        };
        match value {
            Value::Object(operators) if operators.is_empty() => {
                Err(wrong(place, "a value or operators", value))
            }
            Value::Object(operators) => self.operators(&path, operators, place, nodes),
            value => {
                self.count(place)?;
                nodes.push(Node::Test(path, Test::In(vec![scalar(value, place)?])));
                Ok(())
            }
        }
    }

    fn operators(
        &mut self,
        path: &Path,
        operators: &Map<String, Value>,
        place: &str,
        nodes: &mut Vec<Node>,
    ) -> Result<()> {
        for (operator, value) in operators {
            if !operator.starts_with('$') {
                return Err(Error::invalid(format!(
                    "{place}: {:?} is no operator: reach into an object by {:?}",
                    shown(operator),
                    format!("{}.{}", shown(path.text()), shown(operator))
                )));
            }
            let place = format!("{place}[{:?}]", shown(operator));
            self.count(&place)?;
            let test = |test| Node::Test(path.clone(), test);
            let not = |test| Node::Not(Box::new(Node::Test(path.clone(), test)));
            nodes.push(match operator.as_str() {
                "$eq" => test(Test::In(vec![scalar(value, &place)?])),
                "$ne" => not(Test::In(vec![scalar(value, &place)?])),
                "$in" => test(Test::In(self.scalars(value, &place)?)),
                "$nin" => not(Test::In(self.scalars(value, &place)?)),
                "$gt" => test(Test::Between(Bound::Excluded(ordered(value, &place)?), Bound::Unbounded)),
                "$gte" => test(Test::Between(Bound::Included(ordered(value, &place)?), Bound::Unbounded)),
                "$lt" => test(Test::Between(Bound::Unbounded, Bound::Excluded(ordered(value, &place)?))),
                "$lte" => test(Test::Between(Bound::Unbounded, Bound::Included(ordered(value, &place)?))),
                "$exists" => match value {
                    Value::Bool(true) => test(Test::Exists),
                    Value::Bool(false) => not(Test::Exists),
                    value => return Err(wrong(&place, "true or false", value)),
                },
                "$contains" => test(Test::Contains(scalar(value, &place)?)),
                "$any" => test(Test::Any(self.scalars(value, &place)?)),
                "$all" => test(Test::All(self.scalars(value, &place)?)),
                "$prefix" => match value {
                    Value::String(prefix) => test(Test::Prefix(prefix.as_str().into())),
                    value => return Err(wrong(&place, "a string", value)),
                },
                operator => {
                    return Err(Error::invalid(format!(
                        "{place}: unknown operator {:?}: there are {OPERATORS}",
                        shown(operator)
                    )));
                }
            });
        }
        Ok(())
    }

    fn scalars(&mut self, value: &Value, place: &str) -> Result<Vec<Scalar>> {
        let Value::Array(values) = value else {
            return Err(wrong(place, "a list of scalars", value));
        };
        self.values += values.len();
        if self.values > MAX_VALUES {
            return Err(Error::invalid(format!(
                "{place}: the lists of a filter hold at most {MAX_VALUES} values in all, got {}",
                self.values
            )));
        }
        let mut scalars = values
            .iter()
            .enumerate()
            .map(|(at, value)| scalar(value, &format!("{place}[{at}]")))
            .collect::<Result<Vec<_>>>()?;
        scalars.sort_unstable();
        scalars.dedup();
        Ok(scalars)
    }

    fn count(&mut self, place: &str) -> Result<()> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Error::invalid(format!("{place}: a filter has at most {MAX_NODES} conditions")));
        }
        Ok(())
    }
}

/// As much of a name as a message can hold.
pub(super) fn shown(name: &str) -> &str {
    const ENOUGH: usize = 64;
    name.char_indices().nth(ENOUGH).map_or(name, |(end, _)| &name[..end])
}

fn scalar(value: &Value, place: &str) -> Result<Scalar> {
    Scalar::of(value).ok_or_else(|| wrong(place, "null, a boolean, a number or a string", value))
}

/// A scalar that is before or after others.
fn ordered(value: &Value, place: &str) -> Result<Scalar> {
    match value {
        Value::Number(_) | Value::String(_) => scalar(value, place),
        value => Err(wrong(place, "a number or a string", value)),
    }
}

fn wrong(place: &str, wanted: &str, got: &Value) -> Error {
    let got = match got {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(values) if values.is_empty() => "an empty list",
        Value::Array(_) => "a list",
        Value::Object(fields) if fields.is_empty() => "an empty object",
        Value::Object(_) => "an object",
    };
    Error::invalid(format!("{place}: give {wanted}, got {got}"))
}

#[cfg(test)]
mod tests;
