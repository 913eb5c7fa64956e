//! `vectord storaged`.
//!
//! It serves a directory; buckets are not there yet.

use std::sync::Arc;

use super::announce::announce;
use super::args::Storaged;
use super::begin::begin;
use super::bind::listen;
use super::config::{self, Section};
use super::signals::Signals;
use crate::error::Result;
use crate::server::{self, Protection};
use crate::store::Directory;

const BIND: &str = "127.0.0.1:3211";

/// Serves until a signal.
pub(super) fn storaged(storaged: &Storaged) -> Result<()> {
    let Storaged { dir, bind, keys, common } = storaged;
    let config = begin(common, Section::Storaged)?;
    if config.s3.is_some() {
        tracing::warn!(dir = %dir.display(), "the section [s3] is not used: this release serves a directory");
    }
    let bind = bind.as_deref().or(config.storaged.bind.as_deref()).unwrap_or(BIND);
    let section = &config.storaged;
    let keys = config::keys(keys.as_deref(), section.keys.as_deref())?;
    let tls = config::tls(common, section.tls_cert.as_deref(), section.tls_key.as_deref())?;
    let hosts = config::hosts(common, section.hosts.as_deref());
    let protection = Protection { keys, hosts, tls, limits: section.limits.limits(None)? };
    let runtime = server::runtime()?;
    let signals = Signals::install(&runtime, protection.tls.as_ref())?;
    let listener = listen(bind, common.insecure || !protection.keys.is_empty())?;
    let store = Directory::open(dir)?;
    announce(&format!("vectord storaged serving {}", dir.display()), &listener, "/v1/storage", &protection)?;
    server::run(
        runtime,
        listener,
        server::storaged_app(Arc::new(store), protection.keys.clone(), protection.hosts.clone()),
        &protection,
        signals.received(),
    )
}
