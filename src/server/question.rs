//! What a search asks: read from a JSON body, or from raw rows and a query string.
//!
//! Both have the same options under the same names. One vector, or the id of a row, asks once and `k` gives way as in
//! the Go service; `vectors`, or raw rows, ask at once and get a list each, and `k` is refused where it is too large.

use axum::http::Uri;
use serde_json::value::RawValue;

use super::body::parse;
use super::cut::{Cut, cut};
use super::floats::floats;
use super::include;
use super::limits;
use super::object::Integer;
use super::query::{Fresh, asked, freshness};
use super::search_forms::{Beside, Body};
use crate::error::{Error, Part, Result};
use crate::registry::{Filter, Freshness, Include, SearchOptions};

const DEFAULT_K: i64 = 10;
const MOST_K: i64 = 1_000;
/// The most rows that one request may ask for: lists times `k`.
const MOST_HITS: usize = 4 << 20;

/// Who asks.
#[derive(Debug, PartialEq)]
pub(super) enum Asker {
    Vector(Vec<f32>),
    /// A stored row.
    Row(String),
    /// Rows of `dimension` components, one list each.
    Vectors(Vec<f32>),
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) asker: Asker,
    pub(super) options: SearchOptions,
    pub(super) fresh: Freshness,
}

impl Question {
    /// From a JSON body; how fresh the answer is to be may stand in the query string instead.
    pub(super) fn from_json(text: &[u8], uri: &Uri, dimension: usize) -> Result<Self> {
        if let Some(Cut { rest, values }) = cut(text, dimension)
            && let Ok(body) = parse(&rest)
        {
            return Self::from_body(body, Some(values), uri, dimension);
        }
        Self::from_body(parse(text)?, None, uri, dimension)
    }

    /// `values` are the components of the body's `vector` or `vectors`, where these were cut out.
    fn from_body(body: Body<'_>, values: Option<Vec<f32>>, uri: &Uri, dimension: usize) -> Result<Self> {
        let Body {
            vector,
            vectors,
            id,
            k,
            ef,
            recall,
            exact,
            filter,
            within,
            explain,
            include,
            min_seq,
            consistency,
        } = body;
        let asker = match (vector, vectors, id) {
            (None, Some(rows), None) => Asker::Vectors(values.map_or_else(|| matrix(&rows, dimension), Ok)?),
            (None, None, Some(id)) => Asker::Row(id),
            (vector, None, None) => {
                let read = || {
                    let mut query = Vec::with_capacity(dimension);
                    floats(vector, &mut query).map(|()| query)
                };
                Asker::Vector(values.map_or_else(read, Ok)?)
            }
            (_, _, _) => return Err(Error::invalid("give one of vector, vectors and id")),
        };
        let filter = filter.map(|text| Filter::parse(text.get())).transpose()?;
        let k = k.map(|Integer(k)| k);
        let k = if matches!(asker, Asker::Vectors(_)) { rows_each(k)? } else { rows(k) };
        let include = include
            .map_or(Ok(Include::default()), |names| include::named(names.iter().map(|name| &**name)))?;
        let ef = candidates(ef)?;
        let options = SearchOptions { k, ef, recall, exact, filter, within, explain, include };
        let fresh = match (min_seq, consistency, uri.query()) {
            (None, None, Some(_)) => asked::<Fresh>(uri)?.freshness()?,
            (_, _, Some(_)) => return Err(Error::invalid("give options in the body or in the query string")),
            (min_seq, consistency, None) => freshness(min_seq, consistency.as_deref())?,
        };
        Self { asker, options, fresh }.within_limits(dimension)
    }

    /// From f32 rows, little-endian, and the query string.
    pub(super) fn from_raw(bytes: &[u8], uri: &Uri, dimension: usize) -> Result<Self> {
        let Beside { k, ef, recall, exact, filter, within, explain, include, min_seq, consistency } =
            asked(uri)?;
        let row = dimension * size_of::<f32>();
        if !bytes.len().is_multiple_of(row) {
            let got = bytes.len();
            return Err(Error::invalid(format!(
                "the body is no rows of {dimension} f32: a row has {row} bytes, got {got} bytes in all"
            )));
        }
        let value = |word: &[u8]| f32::from_le_bytes(word.try_into().expect("chunks of exactly 4"));
        let asker = Asker::Vectors(bytes.chunks_exact(size_of::<f32>()).map(value).collect());
        let filter = filter.map(|text| Filter::parse(&text)).transpose()?;
        let k = rows_each(k.map(|Integer(k)| k))?;
        let include = include.map_or(Ok(Include::default()), |names| include::listed(&names))?;
        let ef = candidates(ef)?;
        let options = SearchOptions { k, ef, recall, exact, filter, within, explain, include };
        let fresh = freshness(min_seq, consistency.as_deref())?;
        Self { asker, options, fresh }.within_limits(dimension)
    }

