//! What a connection to a service is made with.
//!
//! Where the values come from (arguments, the environment) is the caller's business.

use std::fmt;
use std::time::Duration;

/// How to reach a service.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// Sent as `Authorization: Bearer`, if there is one.
    pub api_key: Option<String>,
    /// How long one call may take until its answer is there, uploads of more than a few MiB not counted.
    pub timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { api_key: None, timeout: Duration::from_secs(30) }
    }
}

impl fmt::Debug for Settings {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { api_key, timeout } = self;
        let api_key = api_key.as_ref().map(|_| "...");
        f.debug_struct("Settings").field("api_key", &api_key).field("timeout", timeout).finish()
    }
}
