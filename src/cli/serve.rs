//! `vectord serve`.
//!
//! The order counts: handlers for signals, then the listener, then the store, and only then is it announced.

use super::announce::announce;
use super::args::Serve;
use super::begin::begin;
use super::bind::listen;
use super::config::{self, Section};
use super::signals::Signals;
use crate::error::{Error, ErrorKind, Result};
use crate::registry::Registry;
use crate::server::{self, Protection};

const BIND: &str = "127.0.0.1:3215";

/// Serves until a signal.
pub(super) fn serve(serve: &Serve) -> Result<()> {
    let Serve { store, bind, keys, common } = serve;
    let config = begin(common, Section::Vectord)?;
    if config.s3.is_some() {
        tracing::info!("the section [s3] is for a storaged and is not used here");
    }
    let store = config.store(store.as_deref());
    let bind = bind.as_deref().or(config.vectord.bind.as_deref()).unwrap_or(BIND);
    let section = &config.vectord;
    let keys = config::keys(keys.as_deref(), section.keys.as_deref())?;
    let tls = config::tls(common, section.tls_cert.as_deref(), section.tls_key.as_deref())?;
    let limits = section.limits.limits(section.quota_bytes)?;
    let protection = Protection { keys, tls, limits };
    let runtime = server::runtime()?;
    let signals = Signals::install(&runtime)?;
    let listener = listen(bind, common.insecure || !protection.keys.is_empty())?;
    let registry = Registry::open(&store).map_err(|error| unreachable(&store, error))?;
    if store == "memory:" {
        tracing::warn!("the store is memory: nothing is kept when the service ends");
    }
    announce(&format!("vectord serving {store}"), &listener, "/vectors/index")?;
    server::host(runtime, listener, registry, protection, signals.received())
}

/// Adds to the error of a store behind a network what is most often missing there.
fn unreachable(store: &str, error: Error) -> Error {
    let remote = ["http://", "https://"]
        .iter()
        .any(|scheme| store.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    if !remote || error.kind() != ErrorKind::Unavailable {
        return error;
    }
    Error::unavailable(format!("{}; is `vectord storaged` running there?", error.message())).caused_by(error)
}
