//! Room for a long answer: how long it may become, and what it takes of the memory for all answers until it is read.
//!
//! It counts until its body is dropped: that the body lives until the answer has left, and for how long that may take, is the
//! connection's business (`watch.rs`).

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::StatusCode;
use http_body::{Frame, SizeHint};

use super::budget::{Budget, Held};
use super::problem::Problem;
use crate::error::Error;

/// The longest answer, but for one list or row.
pub(super) const MOST_BYTES: usize = 256 << 20;
/// An answer that is no longer is not counted.
const SHORT: usize = 64 << 10;

/// Room for one answer.
pub(super) struct Room(Held);

impl Room {
    /// Room for one of the answers that `budget` is for.
    pub(super) fn new(budget: &Arc<Budget>) -> Self {
        Self(Held::none(budget))
    }

    /// Refuses an answer that is `bytes` long already: 413 if that is too long for any, 503 if it is beside the others.
    pub(super) fn check(&mut self, bytes: usize) -> Result<(), Problem> {
        if bytes <= SHORT {
            return Ok(());
        }
        if bytes <= MOST_BYTES.min(self.0.most()) {
            return self.0.grow(bytes);
        }
        let most = MOST_BYTES.min(self.0.most());
        let error = Error::exhausted(format!(
            "the answer is too large: at most {most} bytes; ask for fewer rows at once, or for less of each"
        ));
        Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, error))
    }

    /// The answer, whose room is given back with it.
    pub(super) fn body(self, bytes: Bytes) -> Body {
        if bytes.len() <= SHORT {
            return bytes.into();
        }
        Body::new(Roomy { bytes, _room: self })
    }
}

/// An answer with its room.
struct Roomy {
    bytes: Bytes,
    _room: Room,
}

impl HttpBody for Roomy {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = std::mem::take(&mut self.bytes);
        Poll::Ready((!bytes.is_empty()).then_some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::metrics::Refusal;

    #[tokio::test]
    async fn a_long_answer_counts_until_its_body_is_dropped() {
        let budget = Budget::new(Refusal::Answers, 5 * SHORT, None);
        let mut room = Room::new(&budget);
        room.check(SHORT).unwrap();
        assert_eq!(budget.held(), 0, "short ones are not counted");
        room.check(3 * SHORT + 1).unwrap();
        let other = Room::new(&budget).check(2 * SHORT).unwrap_err();
        assert_eq!(other.respond(None).status(), 503);
        assert_eq!(Room::new(&budget).check(6 * SHORT).unwrap_err().respond(None).status(), 413);
        let answer: Vec<u8> = (0..=3 * SHORT).map(|at| at as u8).collect();
        let mut body = room.body(answer.clone().into());
        assert_eq!(body.size_hint().exact(), Some(answer.len() as u64));
        let read = super::super::patience::next_data(&mut body).await.unwrap().unwrap();
        assert!(read == answer && budget.held() == answer.len());
        drop(body);
        assert_eq!(budget.held(), 0);
    }
}
