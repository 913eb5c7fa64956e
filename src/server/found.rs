//! What a search found, as it is answered: JSON by default, or the binary document of FORMAT.md (VHT1).
//!
//! JSON: `{"results": [hit], "seq", "consistency", "explain"?}`, where a hit is `{"id", "distance", "vector"?,
//! "metadata"?}`. Who asks with several vectors gets `{"results": [[hit]], "exact": [bool], "seq", "consistency",
//! "explain"?: [..]}`.

use axum::http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{self, bytes, end, put};
use super::content::Form;
use super::limits::{MOST_BYTES, check_answer};
use super::live::Answer;
use super::problem::Problem;
use crate::error::Result;
use crate::frame::{HitsBuilder, HitsHead};
use crate::registry::{Consistency, Explanation, Hits};

/// What a search did
#[derive(Serialize, ToSchema)]
pub(super) struct Explained {
    /// How many rows pass the filter, where that was counted
    matches: Option<usize>,
    /// `exact`, or which walk
    path: &'static str,
    /// How many rows were compared one by one
    scanned: usize,
    /// How many distances were computed
    distances: usize,
    /// How many candidates the walk kept
    ef: usize,
    /// Whether nothing nearer can have been missed
    exact: bool,
}

impl Explained {
    fn of(&Explanation { matches, path, scanned, distances, ef, exact }: &Explanation) -> Self {
        Self { matches, path: path.name(), scanned, distances, ef, exact }
    }
}

/// What was found for each who asked.
pub(super) struct Found {
    pub(super) seq: u64,
    pub(super) consistency: Consistency,
    /// One asked, and gets no list of lists.
    pub(super) one: bool,
    pub(super) explained: bool,
    pub(super) metadata: bool,
    pub(super) dimension: u32,
    pub(super) hits: Vec<Hits>,
    /// For each list the vectors of its rows, if they are told.
    pub(super) vectors: Option<Vec<Vec<f32>>>,
}

impl Found {
    fn lists(&self) -> impl Iterator<Item = (&Hits, Option<&[f32]>)> {
        let vectors = |at: usize| self.vectors.as_ref().map(|lists| &*lists[at]);
        self.hits.iter().enumerate().map(move |(at, hits)| (hits, vectors(at)))
    }

    pub(super) fn json(&self) -> Answer {
        let rows: usize = self.hits.iter().map(Hits::len).sum();
        let mut out = Vec::with_capacity((64 * rows + 64).min(MOST_BYTES));
        out.extend_from_slice(b"{\"results\":");
        if !self.one {
            out.push(b'[');
        }
        for (at, (hits, vectors)) in self.lists().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            self.write_list(&mut out, hits, vectors);
            check_answer(out.len())?;
        }
        if !self.one {
            let exact: Vec<bool> = self.hits.iter().map(|hits| hits.exact).collect();
            put(&mut out, "],\"exact\":", &exact);
        }
        put(&mut out, ",\"seq\":", &self.seq);
        put(&mut out, ",\"consistency\":", self.consistency.name());
        if self.explained {
            let told: Vec<_> =
                self.hits.iter().map(|hits| hits.explanation.as_ref().map(Explained::of)).collect();
            match &told[..] {
                [told] if self.one => put(&mut out, ",\"explain\":", told),
                told => put(&mut out, ",\"explain\":", told),
            }
        }
        out.push(b'}');
        Ok(bytes(StatusCode::OK, self.seq, out))
    }

    fn write_list(&self, out: &mut Vec<u8>, hits: &Hits, vectors: Option<&[f32]>) {
        let Hits { seq: _, exact: _, ids, distances, metadata, explanation: _ } = hits;
        out.push(b'[');
        for (at, ((id, distance), metadata)) in ids.iter().zip(distances).zip(metadata).enumerate() {
            if at > 0 {
                out.push(b',');
            }
            put(out, "{\"id\":", id);
            put(out, ",\"distance\":", distance);
            if let Some(vectors) = vectors {
                let dimension = self.dimension as usize;
                put(out, ",\"vector\":", &vectors[at * dimension..(at + 1) * dimension]);
            }
            end(out, metadata.as_deref().filter(|_| self.metadata));
        }
        out.push(b']');
    }

    pub(super) fn raw(&self) -> Answer {
        let document = self.document()?;
        let form = HeaderValue::from_static(Form::Raw.name());
        Ok(answer::respond(StatusCode::OK, form, self.seq, document))
    }

    fn document(&self) -> Result<Vec<u8>, Problem> {
        let mut builder = HitsBuilder::new(HitsHead {
            seq: self.seq,
            strong: self.consistency == Consistency::Strong,
            metadata: self.metadata,
            vectors: self.vectors.is_some().then_some(self.dimension),
            explained: self.explained,
        })?;
        for (hits, vectors) in self.lists() {
            let Hits { seq: _, exact, ids, distances, metadata, explanation } = hits;
            let told = explanation.as_ref().map(|told| {
                serde_json::to_string(&Explained::of(told)).expect("numbers and strings are always JSON")
            });
            let texts = metadata.iter().map(Option::as_deref);
            let (vectors, told) = (vectors.unwrap_or_default(), told.unwrap_or_default());
            builder.push(*exact, distances, ids.iter(), texts, vectors, &told)?;
            check_answer(builder.bytes())?;
        }
        Ok(builder.finish())
    }
}

