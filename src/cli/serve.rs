//! `vectord serve`.
//!
//! The order counts: handlers for signals, then the listener, then the store, and only then is it announced.

use super::announce::announce;
use super::args::{Common, Serve};
use super::bind::listen;
use super::config::Config;
use super::logging;
use super::signals::Signals;
use crate::error::Result;
use crate::registry::Registry;
use crate::server::{self, Limits};

const BIND: &str = "127.0.0.1:3215";

/// Serves until a signal.
pub(super) fn serve(serve: &Serve) -> Result<()> {
    let Serve { store, common: Common { bind, config, insecure, log } } = serve;
    let config = Config::read(config.as_deref())?;
    logging::start(log.as_deref().or(config.log.level.as_deref()))?;
    for key in config.unknown() {
        tracing::warn!(key, "the configuration has a key that nothing reads");
    }
    if config.s3.is_some() {
        tracing::info!("the section [s3] is for a storaged and is not used here");
    }
    let store = config.store(store.as_deref());
    let bind = bind.as_deref().or(config.vectord.bind.as_deref()).unwrap_or(BIND);
    let runtime = server::runtime()?;
    let signals = Signals::install(&runtime)?;
    let listener = listen(bind, *insecure)?;
    let registry = Registry::open(&store)?;
    if store == "memory:" {
        tracing::warn!("the store is memory: nothing is kept when the service ends");
    }
    announce(&format!("vectord serving {store}"), &listener, "/vectors/index")?;
    server::host(runtime, listener, registry, Limits::default(), signals.received())
}
