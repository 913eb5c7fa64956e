//! SIGTERM and SIGINT, asked for before anything listens: a signal is never met by the default action.
//!
//! A second signal while the service ends changes nothing: ending has a deadline of its own.

use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{Error, Result};

/// The signals that end a service.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Installs the handlers.
    pub(super) fn install(runtime: &Runtime) -> Result<Self> {
        let _inside = runtime.enter();
        let install = |kind| {
            signal(kind)
                .map_err(|error| Error::internal(format!("cannot handle signals: {error}")).caused_by(error))
        };
        Ok(Self {
            terminate: install(SignalKind::terminate())?,
            interrupt: install(SignalKind::interrupt())?,
        })
    }

    /// Waits for one of them.
    pub(super) async fn received(mut self) {
        let signal = tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal, "ending");
    }
}
