//! A connection watched by what goes over it: whether anything is to be answered, and whether answers are read.
//!
//! hyper has a time-out for the head of a request over HTTP/1.1 and for nothing else: a client that never reads its answer,
//! or keeps a connection of HTTP/2 without asking anything, would hold both for ever.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;
use tokio::time::Instant;

/// What is given to a connection at once: its reader has to take so much in the time for that.
const PIECE: usize = 64 << 10;

/// Over HTTP/2 one stream may wait for its reader while the others go on: for so many times as long.
const ALONE: u32 = 4;

/// How long a connection may do nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// With nothing to answer.
    pub(super) idle: Duration,
    /// With answers of which no piece is taken; one alone may be left for [`ALONE`] times as long while others are.
    pub(super) unread: Duration,
}

/// What is wrong with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Idle,
    /// Its client does not read.
    Unread,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Watch(Mutex<Seen>);

#[derive(Debug)]
struct Seen {
    /// Requests whose answers have not begun.
    asked: usize,
    answers: Vec<Weak<Mutex<Instant>>>,
    /// When the last of either began or ended.
    quiet_since: Instant,
}

/// A request that is not answered yet.
pub(super) struct Asked(Arc<Watch>);

impl Watch {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Seen { asked: 0, answers: Vec::new(), quiet_since: Instant::now() })))
    }

    /// A request has come.
    pub(super) fn asked(self: &Arc<Self>) -> Asked {
        self.0.lock().asked += 1;
        Asked(Arc::clone(self))
    }

    /// Counts idleness from now on.
    pub(super) fn begin_anew(&self) {
        self.0.lock().quiet_since = Instant::now();
    }

    /// Waits until the connection has done nothing for too long.
    pub(super) async fn verdict(&self, patience: Patience) -> Verdict {
        loop {
            let (at, verdict) = self.next(patience);
            if at <= Instant::now() {
                return verdict;
            }
            tokio::time::sleep_until(at).await;
        }
    }

    /// When something would be wrong if nothing happened until then, and what.
    fn next(&self, Patience { idle, unread }: Patience) -> (Instant, Verdict) {
        let Seen { asked, answers, quiet_since } = &mut *self.0.lock();
        let moved: Vec<_> = answers.iter().filter_map(Weak::upgrade).map(|moved| *moved.lock()).collect();
        match (moved.iter().min(), moved.iter().max()) {
            (Some(&oldest), Some(&newest)) => {
                // What is asked has time-outs of its own; then it is looked again.
                let newest = if *asked > 0 { Instant::now() } else { newest.max(*quiet_since) };
                ((newest + unread).min(oldest + ALONE * unread), Verdict::Unread)
            }
            _ if *asked > 0 => (Instant::now() + idle, Verdict::Idle),
            _ => (*quiet_since + idle, Verdict::Idle),
        }
    }
}

impl Asked {
    /// The same answer, watched.
    pub(super) fn answered(self, response: Response) -> Response {
        let moved = Arc::new(Mutex::new(Instant::now()));
        let mut seen = self.0.0.lock();
        seen.answers.retain(|answer| answer.strong_count() > 0);
        seen.answers.push(Arc::downgrade(&moved));
        drop(seen);
        let watch = Arc::clone(&self.0);
        response.map(|body| Body::new(Watched { body, rest: Bytes::new(), moved, watch }))
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.0.lock().asked -= 1;
        self.0.begin_anew();
    }
}

/// The body of an answer, cut into pieces.
struct Watched {
    body: Body,
    /// What is left of its last frame.
    rest: Bytes,
    /// When the last piece was taken.
    moved: Arc<Mutex<Instant>>,
    watch: Arc<Watch>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Self { body, rest, moved, watch: _ } = self.get_mut();
        *moved.lock() = Instant::now();
        if rest.is_empty() {
            match ready!(Pin::new(body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => *rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            }
        }
        Poll::Ready(Some(Ok(Frame::data(rest.split_to(rest.len().min(PIECE))))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (of_body, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(of_body.lower() + rest);
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.watch.begin_anew();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::patience::next_data;

    const PATIENCE: Patience = Patience { idle: Duration::from_secs(10), unread: Duration::from_secs(30) };

    async fn seconds_to(watch: &Watch, verdict: Verdict) -> u64 {
        let begun = Instant::now();
        assert_eq!(watch.verdict(PATIENCE).await, verdict);
        begun.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_requests_is_idle_from_the_last_answer_on() {
        let watch = Watch::new();
        assert_eq!(seconds_to(&watch, Verdict::Idle).await, 10);
        let asked = watch.asked();
        let waiting = tokio::time::timeout(Duration::from_secs(100), watch.verdict(PATIENCE));
        assert!(waiting.await.is_err(), "it waits for an answer");
        drop(asked.answered(Response::new(Body::from("short"))));
        assert_eq!(seconds_to(&watch, Verdict::Idle).await, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_has_to_be_taken_piece_by_piece() {
        let watch = Watch::new();
        let whole: Vec<u8> = (0..=2 * PIECE).map(|at| at as u8).collect();
        let mut body = watch.asked().answered(Response::new(Body::from(whole.clone()))).into_body();
        let mut taken = Vec::new();
        for left in [PIECE + 1, 1, 0] {
            assert_eq!(body.size_hint().exact(), Some((whole.len() - taken.len()) as u64));
            taken.extend_from_slice(&next_data(&mut body).await.unwrap().unwrap());
            assert_eq!(whole.len() - taken.len(), left);
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
        assert!(taken == whole);
        assert_eq!(seconds_to(&watch, Verdict::Unread).await, 10, "30 after the last piece was taken");
        drop(body);
        assert_eq!(seconds_to(&watch, Verdict::Idle).await, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn one_answer_that_waits_ends_no_connection_on_which_others_are_taken() {
        let watch = Watch::new();
        let unread = watch.asked().answered(Response::new(Body::from("unread")));
        let begun = Instant::now();
        let others = async {
            loop {
                let mut other = watch.asked().answered(Response::new(Body::from("other"))).into_body();
                next_data(&mut other).await.unwrap().unwrap();
                tokio::time::sleep(Duration::from_secs(7)).await;
            }
        };
        tokio::select! {
            verdict = watch.verdict(PATIENCE) => assert_eq!(verdict, Verdict::Unread),
            () = others => {}
        }
        assert_eq!(begun.elapsed().as_secs(), 4 * 30, "but not for ever");
        assert!(watch.0.lock().answers.len() <= 2, "what has left is forgotten");
        drop(unread);
    }
}
