//! Log lines, on standard error.
//!
//! Lower case, key=value; never vectors, metadata or keys.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::error::{Error, Result};

/// What is logged where nobody says.
pub(super) const LEVEL: &str = "info";

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// For people.
    Text,
    /// A JSON document a line, for programs.
    Json,
}

impl Format {
    /// The format of that name; nothing and the empty word are text.
    pub(super) fn parse(name: Option<&str>) -> Result<Self> {
        match name.unwrap_or_default() {
            "" | "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(Error::invalid(format!("unknown log format {other:?}: write text or json"))),
        }
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// Logs what `level` lets through: a level's name, or a filter of `tracing`.
///
/// In a process that logs already (Python's, called twice) the first filter stays.
pub(super) fn start(level: Option<&str>, format: Format) -> Result<()> {
    let level = level.filter(|level| !level.is_empty()).unwrap_or(LEVEL);
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter(level)?).with_writer(io::stderr);
    drop(match format {
        Format::Text => subscriber.with_target(false).try_init(),
        Format::Json => subscriber.json().flatten_event(true).try_init(),
    });
    Ok(())
}

/// The filter that `level` means. A lone word must be a level: [`EnvFilter`] would take it for a target, and let
/// nothing else through.
pub(super) fn filter(level: &str) -> Result<EnvFilter> {
    let word = level.trim().to_ascii_lowercase();
    let known = match word.as_str() {
        "warning" => "warn",
        "fatal" | "panic" => "error",
        "error" | "warn" | "info" | "debug" | "trace" | "off" => &word,
        _ if level.contains(['=', ',']) => level,
        _ => {
            return Err(Error::invalid(format!(
                "unknown log level {level:?}: write error, warn, info, debug or trace"
            )));
        }
    };
    EnvFilter::try_new(known)
        .map_err(|error| Error::invalid(format!("unknown log level {level:?}: {error}")).caused_by(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_level_is_refused() {
        for level in
            ["info", "WARN", "warning", "fatal", "off", "warn,vectord=debug", "vectord::server=trace"]
        {
            assert!(filter(level).is_ok(), "{level}");
        }
        for level in ["infoo", "vectord", "3", "inf o", "vectord=loud"] {
            let error = filter(level).unwrap_err().to_string();
            assert!(error.starts_with("unknown log level"), "{level}: {error}");
        }
    }
}
