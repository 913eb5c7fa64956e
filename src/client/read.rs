//! Reading rows by what they are: got, counted, listed; and the figures of an index.
//!
//! Long answers are asked for in pieces. Each piece sees the index at least as it was for the one before, whichever
//! server answers; what is written between two of them, the later one sees.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Call, Effect, FRAME};
use super::index::{Fresh, RemoteIndex};
use super::write::{raw, shift};
use crate::error::Result;
use crate::frame::decode_rows_payload;
use crate::index::{Recall, RecallOptions, Row};

/// The longest body of ids that a service reads is 8 MiB.
const IDS_BYTES: usize = 4 << 20;
/// Rows of one answer: of the largest dimension, and with the longest metadata, half of what a service answers at most.
const PAGE: usize = 1_000;

/// Stored rows, and what stands beside them.
struct Page {
    rows: Vec<Row>,
    seq: u64,
    /// Others come after the last.
    more: bool,
}

#[derive(Deserialize)]
struct Count {
    count: usize,
}

#[derive(Deserialize)]
struct Counted {
    value: Value,
    count: usize,
}

#[derive(Deserialize)]
struct Values {
    values: Vec<Counted>,
}

#[derive(Deserialize)]
struct Measured {
    recall: f64,
    low: f64,
    high: f64,
    sample: usize,
    k: usize,
    ef: usize,
    seq: u64,
}

impl RemoteIndex {
    /// The rows of `ids` in their order, those that are there, bit for bit as they were given; of many, later ones may
    /// be of later entries of the log.
    pub fn get(&self, ids: &[String]) -> Result<Vec<Row>> {
        let (mut all, mut fresh) = (Vec::new(), Fresh::default());
        for (first, ids) in pieces(ids, IDS_BYTES, PAGE) {
            let call = Call::new(Method::POST, self.url_fresh(["get"], fresh), Effect::Reads);
            let page = self.page(call.json(&json!({ "ids": ids })));
            let Page { mut rows, seq, more: _ } = page.map_err(|error| shift(error, first))?;
            all.append(&mut rows);
            fresh.min_seq = Some(seq);
        }
        Ok(all)
    }

    /// The rows that `call` asks for, in the layout of the log.
    fn page(&self, call: Call) -> Result<Page> {
        let link = &self.at.link;
        let answer = link.send(&call.accept(FRAME))?;
        let told = decode_rows_payload(&answer.body).map_err(|error| link.strange(error.message()))?;
        if told.dimension() != self.params().dimension {
            return Err(link.strange(&format!("its rows have dimension {}", told.dimension())));
        }
        let seq = answer.header("x-vectord-seq").and_then(|seq| seq.parse().ok());
        let seq = seq.ok_or_else(|| link.strange("it does not tell its seq"))?;
        let row = |at| Row {
            id: told.id(at).into(),
            vector: told.vector(at).into(),
            metadata: told.metadata(at).map(Into::into),
        };
        let rows = (0..told.len()).map(row).collect();
        Ok(Page { rows, seq, more: answer.header("x-vectord-next").is_some() })
    }

    /// Whether `id` names a living row.
    pub fn contains(&self, id: &str) -> Result<bool> {
        let filter = json!({ "$id": id }).to_string();
        Ok(self.count(Some(&filter))? > 0)
    }

    /// How many rows pass the filter, given as JSON.
    pub fn count(&self, filter: Option<&str>) -> Result<usize> {
        let body = filter.map_or_else(|| Ok(json!({})), |filter| Ok(json!({ "filter": raw(filter)? })))?;
        let call = Call::new(Method::POST, self.url_fresh(["count"], Fresh::default()), Effect::Reads);
        let Count { count } = self.at.link.ask(&call.json(&body))?;
        Ok(count)
    }

