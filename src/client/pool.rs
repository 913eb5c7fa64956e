//! The connections to a service, which belong to the process that made them.
//!
//! Behind a blocking client is a thread that a forked child does not have: the child makes a pool of its own,
//! and forgets the inherited one, whose thread it could only wait for.

use std::process;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use reqwest::blocking::Client;

use crate::error::Result;
use crate::http_client;

/// An idle connection is given up before the service does so, which closes it after ten seconds: a request that
/// meets the closing would be lost.
const IDLE: Duration = Duration::from_secs(5);

/// The connections of this process.
pub(super) struct Pool {
    tls: bool,
    made: ArcSwap<Made>,
}

struct Made {
    pid: u32,
    /// `None` only while it is dropped.
    client: Option<Client>,
}

impl Pool {
    /// `tls`: whether https will be asked for.
    pub(super) fn new(tls: bool) -> Result<Self> {
        Ok(Self { tls, made: ArcSwap::from_pointee(Made::new(tls)?) })
    }

    /// Runs `work` with the client of this process.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Client) -> T) -> Result<T> {
        let mut made = self.made.load_full();
        if made.pid != process::id() {
            made = Arc::new(Made::new(self.tls)?);
            self.made.store(Arc::clone(&made));
        }
        Ok(work(made.client.as_ref().expect("it is taken only by drop")))
    }
}

impl Made {
    fn new(tls: bool) -> Result<Self> {
        let client = http_client::build(http_client::builder(tls).pool_idle_timeout(IDLE).timeout(None))?;
        Ok(Self { pid: process::id(), client: Some(client) })
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        if self.pid != process::id() {
            std::mem::forget(self.client.take());
        }
    }
}
