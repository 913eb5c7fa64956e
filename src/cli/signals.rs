//! SIGTERM, SIGINT, and SIGHUP where there is a certificate to read again, asked for before anything listens: a signal is never met by the default action.
//!
//! A second signal while the service ends changes nothing: ending has a deadline of its own.

use std::convert::Infallible;

use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{Error, Result};
use crate::server::Tls;

/// The signals that end a service.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    again: Option<(Signal, Tls)>,
}

impl Signals {
    /// Installs the handlers. SIGHUP reads the certificate of `tls` again; without one it does what it always does.
    pub(super) fn install(runtime: &Runtime, tls: Option<&Tls>) -> Result<Self> {
        let _inside = runtime.enter();
        let install = |kind| {
            signal(kind)
                .map_err(|error| Error::internal(format!("cannot handle signals: {error}")).caused_by(error))
        };
        Ok(Self {
            terminate: install(SignalKind::terminate())?,
            interrupt: install(SignalKind::interrupt())?,
            again: tls.map(|tls| Ok((install(SignalKind::hangup())?, tls.clone()))).transpose()?,
        })
    }

    /// Waits for one that ends the service.
    pub(super) async fn received(mut self) {
        let signal = tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            never = read_again(self.again) => match never {},
        };
        tracing::info!(signal, "ending");
    }
}

async fn read_again(again: Option<(Signal, Tls)>) -> Infallible {
    let Some((mut hangup, tls)) = again else { return std::future::pending().await };
    loop {
        hangup.recv().await;
        match tls.reload() {
            Ok(()) => tracing::info!("the certificate was read again"),
            Err(error) => tracing::error!(%error, "the certificate stays as it was"),
        }
    }
}