    /// The first `limit` rows, of those that pass the filter, whose ids are greater than `after`, by id; beyond a
    /// thousand, later ones may be of later entries of the log.
    pub fn scan(&self, filter: Option<&str>, after: Option<&str>, limit: usize) -> Result<Vec<Row>> {
        let (mut all, mut fresh): (Vec<Row>, _) = (Vec::new(), Fresh::default());
        let mut is_last = false;
        while all.len() < limit && !is_last {
            let mut url = self.url_fresh(["items"], fresh);
            let mut query = url.query_pairs_mut();
            query.append_pair("limit", &(limit - all.len()).min(PAGE).to_string());
            if let Some(after) = all.last().map_or(after, |row| Some(&row.id)) {
                query.append_pair("after", after);
            }
            if let Some(filter) = filter {
                query.append_pair("filter", filter);
            }
            drop(query);
            let Page { mut rows, seq, more } = self.page(Call::get(url))?;
            is_last = rows.is_empty() || !more;
            all.append(&mut rows);
            fresh.min_seq = Some(seq);
        }
        Ok(all)
    }

    /// The distinct values of a metadata field and how many rows have each, most frequent first.
    pub fn values(&self, field: &str, limit: usize) -> Result<Vec<(Value, usize)>> {
        let mut url = self.url_fresh(["values"], Fresh::default());
        url.query_pairs_mut().append_pair("field", field).append_pair("limit", &limit.to_string());
        let Values { values } = self.at.link.ask(&Call::get(url))?;
        Ok(values.into_iter().map(|Counted { value, count }| (value, count)).collect())
    }

    /// Has the service measure how good its answers are. `filter` is the text of the options' own.
    pub fn recall(&self, options: &RecallOptions, filter: Option<&str>) -> Result<Recall> {
        let RecallOptions { sample, k, ef, filter: _, queries, seed } = options;
        let mut body = json!({ "sample": sample, "k": k, "seed": seed });
        if let Some(ef) = ef {
            body["ef"] = (*ef).into();
        }
        if let Some(text) = filter {
            body["filter"] = raw(text)?;
        }
        if let Some(queries) = queries {
            let rows = queries.chunks_exact(self.params().dimension as usize);
            body["queries"] = rows.map(Value::from).collect();
        }
        let call = Call::new(Method::POST, self.url_fresh(["recall"], Fresh::default()), Effect::Reads);
        let Measured { recall, low, high, sample, k, ef, seq } = self.at.link.ask(&call.json(&body))?;
        Ok(Recall { recall, low, high, sample, k, ef, seq })
    }

    /// The figures of the index, as the service tells them.
    pub fn stats(&self, digest: bool) -> Result<serde_json::Map<String, Value>> {
        let mut url = self.url(["stats"]);
        if digest {
            url.query_pairs_mut().append_pair("digest", "true");
        }
        self.at.link.ask(&Call::get(url))
    }
}

/// The ids in runs of at most `most`, of about `bytes` as JSON at most, each with the place of its first.
pub(super) fn pieces(ids: &[String], bytes: usize, most: usize) -> impl Iterator<Item = (usize, &[String])> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = &ids[from..];
        let mut sum = 0;
        let fits = |id: &&String| {
            // Quotes, a comma, and escapes of what is seldom in an id.
            sum += id.len() * 2 + 3;
            sum <= bytes
        };
        let count = rest.iter().take(most).take_while(fits).count().max(1).min(rest.len());
        let piece = (from, &rest[..count]);
        from += count;
        (count > 0).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_whole_in_order() {
        let ids: Vec<String> = (0..100).map(|at| "x".repeat(at)).collect();
        for (bytes, most) in [(1, 7), (50, 7), (1_000, 1), (1 << 20, usize::MAX)] {
            let mut next = 0;
            for (first, piece) in pieces(&ids, bytes, most) {
                assert!(first == next && !piece.is_empty() && piece.len() <= most);
                assert_eq!(piece, &ids[first..first + piece.len()]);
                next += piece.len();
            }
            assert_eq!(next, ids.len());
        }
        assert_eq!(pieces(&[], 10, 10).count(), 0);
    }
}
