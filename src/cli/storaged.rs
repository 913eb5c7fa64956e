//! `vectord storaged`.
//!
//! It serves a directory; buckets are not there yet.

use std::sync::Arc;

use super::announce::announce;
use super::args::Storaged;
use super::begin::begin;
use super::bind::listen;
use super::config::Section;
use super::signals::Signals;
use crate::error::Result;
use crate::server::{self, Limits};
use crate::store::Directory;

const BIND: &str = "127.0.0.1:3211";

/// Serves until a signal.
pub(super) fn storaged(storaged: &Storaged) -> Result<()> {
    let Storaged { dir, bind, common } = storaged;
    let config = begin(common, Section::Storaged)?;
    if config.s3.is_some() {
        tracing::warn!(dir = %dir.display(), "the section [s3] is not used: this release serves a directory");
    }
    let bind = bind.as_deref().or(config.storaged.bind.as_deref()).unwrap_or(BIND);
    let runtime = server::runtime()?;
    let signals = Signals::install(&runtime)?;
    let listener = listen(bind, common.insecure)?;
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
