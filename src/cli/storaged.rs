//! `vectord storaged`.
//!
//! It serves a directory; buckets are not there yet.

use std::sync::Arc;

use super::announce::announce;
use super::args::{Common, Storaged};
use super::bind::listen;
use super::config::Config;
use super::logging;
use super::signals::Signals;
use crate::error::Result;
use crate::server::{self, Limits};
use crate::store::Directory;

const BIND: &str = "127.0.0.1:3211";

/// Serves until a signal.
pub(super) fn storaged(storaged: &Storaged) -> Result<()> {
    let Storaged { dir, common: Common { bind, config, insecure, log } } = storaged;
    let config = Config::read(config.as_deref())?;
    logging::start(log.as_deref().or(config.log.level.as_deref()))?;
    for key in config.unknown() {
        tracing::warn!(key, "the configuration has a key that nothing reads");
    }
    if config.s3.is_some() {
        tracing::warn!(dir = %dir.display(), "the section [s3] is not used: this release serves a directory");
    }
    let bind = bind.as_deref().or(config.storaged.bind.as_deref()).unwrap_or(BIND);
    let runtime = server::runtime()?;
    let signals = Signals::install(&runtime)?;
    let listener = listen(bind, *insecure)?;
    let store = Directory::open(dir)?;
    announce(&format!("vectord storaged serving {}", dir.display()), &listener, "/v1/storage")?;
    server::run(
        runtime,
        listener,
        server::storaged_app(Arc::new(store)),
        Limits::default(),
        signals.received(),
    )
}
