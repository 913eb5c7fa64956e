//! GET items: the rows of an index, of those that pass a filter, page by page in the order of the bytes of their ids.
//!
//! The cursor is the id of the last row, so rows that come and go meanwhile move no page: every row that is there all
//! the while is met once.

use serde::Deserialize;

use super::answer;
use super::etag::Known;
use super::include::Include;
use super::limits;
use super::live::{Answer, Live, blocking};
use super::object::Integer;
use super::query::{Asked, freshness};
use crate::registry::{Filter, Page, within};

const DEFAULT_LIMIT: u32 = 100;
const MOST_LIMIT: u32 = 1_000;

/// The query string.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The id after which the page begins.
    after: Option<String>,
    limit: Option<Integer>,
    /// JSON.
    filter: Option<String>,
    /// Names with commas between them; vector and metadata if it is absent.
    include: Option<String>,
    min_seq: Option<u64>,
    consistency: Option<String>,
}

/// `{"items":[row],"next","seq"}`: `next` is what to give as `after`, null where no row follows.
pub(super) async fn list(Live(live): Live, Asked(wanted): Asked<Wanted>, known: Known) -> Answer {
    let Wanted { after, limit, filter, include, min_seq, consistency } = wanted;
    let fresh = freshness(min_seq, consistency.as_deref())?;
    blocking(move || {
        let limit = limit
            .map_or(Ok(DEFAULT_LIMIT), |Integer(limit)| within("limit", limit, 1..=MOST_LIMIT))?
            as usize;
        let filter = filter.map(|text| Filter::parse(&text)).transpose()?;
        let include = include.map_or(Ok(Include::ALL), |names| Include::list(&names))?;
        let reader = live.reader(fresh)?;
        // A page may be shorter than was asked for, as long as it says what comes next.
        let limit = limit.min(limits::rows_at_once(live.params().dimension));
        let Page { seq, rows, more } = reader.scan(filter.as_ref(), after.as_deref(), limit);
        let next = rows.last().filter(|_| more).map(|row| &*row.id);
        Ok(known.tagged(&live, seq, answer::page(seq, rows.iter(), next, include)))
    })
    .await
}
