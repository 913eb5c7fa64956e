//! Searching: queries go as the f32 they are, and what was found comes back as a VHT1 document.
//!
//! A search by id goes as JSON: it has no vector.

use bytes::Bytes;
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::call::{Call, Effect, RAW};
use super::index::{Fresh, RemoteIndex};
use super::link::Link;
use super::write::{raw, shift};
use crate::error::{Error, Result};
use crate::frame::{HitListRef, decode_hits};
use crate::index::{Explanation, Hits, Path};

/// The most rows that a service finds for one query.
pub const MAX_K: usize = 1_000;

/// How to search.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// How many rows, at most [`MAX_K`].
    pub k: usize,
    /// The candidate list's length.
    pub ef: Option<usize>,
    /// The mean recall@k to choose the candidate list for; not together with `ef`.
    pub recall: Option<f64>,
    /// Compare every row.
    pub exact: bool,
    /// A filter as JSON.
    pub filter: Option<String>,
    /// Only rows at most so far.
    pub within: Option<f32>,
    /// Say what the search did.
    pub explain: bool,
    /// How fresh the read must be.
    pub fresh: Fresh,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// One for each query.
    pub hits: Vec<Hits>,
    /// The entry of the log after which the index was searched.
    pub seq: u64,
    /// Whether every write acknowledged anywhere before was seen.
    pub strong: bool,
}

#[derive(Deserialize)]
struct Explained {
    matches: Option<usize>,
    path: String,
    scanned: usize,
    distances: usize,
    ef: usize,
    exact: bool,
}

/// About how long the body of one request and the answer to it may become.
const BODY_BYTES: usize = 32 << 20;
const ANSWER_HITS: usize = 1 << 20;
/// Options beyond this go with the vectors in a JSON body: few servers read longer addresses.
const ADDRESS_BYTES: usize = 4 << 10;

impl RemoteIndex {
    /// The nearest rows to each row of `queries` (`n x dimension` components): all at one seq, but for more than fit
    /// in one request (32 MiB, or a million rows to be found), of which each part sees at least what the one before saw.
    pub fn search(&self, queries: &[f32], question: &Question) -> Result<Found> {
        let dimension = self.params().dimension as usize;
        if !queries.len().is_multiple_of(dimension) {
            let got = queries.len();
            return Err(Error::invalid(format!(
                "queries are rows of {dimension} components, got {got} components"
            )));
        }
        let most = (BODY_BYTES / (dimension * size_of::<f32>()))
            .min(ANSWER_HITS / question.k.clamp(1, MAX_K))
            .max(1);
        let mut question = question.clone();
        let mut all: Option<Found> = None;
        for (part, first) in queries.chunks(most * dimension).zip((0..).step_by(most)) {
            let mut found = self.search_part(part, &question).map_err(|error| shift(error, first))?;
            question.fresh.min_seq = question.fresh.min_seq.max(Some(found.seq));
            if let Some(before) = all {
                found.hits.splice(..0, before.hits);
            }
            all = Some(found);
        }
        all.map_or_else(|| self.found_nothing(&question), Ok)
    }

    fn found_nothing(&self, question: &Question) -> Result<Found> {
        let (_, seq) = self.now()?;
        Ok(Found { hits: Vec::new(), seq, strong: question.fresh.strong.unwrap_or(false) })
    }

    fn search_part(&self, queries: &[f32], question: &Question) -> Result<Found> {
        let mut options = self.options(question)?;
        let mut url = self.url(["search"]);
        for (name, value) in &options {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            url.query_pairs_mut().append_pair(name, &text);
        }
        let dimension = self.params().dimension as usize;
        let call = if url.as_str().len() <= ADDRESS_BYTES {
            let body = Bytes::copy_from_slice(bytemuck::cast_slice(queries));
            Call::new(Method::POST, url, Effect::Reads).body(RAW, body)
        } else {
            options.insert("vectors".to_owned(), queries.chunks_exact(dimension).map(Value::from).collect());
            Call::new(Method::POST, self.url(["search"]), Effect::Reads).json(&options.into())
        };
        let found = self.found(call)?;
        let asked = queries.len() / dimension;
        if found.hits.len() == asked {
            return Ok(found);
        }
        Err(self.at.link.strange(&format!("{} answers to {asked} queries", found.hits.len())))
    }

    /// The nearest rows to the stored row `id`, itself among them.
    pub fn search_by_id(&self, id: &str, question: &Question) -> Result<Found> {
        let mut body = self.options(question)?;
        body.insert("id".to_owned(), id.into());
        let url: Url = self.url(["search"]);
        self.found(Call::new(Method::POST, url, Effect::Reads).json(&body.into()))
    }

    fn options(&self, question: &Question) -> Result<Map<String, Value>> {
        let Question { k, ef, recall, exact, filter, within, explain, fresh } = question;
        if *k > MAX_K {
            return Err(Error::invalid(format!("k must be at most {MAX_K} over HTTP, got {k}")));
        }
        if within.is_some_and(f32::is_nan) {
            return Err(Error::invalid("within must be a number, got NaN"));
        }
        // JSON has no infinity, and no distance is beyond this.
        let within = within.map(|within| within.clamp(f32::MIN, f32::MAX));
        let Fresh { strong, min_seq } = *fresh;
        let mut options = Map::new();
        let mut set = |name: &str, value: Option<Value>| {
            value.map(|value| options.insert(name.to_owned(), value));
        };
        set("k", Some(json!(k)));
        set("ef", ef.map(Value::from));
        set("recall", recall.map(Value::from));
        set("exact", exact.then_some(true.into()));
        set("filter", filter.as_deref().map(raw).transpose()?);
        set("within", within.map(Value::from));
        set("explain", explain.then_some(true.into()));
        set("min_seq", self.min_seq(min_seq).map(Value::from));
        set("consistency", strong.map(|strong| if strong { "strong" } else { "bounded" }.into()));
        Ok(options)
    }

    fn found(&self, call: Call) -> Result<Found> {
        let link = &self.at.link;
        let answer = link.send(&call.accept(RAW))?;
        let told = decode_hits(&answer.body).map_err(|error| link.strange(error.message()))?;
        let seq = told.head.seq;
        let hits = told.lists.into_iter().map(|list| hits(link, seq, list)).collect::<Result<_>>()?;
        Ok(Found { hits, seq, strong: told.head.strong })
    }
}

fn hits(link: &Link, seq: u64, list: HitListRef<'_>) -> Result<Hits> {
    let explanation = list.explanation.map(|text| explanation(link, text)).transpose()?;
    Ok(Hits {
        seq,
        exact: list.exact,
        ids: list.ids().collect(),
        metadata: (0..list.len()).map(|at| list.metadata(at).map(Into::into)).collect(),
        distances: list.distances.into_owned(),
        vectors: None,
        explanation,
    })
}

fn explanation(link: &Link, text: &str) -> Result<Explanation> {
    let told: Explained = serde_json::from_str(text).map_err(|error| link.strange(&error.to_string()))?;
    let Explained { matches, path, scanned, distances, ef, exact } = told;
    let known = [Path::Exact, Path::Walk, Path::TwoHop].into_iter().find(|known| known.name() == path);
    let path = known.ok_or_else(|| link.strange(&format!("the unknown path {path:?}")))?;
    Ok(Explanation { matches, path, scanned, distances, ef, exact })
}
