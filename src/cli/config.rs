//! The configuration file, as the Go service's lakehouse.toml has it, and what it leaves to the defaults.
//!
//! Sections of other programs are ignored in silence; keys of ours that this build does not know are named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::args::Common;
use crate::error::{Error, Result};
use crate::server::{Hosts, Key, Keys, Limits, Role, Tls};

/// The section of a command.
#[derive(Debug, Clone, Copy)]
pub(super) enum Section {
    Vectord,
    Storaged,
}

/// What a file says; all of it optional.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Config {
    pub(super) vectord: Vectord,
    pub(super) storaged: Storaged,
    pub(super) log: Log,
    /// A bucket's, for a storaged that stands on one.
    pub(super) s3: Option<toml::Table>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Vectord {
    pub(super) bind: Option<String>,
    pub(super) store: Option<String>,
    /// The Go service's word for the store; empty means that nothing is kept.
    pub(super) storaged_url: Option<String>,
    pub(super) keys: Option<Vec<KeyEntry>>,
    pub(super) tls_cert: Option<PathBuf>,
    pub(super) tls_key: Option<PathBuf>,
    /// What a service without keys is called by beside its addresses.
    pub(super) hosts: Option<Vec<String>>,
    /// The most that the store may hold.
    pub(super) quota_bytes: Option<u64>,
    pub(super) limits: LimitsEntry,
    #[serde(flatten)]
    others: BTreeMap<String, toml::Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Storaged {
    pub(super) bind: Option<String>,
    pub(super) keys: Option<Vec<KeyEntry>>,
    pub(super) hosts: Option<Vec<String>>,
    pub(super) tls_cert: Option<PathBuf>,
    pub(super) tls_key: Option<PathBuf>,
    pub(super) limits: LimitsEntry,
    #[serde(flatten)]
    others: BTreeMap<String, toml::Value>,
}

/// How much is taken on at once, and how long things may take, in seconds.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LimitsEntry {
    header_seconds: Option<f64>,
    body_idle_seconds: Option<f64>,
    body_seconds: Option<f64>,
    answer_idle_seconds: Option<f64>,
    read_seconds: Option<f64>,
    write_seconds: Option<f64>,
    drain_seconds: Option<f64>,
    connections: Option<u32>,
    body_bytes: Option<u32>,
    answer_bytes: Option<u32>,
    reads: Option<u32>,
    writes: Option<u32>,
}

impl LimitsEntry {
    /// Whether the file says anything.
    pub(super) fn is_given(&self) -> bool {
        *self != Self::default()
    }

    /// The limits of a service: these, and the defaults for the rest.
    pub(super) fn limits(&self, quota: Option<u64>) -> Result<Limits> {
        let defaults = Limits::default();
        let time = |name: &str, given: Option<f64>, default: Duration| match given {
            None => Ok(default),
            Some(seconds) if (0.001..=86_400.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
            Some(seconds) => {
                Err(Error::invalid(format!("limits.{name} is seconds, 0.001 to 86400, got {seconds}")))
            }
        };
        let count = |name: &str, given: Option<u32>, default: usize| match given {
            None => Ok(default),
            Some(0) => Err(Error::invalid(format!("limits.{name} must be at least 1, got 0"))),
            Some(count) => Ok(count as usize),
        };
        Ok(Limits {
            header: time("header_seconds", self.header_seconds, defaults.header)?,
            body_idle: time("body_idle_seconds", self.body_idle_seconds, defaults.body_idle)?,
            body_whole: time("body_seconds", self.body_seconds, defaults.body_whole)?,
            answer_idle: time("answer_idle_seconds", self.answer_idle_seconds, defaults.answer_idle)?,
            read: time("read_seconds", self.read_seconds, defaults.read)?,
            write: time("write_seconds", self.write_seconds, defaults.write)?,
            drain: time("drain_seconds", self.drain_seconds, defaults.drain)?,
            connections: count("connections", self.connections, defaults.connections)?,
            body_bytes: count("body_bytes", self.body_bytes, defaults.body_bytes)?,
            answer_bytes: count("answer_bytes", self.answer_bytes, defaults.answer_bytes)?,
            reads: count("reads", self.reads, defaults.reads)?,
            writes: count("writes", self.writes, defaults.writes)?,
            quota,
        })
    }
}

/// A key, as `vectord key new` prints it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyEntry {
    role: String,
    sha256: String,
    name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Log {
    pub(super) level: Option<String>,
    pub(super) format: Option<String>,
    #[serde(flatten)]
    others: BTreeMap<String, toml::Value>,
}

impl Config {
    /// Reads the file, if one was named.
    pub(super) fn read(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Ok(Self::default()) };
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::invalid(format!("cannot read the configuration {shown}: {error}")).caused_by(error)
        })?;
        toml::from_str(&text).map_err(|error| {
            // The line itself may hold a secret.
            let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
            Error::invalid(format!("{shown} is not the TOML expected, at line {line}: {}", error.message()))
        })
    }

    /// Keys that nothing reads, in the section of a command and in `[log]`. The other command's are its own.
    pub(super) fn unknown(&self, section: Section) -> Vec<String> {
        let named = |section: &'static str, others: &BTreeMap<String, toml::Value>| {
            others.keys().map(move |key| format!("[{section}] {key}")).collect::<Vec<_>>()
        };
        let Self { vectord, storaged, log, s3: _ } = self;
        let own = match section {
            Section::Vectord => named("vectord", &vectord.others),
            Section::Storaged => named("storaged", &storaged.others),
        };
        [own, named("log", &log.others)].concat()
    }

    /// The store's URL, unless a flag or the environment named one.
    pub(super) fn store(&self, flag: Option<&str>) -> String {
        let Vectord { store, storaged_url, .. } = &self.vectord;
        let storaged_url = storaged_url.as_deref().map(|url| if url.is_empty() { "memory:" } else { url });
        flag.or(store.as_deref()).or(storaged_url).unwrap_or("./vectors").to_owned()
    }
}

