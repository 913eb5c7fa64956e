//! POST search: the rows nearest to one vector, to a stored row, or to each of many vectors.
//!
//! What is asked is read in `question.rs`, and what was found is told in `found.rs`.

use std::sync::Arc;

use axum::extract::{Request, State};

use super::content::{Form, form, wants_raw};
use super::found::Found;
use super::limits;
use super::list::named;
use super::live::{Answer, Paced, blocking, fresh_reader};
use super::patience;
use super::problem::Problem;
use super::question::{Asker, Question};
use super::room::Room;
use super::search_forms::{Beside, Body};
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
    let mut text = patience::read(&parts.headers, body, limits::BODY, true, state.patience()).await?;
    let raw = wants_raw(&parts.headers);
    let dimension = handle.live.params().dimension as usize;
    let is_inline = text.len() <= INLINE_BYTES;
    let question = move || {
        let question = match form {
            Form::Json | Form::Frame => Question::from_json(&text, &parts.uri, dimension),
            Form::Raw => Question::from_raw(&text, &parts.uri, dimension),
        };
        // The vectors are in memory until the answer is made: their bytes go on counting.
        text.forget();
        Ok((question.map_err(named_vectors)?, text))
    };
    let (question, counted) = if is_inline { question()? } else { blocking(question).await? };
    let (room, is_quick) = (state.room(), question.is_plain(dimension) && handle.pace.is_quick());
    let reader = fresh_reader(&handle.live, question.fresh).await?;
    let answer = move || {
        let answer = answer(&handle, &reader, &question, raw, room);
        drop(counted);
        answer
    };
    if is_quick { answer() } else { blocking(answer).await }
}

fn answer(
    Handle { live, pace }: &Handle,
    reader: &Reader,
    question: &Question,
    raw: bool,
    room: Room,
) -> Answer {
    let (Question { asker, options, fresh: _ }, params) = (question, live.params());
    let find = || find(reader, params, asker, options);
    let found = if question.is_plain(params.dimension as usize) { pace.time(find) } else { find() };
    let (seq, lists) = found.map_err(named_vectors)?;
    let found = Found {
        seq,
        consistency: reader.consistency(),
        one: !matches!(asker, Asker::Vectors(_)),
        explained: options.explain,
        metadata: options.include.metadata,
        dimension: options.include.vector.then_some(params.dimension),
    };
    if raw { found.raw(lists, room) } else { found.json(lists, room) }
}

fn named_vectors(error: Error) -> Problem {
    named("vectors", error)
}

/// The entry after which the index was searched, and a list for each who asks.
type Lists = (u64, Box<dyn Iterator<Item = Hits>>);

fn find(reader: &Reader, params: Params, asker: &Asker, options: &SearchOptions) -> Result<Lists> {
    let one = |hits: Hits| -> Lists { (hits.seq, Box::new(std::iter::once(hits))) };
    match asker {
        Asker::Vector(query) => reader.search(query, options).map(one),
        Asker::Row(id) => reader.search_by_id(id, options).map(one),
        // One alone is not worth the trip to other threads.
        Asker::Vectors(query) if query.len() == params.dimension as usize => {
            params.distance.admit(query).map_err(|error| error.at(0, Part::Vector))?;
            reader.search(query, options).map(one)
        }
        Asker::Vectors(queries) => {
            let lists = reader.search_many(queries, options)?;
            Ok((lists.seq(), Box::new(lists)))
        }
    }
}
