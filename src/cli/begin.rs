//! What every command does first: the configuration read, logging begun, and keys in vain named.
//!
//! What a key means to a command stands with the command.

use super::args::Common;
use super::config::{Config, Section};
use super::descriptors;
use super::logging::{self, Format};
use crate::error::Result;

/// Reads the configuration and begins to log; warns about keys of `section` that nothing reads.
pub(super) fn begin(common: &Common, section: Section) -> Result<Config> {
    let Common { config, hosts: _, insecure: _, tls_cert: _, tls_key: _, log, log_format } = common;
    let config = Config::read(config.as_deref())?;
    let format = Format::parse(log_format.as_deref().or(config.log.format.as_deref()))?;
    logging::start(log.as_deref().or(config.log.level.as_deref()), format)?;
    descriptors::raise();
    for key in config.unknown(section) {
        tracing::warn!(key, "the configuration has a key that nothing reads");
    }
    Ok(config)
}