/// The certificate of a service and its key: those of flags or the environment, else those of its section.
pub(super) fn tls(flags: &Common, cert: Option<&Path>, key: Option<&Path>) -> Result<Option<Tls>> {
    match (flags.tls_cert.as_deref().or(cert), flags.tls_key.as_deref().or(key)) {
        (None, None) => Ok(None),
        (Some(cert), Some(key)) => Tls::open(cert, key).map(Some),
        (Some(_), None) => Err(Error::invalid("a TLS certificate was given, but no key: give tls_key, too")),
        (None, Some(_)) => Err(Error::invalid("a TLS key was given, but no certificate: give tls_cert, too")),
    }
}

/// The names that a service answers to where it asks for no key: any if other machines may reach it, as was said.
pub(super) fn hosts(flags: &Common, section: Option<&[String]>) -> Hosts {
    if flags.insecure {
        return Hosts::Any;
    }
    Hosts::Own(flags.hosts.as_deref().or(section).unwrap_or_default().to_vec())
}

/// The keys of a service: those of a flag or the environment, else those of its section.
pub(super) fn keys(flag: Option<&str>, entries: Option<&[KeyEntry]>) -> Result<Keys> {
    // An empty variable must not open what the file closes.
    if let Some(text) = flag {
        let keys = Keys::parse(text).map_err(|error| error.within("keys"))?;
        if !keys.is_empty() {
            return Ok(keys);
        }
    }
    let read = |(at, KeyEntry { role, sha256, name }): (usize, &KeyEntry)| {
        let role = Role::parse(role);
        let key = role.and_then(|role| Key::new(role, sha256, name.as_deref()));
        key.map_err(|error| error.within(format!("keys[{at}]")))
    };
    Keys::new(entries.unwrap_or_default().iter().enumerate().map(read).collect::<Result<Vec<_>>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAKEHOUSE: &str = r#"
        [s3]
        endpoint = "http://localhost:9000"
        region = "us-east-1"
        bucket = "lakehouse"
        access_key_id = "a"
        secret_access_key = "b"
        use_path_style = true
        [storaged]
        bind = "127.0.0.1:3211"
        [vectord]
        bind = "127.0.0.1:3215"
        storaged_url = "http://127.0.0.1:3211"
        [catalogd]
        bind = ":3212"
        refresh = [1, 2]
        [log]
        level = "info"
    "#;

    fn read(text: &str) -> Config {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn the_go_service_s_file_works_as_it_is() {
        let config = read(LAKEHOUSE);
        assert_eq!(config.store(None), "http://127.0.0.1:3211");
        assert_eq!(config.vectord.bind.as_deref(), Some("127.0.0.1:3215"));
        assert_eq!(config.storaged.bind.as_deref(), Some("127.0.0.1:3211"));
        assert_eq!(config.log.level.as_deref(), Some("info"));
        assert!(
            config.s3.is_some()
                && config.unknown(Section::Vectord).is_empty()
                && config.unknown(Section::Storaged).is_empty()
        );
    }

    #[test]
    fn a_flag_comes_before_the_file_and_the_file_before_the_default() {
        assert_eq!(read("").store(None), "./vectors");
        assert_eq!(read("[vectord]\nstoraged_url = ''").store(None), "memory:");
        assert_eq!(read("[vectord]\nstoraged_url = ''\nstore = 'x'").store(None), "x");
        assert_eq!(read("[vectord]\nstore = 'x'").store(Some("y")), "y");
    }

    #[test]
    fn a_key_of_ours_that_nothing_reads_is_named() {
        let config = read("[vectord]\nstor = 'x'\n[storaged]\nroot = 'r'\n[log]\nfile = 'f'\n[other]\ny = 1");
        assert_eq!(config.unknown(Section::Vectord), ["[vectord] stor", "[log] file"]);
        assert_eq!(config.unknown(Section::Storaged), ["[storaged] root", "[log] file"]);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let error = Config::read(Some(Path::new("no/such.toml"))).unwrap_err();
        assert!(error.to_string().contains("no/such.toml"), "{error}");
    }
}