#[cfg(test)]
mod tests {
    use axum::response::Response;

    use super::*;
    use crate::frame::decode_hits;
    use crate::server::answer::SEQ;

    fn found(one: bool) -> Found {
        let hits = Hits {
            seq: 7,
            exact: true,
            ids: ["a\"b/ü", "c"].into_iter().collect(),
            distances: vec![0.0, 0.1],
            metadata: vec![Some(r#"{"n":1.0,"big":12345678901234567890123}"#.into()), None],
            explanation: None,
        };
        Found {
            seq: 7,
            consistency: Consistency::Strong,
            one,
            explained: false,
            metadata: true,
            dimension: 1,
            hits: vec![hits],
            vectors: None,
        }
    }

    async fn text(response: Response) -> String {
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn ids_are_escaped_and_metadata_goes_out_as_it_is() {
        let response = found(true).json().unwrap();
        assert_eq!(response.headers()[SEQ], "7");
        assert_eq!(
            text(response).await,
            "{\"results\":[{\"id\":\"a\\\"b/ü\",\"distance\":0.0,\"metadata\":{\"n\":1.0,\"big\":12345678901234567890123}},\
             {\"id\":\"c\",\"distance\":0.1}],\"seq\":7,\"consistency\":\"strong\"}"
        );
    }

    #[tokio::test]
    async fn several_who_ask_get_a_list_each_and_only_what_they_want() {
        let vectors = Some(vec![vec![1.5, -2.0]]);
        let found = Found { metadata: false, vectors, ..found(false) };
        assert_eq!(
            text(found.json().unwrap()).await,
            "{\"results\":[[{\"id\":\"a\\\"b/ü\",\"distance\":0.0,\"vector\":[1.5]},\
             {\"id\":\"c\",\"distance\":0.1,\"vector\":[-2.0]}]],\"exact\":[true],\"seq\":7,\"consistency\":\"strong\"}"
        );
        let none = Found { hits: Vec::new(), vectors: None, ..found };
        assert!(text(none.json().unwrap()).await.starts_with("{\"results\":[],\"exact\":[],\"seq\":7"));
    }

    #[test]
    fn the_binary_document_tells_the_same() {
        let bytes = found(true).document().unwrap();
        let read = decode_hits(&bytes).unwrap();
        let list = &read.lists[0];
        assert_eq!((read.head.seq, read.head.strong, read.lists.len(), list.exact), (7, true, 1, true));
        assert_eq!((list.id(0), list.id(1), &list.distances[..]), ("a\"b/ü", "c", &[0.0, 0.1][..]));
        assert_eq!((list.metadata(0).map(str::len), list.metadata(1)), (Some(39), None));
    }
}
