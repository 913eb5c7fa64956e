//! What a search found, as it is answered: JSON by default, or the binary document of FORMAT.md (VHT1).
//!
//! JSON: `{"results": [hit], "seq", "consistency", "explain"?}`, where a hit is `{"id", "distance", "vector"?,
//! "metadata"?}`. Who asks with several vectors gets `{"results": [[hit]], "exact": [bool], "seq", "consistency",
//! "explain"?: [..]}`.

use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{self, end, put};
use super::content::Form;
use super::live::Answer;
use super::problem::Problem;
use super::room::Room;
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

/// What is told beside the lists.
pub(super) struct Found {
    pub(super) seq: u64,
    pub(super) consistency: Consistency,
    /// One asked, and gets no list of lists.
    pub(super) one: bool,
    pub(super) explained: bool,
    pub(super) metadata: bool,
    /// Of the vectors, if they are told.
    pub(super) dimension: Option<u32>,
}

impl Found {
    /// The answer as JSON. Lists are made as they are written, so no more of them is held than is answered.
    pub(super) fn json(&self, lists: impl Iterator<Item = Hits>, room: Room) -> Answer {
        let (text, room) = self.text(lists, room)?;
        Ok(answer::long(Form::Json, self.seq, text, room))
    }

    fn text(&self, lists: impl Iterator<Item = Hits>, mut room: Room) -> Result<(Vec<u8>, Room), Problem> {
        let (mut exact, mut told) = (Vec::new(), Vec::new());
        let mut out = b"{\"results\":".to_vec();
        if !self.one {
            out.push(b'[');
        }
        for hits in lists {
            if !exact.is_empty() {
                out.push(b',');
            }
            self.write_list(&mut out, &hits);
            room.check(out.len())?;
            exact.push(hits.exact);
            told.extend(hits.explanation.as_ref().map(Explained::of));
        }
        if !self.one {
            put(&mut out, "],\"exact\":", &exact);
        }
        put(&mut out, ",\"seq\":", &self.seq);
        put(&mut out, ",\"consistency\":", self.consistency.name());
        if self.explained {
            match &told[..] {
                [told] if self.one => put(&mut out, ",\"explain\":", told),
                told => put(&mut out, ",\"explain\":", told),
            }
        }
        out.push(b'}');
        room.check(out.len())?;
        Ok((out, room))
    }

    fn write_list(&self, out: &mut Vec<u8>, hits: &Hits) {
        let Hits { seq: _, exact: _, ids, distances, metadata, vectors, explanation: _ } = hits;
        out.reserve(64 * ids.len());
        out.push(b'[');
        for (at, ((id, distance), metadata)) in ids.iter().zip(distances).zip(metadata).enumerate() {
            if at > 0 {
                out.push(b',');
            }
            put(out, "{\"id\":", id);
            put(out, ",\"distance\":", distance);
            if let (Some(vectors), Some(dimension)) = (vectors, self.dimension) {
                let dimension = dimension as usize;
                put(out, ",\"vector\":", &vectors[at * dimension..(at + 1) * dimension]);
            }
            end(out, metadata.as_deref());
        }
        out.push(b']');
    }

    /// The same as the binary document.
    pub(super) fn raw(&self, lists: impl Iterator<Item = Hits>, room: Room) -> Answer {
        let (document, room) = self.document(lists, room)?;
        Ok(answer::long(Form::Raw, self.seq, document, room))
    }

    fn document(
        &self,
        lists: impl Iterator<Item = Hits>,
        mut room: Room,
    ) -> Result<(Vec<u8>, Room), Problem> {
        let &Self { seq, consistency, one: _, explained, metadata, dimension } = self;
        let strong = consistency == Consistency::Strong;
        let head = HitsHead { seq, strong, metadata, vectors: dimension, explained };
        let mut builder = HitsBuilder::new(head)?;
        for hits in lists {
            let Hits { seq: _, exact, ids, distances, metadata, vectors, explanation } = &hits;
            let told = explanation.as_ref().map(|told| {
                serde_json::to_string(&Explained::of(told)).expect("numbers and strings are always JSON")
            });
            let texts = metadata.iter().map(Option::as_deref);
            let (vectors, told) = (vectors.as_deref().unwrap_or_default(), told.unwrap_or_default());
            builder.push(*exact, distances, ids.iter(), texts, vectors, &told)?;
            room.check(builder.bytes())?;
        }
        Ok((builder.finish(), room))
    }
}

#[cfg(test)]
mod tests {
    use axum::response::Response;

    use super::*;
    use crate::frame::decode_hits;
    use crate::server::answer::SEQ;
    use crate::server::budget::Budget;
    use crate::server::metrics::Refusal;

    fn hits(vectors: Option<Vec<f32>>) -> std::vec::IntoIter<Hits> {
        let hits = Hits {
            seq: 7,
            exact: true,
            ids: ["a\"b/ü", "c"].into_iter().collect(),
            distances: vec![0.0, 0.1],
            metadata: vec![Some(r#"{"n":1.0,"big":12345678901234567890123}"#.into()), None],
            vectors,
            explanation: None,
        };
        vec![hits].into_iter()
    }

    fn found(one: bool, dimension: Option<u32>) -> Found {
        let consistency = Consistency::Strong;
        Found { seq: 7, consistency, one, explained: false, metadata: true, dimension }
    }

    fn room() -> Room {
        Room::new(&Budget::new(Refusal::Answers, 1 << 20, None))
    }

    async fn text(response: Response) -> String {
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn ids_are_escaped_and_metadata_goes_out_as_it_is() {
        let response = found(true, None).json(hits(None), room()).unwrap();
        assert_eq!(response.headers()[SEQ], "7");
        assert_eq!(
            text(response).await,
            "{\"results\":[{\"id\":\"a\\\"b/ü\",\"distance\":0.0,\"metadata\":{\"n\":1.0,\"big\":12345678901234567890123}},\
             {\"id\":\"c\",\"distance\":0.1}],\"seq\":7,\"consistency\":\"strong\"}"
        );
    }

    #[tokio::test]
    async fn several_who_ask_get_a_list_each_and_only_what_they_want() {
        let found = found(false, Some(1));
        let mut lists: Vec<Hits> = hits(Some(vec![1.5, -2.0])).collect();
        lists[0].metadata = vec![None; 2];
        assert_eq!(
            text(found.json(lists.into_iter(), room()).unwrap()).await,
            "{\"results\":[[{\"id\":\"a\\\"b/ü\",\"distance\":0.0,\"vector\":[1.5]},\
             {\"id\":\"c\",\"distance\":0.1,\"vector\":[-2.0]}]],\"exact\":[true],\"seq\":7,\"consistency\":\"strong\"}"
        );
        let none = text(found.json(std::iter::empty(), room()).unwrap()).await;
        assert!(none.starts_with("{\"results\":[],\"exact\":[],\"seq\":7"));
    }

    #[test]
    fn the_binary_document_tells_the_same() {
        let (bytes, _) = found(true, None).document(hits(None), room()).unwrap();
        let read = decode_hits(&bytes).unwrap();
        let list = &read.lists[0];
        assert_eq!((read.head.seq, read.head.strong, read.lists.len(), list.exact), (7, true, 1, true));
        assert_eq!((list.id(0), list.id(1), &list.distances[..]), ("a\"b/ü", "c", &[0.0, 0.1][..]));
        assert_eq!((list.metadata(0).map(str::len), list.metadata(1)), (Some(39), None));
    }
}
