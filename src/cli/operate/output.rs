//! What the operator's commands share: `--json`, the level of logging, and printing.
//!
//! Documents are one per call, on standard output; log lines and errors go to standard error.

use std::fmt::Write as _;
use std::io::{Write as _, stdout};

use clap::Args;
use serde::Serialize;

use crate::cli::logging;
use crate::error::Result;

#[derive(Debug, Args)]
pub(super) struct Output {
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
    /// What to log to standard error: error, warn, info, debug, trace [default: warn]
    #[arg(long, value_name = "LEVEL", env = "VECTORD_LOG")]
    log: Option<String>,
}

impl Output {
    /// Begins to log.
    pub(super) fn begin(&self) -> Result<()> {
        logging::start(Some(self.log.as_deref().unwrap_or("warn")), logging::Format::Text)
    }

    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints the document, or the text that says the same.
    pub(super) fn print(&self, document: &impl Serialize, text: impl FnOnce() -> String) {
        let shown = if self.json {
            serde_json::to_string_pretty(document).expect("reports are structs of strings and numbers") + "\n"
        } else {
            text()
        };
        print(shown.as_bytes());
    }
}

/// Writes to standard output; that nobody reads on is no error.
pub(super) fn print(bytes: &[u8]) {
    let mut out = stdout().lock();
    drop(out.write_all(bytes).and_then(|()| out.flush()));
}

/// Lines of a name and a value, aligned.
pub(super) fn lines<const N: usize>(rows: [(&str, String); N]) -> String {
    let mut text = String::new();
    for (name, value) in rows {
        writeln!(text, "  {name:<12}{value}").expect("a string takes everything");
    }
    text
}

/// Bytes as people read them.
pub(super) fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", units[unit]) }
}

/// Numbers with commas between them, or a dash.
pub(super) fn list(numbers: impl IntoIterator<Item = u64>) -> String {
    let shown: Vec<String> = numbers.into_iter().map(|number| number.to_string()).collect();
    if shown.is_empty() { "-".to_owned() } else { shown.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_in_the_unit_people_expect() {
        let shown: Vec<_> = [0, 1023, 1024, 1536, 5 << 30].map(size).to_vec();
        assert_eq!(shown, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "5.0 GiB"]);
        assert_eq!((list([]), list([1, 2])), ("-".to_owned(), "1, 2".to_owned()));
    }
}
