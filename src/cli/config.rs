//! The configuration file, as the Go service's lakehouse.toml has it, and what it leaves to the defaults.
//!
//! Sections of other programs are ignored in silence; keys of ours that this build does not know are named.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Result};

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
    #[serde(flatten)]
    others: BTreeMap<String, toml::Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Storaged {
    pub(super) bind: Option<String>,
    #[serde(flatten)]
    others: BTreeMap<String, toml::Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Log {
    pub(super) level: Option<String>,
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
            Error::invalid(format!("{shown} is not the TOML expected: {error}")).caused_by(error)
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
        let Vectord { bind: _, store, storaged_url, others: _ } = &self.vectord;
        let storaged_url = storaged_url.as_deref().map(|url| if url.is_empty() { "memory:" } else { url });
        flag.or(store.as_deref()).or(storaged_url).unwrap_or("./vectors").to_owned()
    }
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
