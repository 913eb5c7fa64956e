//! POST search: the rows nearest to one vector, to a stored row, or to each of many vectors.
//!
//! What is asked is read in `question.rs`, and what was found is told in `found.rs`.

use std::sync::Arc;

use axum::extract::{Request, State};

use super::content::{Form, form, wants_raw};
use super::found::Found;
use super::limits;
use super::list::named;
use super::live::{Answer, Paced, blocking};
use super::patience;
use super::problem::Problem;
use super::question::{Asker, Beside, Body, Question};
use super::shapes;
use super::state::{AppState, Handle};
use crate::error::{Error, Part, Result};
use crate::registry::{Hits, Params, Reader, SearchOptions};

/// A body of at most this many bytes may be parsed between two connections' turns.
const INLINE_BYTES: usize = 512 << 10;

/// Find the rows nearest to a vector
///
/// To a stored row by its `id`, or to each of several `vectors`. Raw rows are little-endian f32, one after another, with
/// the options in the query string. With `Accept: application/octet-stream` the answer is the binary document VHT1.
#[utoipa::path(
    post, path = "/index/{name}/search", tag = "Search", params(Beside),
    request_body(content((Body = "application/json"), (Vec<u8> = "application/octet-stream"))),
    responses((status = 200, description = "Nearest first", content(
        (shapes::SearchResults = "application/json"), (Vec<u8> = "application/octet-stream")
    )))
)]
pub(super) async fn search(
    State(state): State<Arc<AppState>>,
    Paced(handle): Paced,
    request: Request,
) -> Answer {
    let (parts, body) = request.into_parts();
    let form = form(&parts.headers, &[Form::Json, Form::Raw])?;
    let text = patience::read(&parts.headers, body, limits::BODY, true, state.patience()).await?;
    let raw = wants_raw(&parts.headers);
    let dimension = handle.live.params().dimension as usize;
    let is_short = text.len() <= INLINE_BYTES;
    let question = move || match form {
        Form::Json | Form::Frame => Question::from_json(&text, &parts.uri, dimension),
        Form::Raw => Question::from_raw(&text, &parts.uri, dimension),
    };
    if !is_short {
        return blocking(move || answer(&handle, &question().map_err(named_vectors)?, raw)).await;
    }
    let question = question().map_err(named_vectors)?;
    if question.is_plain(dimension) && handle.pace.is_quick() && handle.live.is_fresh(question.fresh) {
        answer(&handle, &question, raw)
    } else {
        blocking(move || answer(&handle, &question, raw)).await
    }
}

fn answer(Handle { live, pace }: &Handle, question: &Question, raw: bool) -> Answer {
    let Question { asker, options, fresh, include } = question;
    let (reader, params) = (live.reader(*fresh)?, live.params());
    let find = || find(&reader, params, asker, options);
    let found = if include.vector {
        with_vectors(&reader, find).map(|(hits, vectors)| (hits, Some(vectors)))
    } else if question.is_plain(params.dimension as usize) {
        pace.time(find).map(|hits| (hits, None))
    } else {
        find().map(|hits| (hits, None))
    };
    let (hits, vectors) = found.map_err(named_vectors)?;
    let found = Found {
        seq: hits.first().map_or_else(|| reader.seq(), |hits| hits.seq),
        consistency: reader.consistency(),
        one: !matches!(asker, Asker::Vectors(_)),
        explained: options.explain,
        metadata: include.metadata,
        dimension: params.dimension,
        hits,
        vectors,
    };
    if raw { found.raw() } else { found.json() }
}

fn named_vectors(error: Error) -> Problem {
    named("vectors", error)
}

fn find(reader: &Reader, params: Params, asker: &Asker, options: &SearchOptions) -> Result<Vec<Hits>> {
    match asker {
        Asker::Vector(query) => Ok(vec![reader.search(query, options)?]),
        Asker::Row(id) => Ok(vec![reader.search_by_id(id, options)?]),
        // One alone is not worth the trip to other threads.
        Asker::Vectors(query) if query.len() == params.dimension as usize => {
            params.distance.admit(query).map_err(|error| error.at(0, Part::Vector))?;
            Ok(vec![reader.search(query, options)?])
        }
        Asker::Vectors(queries) => reader.search_many(queries, options),
    }
}

/// A batch may be written between the search and the look at what it found; then it is searched again.
const MOST_LOOKS: usize = 20;

/// What `find` finds, and for each list the vectors of its rows as they were for the search.
fn with_vectors(reader: &Reader, find: impl Fn() -> Result<Vec<Hits>>) -> Result<(Vec<Hits>, Vec<Vec<f32>>)> {
    let look = |hits: &Hits| {
        let ids: Vec<_> = hits.ids.iter().collect();
        reader.get(&ids).into_iter().flatten().flat_map(|row| row.vector).collect()
    };
    for _ in 0..MOST_LOOKS {
        let hits = find()?;
        let vectors = hits.iter().map(look).collect();
        // The state only moves forward, so it was the same in between.
        if hits.iter().all(|hits| hits.seq == reader.seq()) {
            return Ok((hits, vectors));
        }
    }
    Err(Error::unavailable("the index changes too fast to tell the vectors of what is found: get them by id"))
}
