//! `vectord config check`: what `serve` would run with, and where each setting comes from.
//!
//! Everything is read and checked as `serve` does it; nothing is opened, and no secret is printed.

use std::io::{Write, stdout};

use clap::{Args, Subcommand};

use super::announce::described;
use super::args::{Common, Serve};
use super::bind::check;
use super::config::{Config, Section};
use super::logging;
use super::serve::{address, protection};
use crate::error::{Error, Result};

pub(super) const HELP: &str = "\
Examples:
  vectord config check --config vectord.toml
  VECTORD_KEYS=read:SHA256:web vectord config check --bind 0.0.0.0:3215

It takes the flags of `vectord serve`, and ends with status 1 where serve would not start, or a key is in vain.";

#[derive(Debug, Args)]
pub(super) struct ConfigCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Check the configuration, and print the settings in force with where each comes from
    Check(Serve),
}

/// Prints the settings in force; false where the file has keys that nothing reads.
pub(super) fn config(ConfigCommand { verb: Verb::Check(serve) }: &ConfigCommand) -> Result<bool> {
    let Serve { store, bind, keys, common } = serve;
    let Common { config: file, hosts: _, insecure, tls_cert, tls_key: _, log, log_format } = common;
    let config = Config::read(file.as_deref())?;
    let (section, level) = (&config.vectord, log.as_deref().or(config.log.level.as_deref()));
    let protection = protection(serve, &config)?;
    let address = address(serve, &config);
    check(address, *insecure || !protection.keys.is_empty())?;
    logging::filter(level.unwrap_or(logging::LEVEL))?;
    let format = logging::Format::parse(log_format.as_deref().or(config.log.format.as_deref()))?;
    config.storaged.limits.limits(None).map_err(|error| error.within("[storaged]"))?;

    let [(_, key_list), (_, tls), (_, limits)] = described(&protection);
    let given = |flag: bool, variable: &str, in_file: bool| match (flag, std::env::var_os(variable)) {
        (true, Some(_)) => variable.to_owned(),
        (true, None) => "flag".to_owned(),
        (false, _) if in_file => shown(file.as_deref()),
        (false, _) => "default".to_owned(),
    };
    let in_file = section.store.is_some() || section.storaged_url.is_some();
    let lines = [
        ("store", config.store(store.as_deref()), given(store.is_some(), "VECTORD_STORE", in_file)),
        ("bind", address.to_owned(), given(bind.is_some(), "VECTORD_BIND", section.bind.is_some())),
        ("keys", key_list, given(keys.is_some(), "VECTORD_KEYS", section.keys.is_some())),
        ("tls", tls, given(tls_cert.is_some(), "VECTORD_TLS_CERT", section.tls_cert.is_some())),
        ("limits", limits, given(false, "", section.quota_bytes.is_some() || section.limits.is_given())),
        (
            "log",
            level.unwrap_or(logging::LEVEL).to_owned(),
            given(log.is_some(), "VECTORD_LOG", config.log.level.is_some()),
        ),
        (
            "log format",
            format.name().to_owned(),
            given(log_format.is_some(), "VECTORD_LOG_FORMAT", config.log.format.is_some()),
        ),
    ];
    let unknown = config.unknown(Section::Vectord);
    let mut text: String = lines.map(|(name, value, from)| format!("{name} = {value}  ({from})\n")).concat();
    text.extend(unknown.iter().map(|key| format!("{key} is a key that nothing reads\n")));
    let printed = stdout().lock().write_all(text.as_bytes());
    printed.map_err(|error| Error::unavailable("the settings could not be printed").caused_by(error))?;
    Ok(unknown.is_empty())
}

fn shown(file: Option<&std::path::Path>) -> String {
    file.map_or_else(String::new, |file| file.display().to_string())
}
