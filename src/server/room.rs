//! Room for a long answer: how long it may become, and what it takes of the memory for all answers until it is read.
//!
//! It counts until its last byte has left, in whatever pieces and through whatever queues. For how long that may take is the
//! connection's business (`watch.rs`).

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;

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

    /// The answer, which counts until the last piece of it has left.
    pub(super) fn body(self, bytes: Bytes) -> Body {
        if bytes.len() <= SHORT {
            return bytes.into();
        }
        Bytes::from_owner(Roomy { bytes, _room: self }).into()
    }
}

/// The bytes of an answer with its room: pieces of them keep both.
struct Roomy {
    bytes: Bytes,
    _room: Room,
}

impl AsRef<[u8]> for Roomy {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use axum::body::HttpBody;

    use super::*;
    use crate::server::metrics::Refusal;
    use crate::server::patience::next_data;

    #[tokio::test]
    async fn a_long_answer_counts_until_its_last_byte_has_left() {
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
        let mut read = next_data(&mut body).await.unwrap().unwrap();
        drop(body);
        assert!(read == answer && budget.held() == answer.len());
        let last = read.split_off(answer.len() - 1);
        drop(read);
        assert_eq!(budget.held(), answer.len(), "a byte keeps the memory of all");
        drop(last);
        assert_eq!(budget.held(), 0);
    }
}
