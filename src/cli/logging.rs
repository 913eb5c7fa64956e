//! Log lines, on standard error.
//!
//! Lower case, key=value; never vectors, metadata or keys.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::error::{Error, Result};

/// Logs what `level` lets through: a level's name, or a filter of `tracing`.
///
/// In a process that logs already (Python's, called twice) the first filter stays.
pub(super) fn start(level: Option<&str>) -> Result<()> {
    let level = level.filter(|level| !level.is_empty()).unwrap_or("info");
    let filter = match level.to_ascii_lowercase().as_str() {
        "warning" => EnvFilter::try_new("warn"),
        "fatal" | "panic" => EnvFilter::try_new("error"),
        _ => EnvFilter::try_new(level),
    };
    let filter = filter
        .map_err(|error| Error::invalid(format!("unknown log level {level:?}: {error}")).caused_by(error))?;
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    drop(subscriber.try_init());
    Ok(())
}
