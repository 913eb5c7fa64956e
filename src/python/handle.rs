//! An index, wherever it is: live in this process, or behind a service.
//!
//! Each method says what both do, so that the face is written once. Writing is in `write.rs`, searching in
//! `search.rs`.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::filter::Given;
use super::{figures, json};
use crate::client::RemoteIndex;
use crate::error::{Error, Result};
use crate::registry::{Consistency, Freshness, LiveIndex, Params, Recall, RecallOptions, Row};

/// An index to read from and to write to; clones are the same.
#[derive(Clone)]
pub(super) enum Handle {
    Live(LiveIndex),
    Remote(RemoteIndex),
}

/// What is told of an index before its parameters are.
pub(super) struct State {
    pub(super) rows: usize,
    pub(super) seq: u64,
    /// Known without asking anybody.
    pub(super) codec: Option<&'static str>,
}

impl Handle {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Live(live) => live.name(),
            Self::Remote(remote) => remote.name(),
        }
    }

    pub(super) fn params(&self) -> Params {
        match self {
            Self::Live(live) => live.params(),
            Self::Remote(remote) => remote.params(),
        }
    }

    /// The last entry of the log that a copy in another process has to be told of, for its reads to see it; 0 for
    /// none. A store has it for whoever opens it.
    pub(super) fn last_written(&self) -> u64 {
        match self {
            Self::Live(_) => 0,
            Self::Remote(remote) => remote.last_written(),
        }
    }

    /// Has reads see that entry of another handle's.
    pub(super) fn goes_on_from(&self, last_written: u64) {
        match self {
            Self::Live(_) => {}
            Self::Remote(remote) => remote.wrote(last_written),
        }
    }

    pub(super) fn seq(&self) -> Result<u64> {
        match self {
            Self::Live(live) => live.seq(),
            Self::Remote(remote) => remote.seq(),
        }
    }

    /// Rows that are visible at this moment, and the last entry that is; neither a store nor a writer is waited for.
    pub(super) fn visible(&self) -> Result<(usize, u64)> {
        match self {
            Self::Live(live) => {
                let now = Freshness { consistency: Some(Consistency::Bounded), min_seq: None };
                let reader = live.reader(now)?;
                Ok((reader.len(), reader.seq()))
            }
            Self::Remote(remote) => remote.now(),
        }
    }

    pub(super) fn state(&self) -> Result<State> {
        match self {
            Self::Live(live) => Ok(State { rows: live.len()?, seq: live.seq()?, codec: Some(live.codec()?) }),
            Self::Remote(remote) => {
                let (rows, seq) = remote.now()?;
                Ok(State { rows, seq, codec: None })
            }
        }
    }

    pub(super) fn len(&self) -> Result<usize> {
        match self {
            Self::Live(live) => live.len(),
            Self::Remote(remote) => remote.len(),
        }
    }

    pub(super) fn contains(&self, id: &str) -> Result<bool> {
        match self {
            Self::Live(live) => live.contains(id),
            Self::Remote(remote) => remote.contains(id),
        }
    }

    /// The rows of `ids` that are there.
    pub(super) fn get(&self, ids: &[String]) -> Result<Vec<Row>> {
        match self {
            Self::Live(live) => {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                Ok(live.get(&ids)?.into_iter().flatten().collect())
            }
            Self::Remote(remote) => remote.get(ids),
        }
    }

    pub(super) fn count(&self, filter: Option<&Given>) -> Result<usize> {
        match self {
            Self::Live(live) => {
                let reader = live.reader(Freshness::default())?;
                Ok(filter.map_or_else(|| reader.len(), |given| reader.count(&given.filter)))
            }
            Self::Remote(remote) => remote.count(filter.map(|given| &*given.text)),
        }
    }

    pub(super) fn scan(&self, filter: Option<&Given>, after: Option<&str>, limit: usize) -> Result<Vec<Row>> {
        match self {
            Self::Live(live) => {
                let reader = live.reader(Freshness::default())?;
                Ok(reader.scan(filter.map(|given| &given.filter), after, limit).rows)
            }
            Self::Remote(remote) => remote.scan(filter.map(|given| &*given.text), after, limit),
        }
    }

    pub(super) fn values(&self, field: &str, limit: usize) -> Result<Vec<(serde_json::Value, usize)>> {
        match self {
            Self::Live(live) => live.reader(Freshness::default())?.values(field, limit),
            Self::Remote(remote) => remote.values(field, limit),
        }
    }

    pub(super) fn refresh(&self) -> Result<u64> {
        match self {
            Self::Live(live) => live.refresh(),
            Self::Remote(remote) => remote.refresh(),
        }
    }

    /// Waits for what was asked before; a service has answered it.
    pub(super) fn flush(&self) -> Result<u64> {
        match self {
            Self::Live(live) => live.flush(),
            Self::Remote(remote) => remote.seq(),
        }
    }

    pub(super) fn checkpoint(&self) -> Result<u64> {
        match self {
            Self::Live(live) => live.checkpoint(),
            Self::Remote(remote) => remote.checkpoint(),
        }
    }

    pub(super) fn validate(&self) -> Result<Vec<String>> {
        match self {
            Self::Live(live) => live.validate(),
            Self::Remote(_) => Err(Error::unsupported(
                "validate looks at an index in memory: ask where the service runs (`vectord verify`)",
            )),
        }
    }

    /// `filter` is the text of the options' own.
    pub(super) fn recall(&self, options: &RecallOptions, filter: Option<&str>) -> Result<Recall> {
        match self {
            Self::Live(live) => live.recall(options),
            Self::Remote(remote) => remote.recall(options, filter),
        }
    }

    /// Entries of other processes that are not visible here yet.
    pub(super) fn lag(&self) -> Result<u64> {
        match self {
            Self::Live(live) => Ok(live.stats()?.lag),
            Self::Remote(remote) => {
                let lag = remote.stats(false)?.get("lag").and_then(serde_json::Value::as_u64);
                lag.ok_or_else(|| Error::unsupported("the service tells no lag"))
            }
        }
    }

    /// The figures as a dict; those of a service are the ones it tells.
    pub(super) fn stats<'py>(&self, py: Python<'py>, digest: bool) -> PyResult<Bound<'py, PyDict>> {
        match self {
            Self::Live(live) => figures::of(py, live, digest),
            Self::Remote(remote) => {
                let told = py.detach(|| remote.stats(digest))?;
                let text = serde_json::Value::from(told).to_string();
                let stats = json::load(py, Some(&text))?.cast_into::<PyDict>()?;
                if !digest || !stats.contains("digest")? {
                    stats.set_item("digest", py.None())?;
                }
                Ok(stats)
            }
        }
    }
}
