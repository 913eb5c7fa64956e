//! How many calls wait or run at once where they may block, and for how long their callers wait.
//!
//! What goes beyond is refused at once with 503 and Retry-After, so that those who are let in are answered in time.
//! A call gives its place back when it ends, not when its caller goes away. Bytes of bodies are in `payload.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::limits;
use super::metrics::{Metrics, Refusal};
use super::problem::Problem;
use super::quota::{Quota, Reserved};
use super::routes::Need;
use super::state::Limits;
use crate::error::Error;
use crate::store::Store;

/// Reads that run at once where they may block. More would only take turns.
const READING: usize = 32;
/// Writes that run at once: they wait for the disk, and share an fsync.
const WRITING: usize = 64;
/// Calls that wait at once for what others do, and take no processor meanwhile.
const WAITING: usize = 128;
/// Calls at once that take every processor for long.
const LABOURING: usize = 2;

tokio::task_local! {
    static VISIT: Visit;
}

/// What a call does, where not what its route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// What the route is for.
    Usual,
    /// It opens an index.
    Open,
    /// It waits for a write that is to be seen.
    Wait,
    /// It measures, which takes long.
    Labour,
}

/// What a service takes on.
#[derive(Debug)]
pub(super) struct Admission {
    reads: Arc<Line>,
    writes: Arc<Line>,
    opens: Arc<Line>,
    waits: Arc<Line>,
    labours: Arc<Line>,
    read_time: Duration,
    write_time: Duration,
    quota: Option<Arc<Quota>>,
    metrics: Arc<Metrics>,
}

/// What a request may wait for, known to the calls that are made for it.
#[derive(Debug, Clone)]
struct Visit {
    admission: Arc<Admission>,
    writes: bool,
    /// Kept until the last call has ended.
    _room: Option<Arc<Reserved>>,
}

impl Admission {
    /// What `limits` allow on `store`; what is refused is counted in `metrics`.
    pub(super) fn new(limits: &Limits, store: &Arc<dyn Store>, metrics: &Arc<Metrics>) -> Arc<Self> {
        let line = |what, turns, most| Line::new(what, turns, most, metrics);
        Arc::new(Self {
            reads: line(Refusal::Searches, READING, limits.reads),
            writes: line(Refusal::Writes, WRITING, limits.writes),
            opens: line(Refusal::Opens, WAITING, limits.reads),
            waits: line(Refusal::Waits, WAITING, limits.reads),
            labours: line(Refusal::Labours, LABOURING, limits.reads),
            read_time: limits.read,
            write_time: limits.write,
            quota: limits.quota.map(|most| Quota::new(most, Arc::clone(store))),
            metrics: Arc::clone(metrics),
        })
    }

    /// Room in the store for what a request with these headers brings, where room is scarce.
    pub(super) async fn admit(
        &self,
        need: Need,
        headers: &HeaderMap,
    ) -> Result<Option<Arc<Reserved>>, Problem> {
        let Some(quota) = self.quota.as_ref().filter(|_| need == Need::Grow) else { return Ok(None) };
        // A body of no announced length counts when the store is listed next.
        let announced =
            headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        // Nothing longer is read: it is refused as too large, whatever room there is.
        let bytes = announced.filter(|bytes| *bytes <= limits::BODY as u64).unwrap_or(0);
        let reserved = quota.admit(bytes).await;
        reserved
            .map(|reserved| Some(Arc::new(reserved)))
            .inspect_err(|_| self.metrics.refused(Refusal::Quota))
    }

    /// Runs `request`, whose blocking calls stand in the line of what they need.
    pub(super) async fn visit<T>(
        self: &Arc<Self>,
        need: Need,
        room: Option<Arc<Reserved>>,
        request: impl Future<Output = T>,
    ) -> T {
        let writes = match need {
            Need::Open => return request.await,
            Need::Read => false,
            Need::Write | Need::Grow | Need::Admin => true,
        };
        VISIT.scope(Visit { admission: Arc::clone(self), writes, _room: room }, request).await
    }
}

impl Visit {
    fn line(&self, work: Work) -> &Arc<Line> {
        match work {
            // No crowd of readers holds up a writer.
            _ if self.writes => &self.admission.writes,
            Work::Usual => &self.admission.reads,
            Work::Open => &self.admission.opens,
            Work::Wait => &self.admission.waits,
            Work::Labour => &self.admission.labours,
        }
    }
}

/// Runs `call` where it may block, in its turn; line and run together take as long as is patient. It is never stopped:
/// who waits for it is told that it goes on. `None` where it panicked.
pub(super) async fn run<T: Send + 'static>(
    work: Work,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<Option<T>, Problem> {
    let Ok(visit) = VISIT.try_with(Visit::clone) else {
        return Ok(tokio::task::spawn_blocking(call).await.ok());
    };
    let (line, writes) = (visit.line(work), visit.writes);
    let patience = if writes { visit.admission.write_time } else { visit.admission.read_time };
    let until = Instant::now() + patience;
    let place = timeout_at(until, line.enter()).await.unwrap_or_else(|_| Err(line.is_full()))?;
    let running = tokio::task::spawn_blocking(move || {
        let _both = (place, visit);
        call()
    });
    match timeout_at(until, running).await {
        Ok(ended) => Ok(ended.ok()),
        Err(_) => Err(late(patience, writes)),
    }
}

