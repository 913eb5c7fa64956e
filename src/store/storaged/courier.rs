//! The blocking HTTP client, kept off its callers' threads.
//!
//! `reqwest::blocking` refuses to run inside an async runtime, and our callers may be anywhere: a
//! notebook, tokio's `spawn_blocking`, a runtime's worker. So the client is built, used and dropped on
//! short-lived plain threads. One costs some 20 us, little beside a round trip, and unlike a pool of
//! workers it needs no queue, no limit and no shutdown, and calls may borrow. Connections are pooled
//! by the client all the same.

use std::thread;
use std::time::Duration;

use reqwest::blocking::Client;
use reqwest::header::{AUTHORIZATION, HeaderMap};

use crate::error::{Error, Result};
use crate::http_client;

/// The variable that holds the key which a storaged asks for, if it does.
const KEY: &str = "VECTORD_STORE_KEY";

/// Runs calls on a client that never meets its callers' threads.
pub(super) struct Courier {
    /// `None` only while it is dropped.
    client: Option<Client>,
    pid: u32,
}

impl Courier {
    /// Time to the first bytes of an answer, and between any two reads of its body.
    pub(super) const ANSWER: Duration = Duration::from_secs(30);

    /// Builds the client. `tls`: whether it will be asked for https.
    pub(super) fn new(tls: bool) -> Result<Self> {
        let headers = headers(std::env::var(KEY).ok().filter(|key| !key.is_empty()))?;
        let builder = http_client::builder(tls).default_headers(headers).timeout(Self::ANSWER);
        let client = aside(move || http_client::build(builder))??;
        Ok(Self { client: Some(client), pid: std::process::id() })
    }

    /// Runs `work` with the client on a thread of its own and waits for it.
    pub(super) fn send<T: Send>(&self, work: impl FnOnce(&Client) -> T + Send) -> Result<T> {
        if self.pid != std::process::id() {
            // The client's own thread did not survive the fork: a call would wait for ever.
            return Err(Error::unavailable("the store was opened before this process forked: open it again"));
        }
        let client = self.client.as_ref().expect("it is taken only by drop");
        aside(|| work(client))
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        let client = self.client.take();
        if self.pid == std::process::id() {
            let _ = aside(move || drop(client));
        } else {
            // Dropping it would join its thread, which this process does not have.
            std::mem::forget(client);
        }
    }
}

/// What every request carries: the key.
fn headers(key: Option<String>) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    if let Some(key) = key {
        let value = http_client::bearer(&key).map_err(|_| {
            Error::invalid(format!("{KEY} is no key: it has characters that a header cannot"))
        })?;
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

fn aside<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    thread::scope(|scope| {
        let worker = thread::Builder::new()
            .name("vectord-storaged".into())
            .spawn_scoped(scope, work)
            .map_err(|error| Error::exhausted("cannot start a thread for an HTTP call").caused_by(error))?;
        worker.join().map_err(|_| Error::internal("an HTTP call panicked"))
    })
}
