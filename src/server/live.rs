//! From a path to a live index, and from a handler to where it may block.
//!
//! Everything that may wait for a disk, a lock or another machine goes through [`blocking`].

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::response::Response;

use super::admission::{self, Work};
use super::problem::Problem;
use super::state::{AppState, Handle};
use crate::error::Error;
use crate::registry::{Freshness, LiveIndex, Reader};

/// The index that the path names. Taken before the body, so that a missing one is told without reading it.
pub(super) struct Live(pub(super) LiveIndex);

/// The same, with the pace of its searches.
pub(super) struct Paced(pub(super) Handle);

/// The name in the path, which may name nothing.
pub(super) struct Name(pub(super) String);

/// The last part of a path, decoded: an id.
pub(super) struct PathId(pub(super) String);

impl FromRequestParts<Arc<AppState>> for Live {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Problem> {
        let Paced(Handle { live, pace: _ }) = Paced::from_request_parts(parts, state).await?;
        Ok(Self(live))
    }
}

impl FromRequestParts<Arc<AppState>> for Paced {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Problem> {
        let name = parameter(parts, state, "name").await?;
        // Behind, it may have been dropped and made again: the registry finds out, where that may block.
        let at_hand = state.at_hand(&name);
        if let Some(handle) = at_hand.filter(|handle| handle.live.is_fresh(Freshness::default())) {
            return Ok(Self(handle));
        }
        let state = Arc::clone(state);
        working(Work::Open, move || state.get(&name).map(Self).map_err(Problem::from)).await
    }
}

impl FromRequestParts<Arc<AppState>> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Problem> {
        parameter(parts, state, "name").await.map(Self)
    }
}

impl FromRequestParts<Arc<AppState>> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Problem> {
        parameter(parts, state, "id").await.map(Self)
    }
}

/// A percent-decoded piece of the path.
async fn parameter(
    parts: &mut Parts,
    state: &Arc<AppState>,
    wanted: &'static str,
) -> Result<String, Problem> {
    let pieces = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| Error::invalid("the path is not UTF-8 after percent-decoding"))?;
    let piece = pieces.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned());
    piece.ok_or_else(|| Error::internal(format!("this route has no {wanted}")).into())
}

/// Runs `call` where it may block, in its turn (`admission.rs`). A caller that goes away does not stop it: a write
/// always ends.
pub(super) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    working(Work::Usual, call).await
}

/// The same of a call that does something else than its route is for.
pub(super) async fn working<T: Send + 'static>(
    work: Work,
    call: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    admission::run(work, call).await?.unwrap_or_else(|| {
        tracing::error!("a call panicked");
        Err(Error::internal("the request met a bug; the log of the service tells more")
            .outcome_unknown()
            .into())
    })
}

/// A reader as fresh as was asked for. Where it has to wait for the store or another thread, it does so in a line of its
/// own, so that searches that need not are not held up.
pub(super) async fn fresh_reader(live: &LiveIndex, fresh: Freshness) -> Result<Reader, Problem> {
    if let Some(reader) = live.reader_at_once(fresh) {
        return Ok(reader?);
    }
    let live = live.clone();
    working(Work::Wait, move || Ok(live.reader(fresh)?)).await
}

/// A handler's answer.
pub(super) type Answer = Result<Response, Problem>;