    /// Whether it is like other searches of the index, so that how long those took tells how long it takes.
    pub(super) fn is_plain(&self, dimension: usize) -> bool {
        const USUAL: usize = 128;
        let SearchOptions { k, ef, recall, exact, filter, within, explain: _, include } = &self.options;
        let one = match &self.asker {
            Asker::Vector(_) | Asker::Row(_) => true,
            Asker::Vectors(values) => values.len() == dimension,
        };
        let near = *k <= USUAL && ef.is_none_or(|ef| ef <= USUAL) && recall.is_none();
        one && near && !exact && filter.is_none() && within.is_none() && !include.vector
    }

    fn within_limits(self, dimension: usize) -> Result<Self> {
        let lists = match &self.asker {
            Asker::Vectors(values) => values.len() / dimension,
            Asker::Vector(_) | Asker::Row(_) => 1,
        };
        let k = self.options.k;
        if lists.saturating_mul(k) > MOST_HITS {
            return Err(Error::invalid(format!(
                "too many rows are asked for at once: at most {MOST_HITS} (vectors x k), got {lists} x {k}"
            )));
        }
        if self.options.include.vector {
            limits::check_rows(lists * k, dimension as u32)?;
        }
        Ok(self)
    }
}

/// A list of lists of numbers as rows of `dimension` components. `InvalidArgument` names the row at fault.
pub(super) fn matrix(rows: &[&RawValue], dimension: usize) -> Result<Vec<f32>> {
    // A number takes two bytes of text with its comma: what claims to be more is refused before it takes memory.
    let numbers: usize = rows.iter().map(|row| row.get().len().div_ceil(2)).sum();
    let room = numbers.min(rows.len().saturating_mul(dimension));
    let (mut values, mut one) = (Vec::with_capacity(room), Vec::with_capacity(dimension));
    for (at, row) in rows.iter().enumerate() {
        floats(Some(row), &mut one).map_err(|error| error.at(at, Part::Vector))?;
        if one.len() != dimension {
            let got = one.len();
            let error = Error::invalid(format!("dimension mismatch: index has {dimension}, got {got}"));
            return Err(error.at(at, Part::Vector));
        }
        values.extend_from_slice(&one);
    }
    Ok(values)
}

pub(super) fn candidates(ef: Option<Integer>) -> Result<Option<usize>> {
    let least = |Integer(ef)| {
        usize::try_from(ef).map_err(|_| Error::invalid(format!("ef must be at least 1, got {ef}")))
    };
    ef.map(least).transpose()
}

/// As in the Go service: nothing and less than one is ten, and a thousand is the most.
fn rows(k: Option<i64>) -> usize {
    k.filter(|k| *k > 0).unwrap_or(DEFAULT_K).min(MOST_K) as usize
}

fn rows_each(k: Option<i64>) -> Result<usize> {
    let k = k.unwrap_or(DEFAULT_K);
    if (1..=MOST_K).contains(&k) {
        Ok(k as usize)
    } else {
        Err(Error::invalid(format!("k must be 1..={MOST_K} for vectors, got {k}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_means_the_same_whether_or_not_its_vectors_are_cut_out() {
        for text in [
            r#"{"vector":[1,2],"k":3}"#,
            r#"{"vectors":[[1,2],[3,4]],"filter":{"a":{"$in":["]","}"]}}}"#,
            r#"{"vectors":[],"vector":null}"#,
            r#"{"vector":[1,2],"vectors":[[1,2]]}"#,
            r#"{"vector":[1,2],"id":"a"}"#,
            r#"{"vector":[1,2],"vector":[3,4]}"#,
            r#"{"vector":[1,2],"vect\u006fr":[3,4]}"#,
            r#"{"vector":[1,"2"]}"#,
            r#"{"vector":[1,1e39]}"#,
            r#"{"vectors":[[1,2],[3]]}"#,
            r#"{"vector":[1,2],"unknown":1}"#,
            r#"{"vector":[1,2]} trailing"#,
            r#"{"vector":[1,2],}"#,
            r#"{"vector":[1,2],"k":0.5}"#,
            r#"{"filter":{"vector":[1,2]},"id":"a"}"#,
            r#"[{"vector":[1,2]}]"#,
            "",
        ] {
            let uri = Uri::from_static("/");
            let cut = Question::from_json(text.as_bytes(), &uri, 2);
            let whole = parse(text.as_bytes()).and_then(|body| Question::from_body(body, None, &uri, 2));
            assert_eq!(format!("{cut:?}"), format!("{whole:?}"), "{text}");
        }
    }
}
