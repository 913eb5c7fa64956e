//! What a registry's indexes depend on beside their store.
//!
//! The defaults are what users get; tests choose their own clock and limits.

use std::time::Duration;

use crate::log;

/// How the indexes of a registry behave.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The patience of their logs, and time.
    pub log: log::Settings,
    /// Whether a thread follows what other processes write. Without it an index catches up when it is read or
    /// written.
    pub follow: bool,
    /// Fewer dead rows than this are never compacted away.
    pub least_dead: usize,
    /// How long after a write whose outcome is unknown it is sent again, when nothing else is asked; and how long
    /// writes must pause before what can wait is done: a compaction, the snapshot after it.
    pub resolve_again: Duration,
    /// The share of approximate searches that are tried again exactly in the background, so that
    /// [`LiveStats`](super::LiveStats) tell what searches find; 0 tries none. By default as `VECTORD_LIVE_RECALL` says,
    /// else 0.01.
    pub live_recall: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            log: log::Settings::default(),
            follow: true,
            least_dead: 1_024,
            resolve_again: Duration::from_millis(500),
            live_recall: share(std::env::var("VECTORD_LIVE_RECALL").ok().as_deref()),
        }
    }
}

/// The share that `text` names, if it is one.
fn share(text: Option<&str>) -> f64 {
    const USUAL: f64 = 0.01;
    let Some(text) = text else { return USUAL };
    let asked = text.trim().parse().ok().filter(|share| (0.0..=1.0).contains(share));
    asked.unwrap_or_else(|| {
        tracing::warn!(text, "VECTORD_LIVE_RECALL is no number from 0 to 1: {USUAL} is taken");
        USUAL
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_that_is_none_is_not_taken() {
        for (text, expected) in [
            (None, 0.01),
            (Some("0"), 0.0),
            (Some(" 0.25 "), 0.25),
            (Some("1"), 1.0),
            (Some("1%"), 0.01),
            (Some("2"), 0.01),
            (Some("nan"), 0.01),
        ] {
            assert!((share(text) - expected).abs() < f64::EPSILON, "{text:?}");
        }
    }
}