fn late(patience: Duration, writes: bool) -> Problem {
    let error = Error::unavailable(format!("this takes longer than {} s", patience.as_secs_f32()));
    Problem::new(StatusCode::GATEWAY_TIMEOUT, if writes { error.outcome_unknown() } else { error })
}

/// A line of calls: some run, more wait, and the rest are sent away.
#[derive(Debug)]
struct Line {
    what: Refusal,
    metrics: Arc<Metrics>,
    turns: Arc<Semaphore>,
    inside: AtomicUsize,
    most: usize,
}

/// A place in a line, with its turn.
struct Place {
    _turn: OwnedSemaphorePermit,
    _inside: Inside,
}

struct Inside(Arc<Line>);

impl Line {
    fn new(what: Refusal, turns: usize, most: usize, metrics: &Arc<Metrics>) -> Arc<Self> {
        let turns = Arc::new(Semaphore::new(turns));
        Arc::new(Self { what, metrics: Arc::clone(metrics), turns, inside: AtomicUsize::new(0), most })
    }

    async fn enter(self: &Arc<Self>) -> Result<Place, Problem> {
        let before = self.inside.fetch_add(1, Ordering::Relaxed);
        let inside = Inside(Arc::clone(self));
        if before >= self.most {
            return Err(self.is_full());
        }
        let turn = Arc::clone(&self.turns).acquire_owned().await.expect("turns are never closed");
        Ok(Place { _turn: turn, _inside: inside })
    }

    fn is_full(&self) -> Problem {
        self.metrics.refused(self.what);
        let (what, most) = (self.what.name(), self.most);
        Error::unavailable(format!("the service is busy: {what} at once are at most {most}")).into()
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Memory;

    fn new(limits: Limits) -> Arc<Admission> {
        let store: Arc<dyn Store> = Arc::new(Memory::new());
        Admission::new(&limits, &store, &Arc::new(Metrics::new()))
    }

    fn admission(reads: usize) -> Arc<Admission> {
        let time = Duration::from_secs(5);
        new(Limits { reads, read: time, write: time, ..Limits::default() })
    }

    #[tokio::test]
    async fn what_waits_or_measures_holds_up_no_search() {
        let admission = new(Limits { reads: 2 * WAITING, ..Limits::default() });
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let wait = Arc::new(parking_lot::Mutex::new(wait));
        let slow = |work| {
            let (admission, wait) = (Arc::clone(&admission), Arc::clone(&wait));
            let call = run(work, move || wait.lock().recv().ok());
            tokio::spawn(async move { drop(admission.visit(Need::Read, None, call).await) })
        };
        let waiting: Vec<_> = (0..=WAITING)
            .map(|_| slow(Work::Wait))
            .chain((0..=LABOURING).map(|_| slow(Work::Labour)))
            .collect();
        while admission.waits.turns.available_permits() + admission.labours.turns.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let search = admission.visit(Need::Read, None, run(Work::Usual, || 7)).await;
        assert!(matches!(search, Ok(Some(7))));
        drop(go);
        for slow in waiting {
            slow.await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_call_beyond_those_that_may_wait_is_refused_at_once() {
        let admission = admission(1);
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let first = tokio::spawn({
            let admission = Arc::clone(&admission);
            async move { admission.visit(Need::Read, None, run(Work::Usual, move || wait.recv())).await }
        });
        while admission.reads.inside.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        let refused = admission.visit(Need::Read, None, run(Work::Usual, || ())).await.unwrap_err();
        assert_eq!(refused.respond(None).status(), 503);
        assert!(
            admission.visit(Need::Write, None, run(Work::Usual, || ())).await.is_ok(),
            "writes have a line of their own"
        );
        // A caller that goes away leaves its call running, in its place.
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        assert!(admission.visit(Need::Read, None, run(Work::Usual, || ())).await.is_err());
        drop(go);
        while admission.reads.inside.load(Ordering::Relaxed) > 0 {
            tokio::task::yield_now().await;
        }
        assert!(admission.visit(Need::Read, None, run(Work::Usual, || ())).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_takes_too_long_goes_on_and_its_caller_is_told_so() {
        let limits = Limits { read: Duration::ZERO, write: Duration::ZERO, ..Limits::default() };
        let admission = new(limits);
        for (need, outcome) in [(Need::Read, "known"), (Need::Grow, "unknown")] {
            let (go, wait) = std::sync::mpsc::channel::<()>();
            let (done, ended) = std::sync::mpsc::channel();
            let call = run(Work::Usual, move || {
                wait.recv().ok();
                done.send(()).ok();
            });
            let late = admission.visit(need, None, call).await.unwrap_err().respond(None);
            assert_eq!(late.status(), 504);
            let body = axum::body::to_bytes(late.into_body(), 1 << 20).await.unwrap();
            let document: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(document["outcome"], outcome);
            drop(go);
            ended.recv().unwrap();
        }
    }
}
