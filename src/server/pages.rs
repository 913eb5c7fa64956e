//! GET items: the rows of an index, of those that pass a filter, page by page in the order of the bytes of their ids.
//!
//! The cursor is the id of the last row, so rows that come and go meanwhile move no page: every row that is there all
//! the while is met once.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use utoipa::IntoParams;

use super::content::wants_frame;
use super::etag::Known;
use super::include;
use super::limits;
use super::live::{Answer, Live, blocking, fresh_reader};
use super::object::Integer;
use super::query::{Asked, freshness};
use super::shapes;
use super::state::AppState;
use super::stored::Rows;
use crate::registry::{Filter, Include, Page, within};

const DEFAULT_LIMIT: u32 = 100;
const MOST_LIMIT: u32 = 1_000;

/// The query string.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// The id after which the page begins
    #[param(nullable = false)]
    after: Option<String>,
    /// How many rows at most, 100 unless told
    #[param(value_type = Option<i64>, nullable = false, minimum = 1, maximum = 1000)]
    limit: Option<Integer>,
    /// Which rows: a filter, as JSON text
    #[param(nullable = false, example = r#"{"country": "NO"}"#)]
    filter: Option<String>,
    /// What of a row is told beside its id: names with commas between them; `vector,metadata` unless told
    #[param(nullable = false, example = "metadata", pattern = "^((vector|metadata)(,(vector|metadata))*)?$")]
    include: Option<String>,
    /// The `seq` of a write that the answer has to see
    #[param(nullable = false)]
    min_seq: Option<u64>,
    /// `strong`: see every write that was answered before; `bounded`, as it is without: be at most about two seconds behind
    #[param(nullable = false, pattern = "^(strong|bounded)$")]
    consistency: Option<String>,
}

/// List rows, page by page
///
/// In the order of the bytes of their ids. Rows that come and go meanwhile move no page; each is as of its own `seq`. With
/// `Accept: application/vnd.vectord.frame` the answer is a batch as FORMAT.md lays it out (UPSERT).
#[utoipa::path(
    get, path = "/index/{name}/items", tag = "Rows", params(Wanted),
    responses((
        status = 200, description = "A page; give `next` as `after` for the one that follows",
        content((shapes::Page = "application/json"), (Vec<u8> = "application/vnd.vectord.frame")),
        headers(("X-Vectord-Next" = String, description = "Beside a frame: `next`, percent-encoded, if a row follows"))
    ))
)]
pub(super) async fn list(
    State(state): State<Arc<AppState>>,
    Live(live): Live,
    Asked(wanted): Asked<Wanted>,
    known: Known,
    headers: HeaderMap,
) -> Answer {
    let Wanted { after, limit, filter, include, min_seq, consistency } = wanted;
    let reader = fresh_reader(&live, freshness(min_seq, consistency.as_deref())?).await?;
    blocking(move || {
        let limit = limit
            .map_or(Ok(DEFAULT_LIMIT), |Integer(limit)| within("limit", limit, 1..=MOST_LIMIT))?
            as usize;
        let filter = filter.map(|text| Filter::parse(&text)).transpose()?;
        let include = include.map_or(Ok(Include::ALL), |names| include::listed(&names))?;
        let dimension = live.params().dimension;
        let mut page = Rows::new(dimension, include, wants_frame(&headers), state.room())?;
        // A page may be shorter than was asked for, as long as it says what comes next.
        let limit = limit.min(limits::rows_at_once(dimension));
        let Page { seq, rows, more } = reader.scan(filter.as_ref(), after.as_deref(), limit);
        let next = rows.last().filter(|_| more).map(|row| &*row.id);
        rows.iter().try_for_each(|row| page.push(row))?;
        Ok(known.tagged(&live, seq, page.end_page(seq, next)?))
    })
    .await
}
