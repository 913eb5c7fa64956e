//! `vectord serve`.
//!
//! The order counts: handlers for signals, then the listener, then the store, and only then is it announced.

use super::announce::announce;
use super::args::Serve;
use super::begin::begin;
use super::bind::listen;
use super::config::{self, Config, Section};
use super::signals::Signals;
use crate::error::{Error, ErrorKind, Result};
use crate::registry::Registry;
use crate::server::{self, Protection};

const BIND: &str = "127.0.0.1:3215";

/// Serves until a signal.
pub(super) fn serve(serve: &Serve) -> Result<()> {
    let config = begin(&serve.common, Section::Vectord)?;
    if config.s3.is_some() {
        tracing::info!("the section [s3] is for a storaged and is not used here");
    }
    let store = config.store(serve.store.as_deref());
    let protection = protection(serve, &config)?;
    let runtime = server::runtime()?;
    let signals = Signals::install(&runtime, protection.tls.as_ref())?;
    let trusted = serve.common.insecure || !protection.keys.is_empty();
    let listener = listen(address(serve, &config), trusted)?;
    let registry = Registry::open(&store).map_err(|error| unreachable(&store, error))?;
    if store == "memory:" {
        tracing::warn!("the store is memory: nothing is kept when the service ends");
    }
    announce(&format!("vectord serving {store}"), &listener, "/vectors/index", &protection)?;
    server::host(runtime, listener, registry, protection, signals.received())
}

/// Where to listen.
pub(super) fn address<'a>(serve: &'a Serve, config: &'a Config) -> &'a str {
    serve.bind.as_deref().or(config.vectord.bind.as_deref()).unwrap_or(BIND)
}

/// What stands between the service and its callers.
pub(super) fn protection(serve: &Serve, config: &Config) -> Result<Protection> {
    let section = &config.vectord;
    Ok(Protection {
        keys: config::keys(serve.keys.as_deref(), section.keys.as_deref())?,
        hosts: config::hosts(&serve.common, section.hosts.as_deref()),
        tls: config::tls(&serve.common, section.tls_cert.as_deref(), section.tls_key.as_deref())?,
        limits: section.limits.limits(section.quota_bytes)?,
    })
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
