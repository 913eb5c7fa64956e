//! The figures of a live index as a dict.
//!
//! What each is stands in the docstring of `Index.stats`.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::Error;
use crate::index::Stats;
use crate::registry::{LiveIndex, LiveStats, StateDigest};

pub(super) fn of<'py>(py: Python<'py>, live: &LiveIndex, digest: bool) -> PyResult<Bound<'py, PyDict>> {
    let (digest, figures) = py.detach(|| {
        let digest = digest.then(|| live.digest()).transpose()?;
        Ok::<_, Error>((digest, live.stats()?))
    })?;
    let LiveStats { index, bytes_store, objects, lag, halted } = figures;
    let Stats { rows, dead, tail, pending, bytes_memory, bytes_mapped, seq, codec, degree, ef_search } = index;
    let (digest, seq) = match digest {
        Some(StateDigest { seq, digest }) => (Some(digest), seq),
        None => (None, seq),
    };
    let stats = PyDict::new(py);
    stats.set_item("rows", rows)?;
    stats.set_item("dead", dead)?;
    stats.set_item("tail", tail)?;
    stats.set_item("pending", pending)?;
    stats.set_item("bytes_memory", bytes_memory)?;
    stats.set_item("bytes_mapped", bytes_mapped)?;
    stats.set_item("bytes_store", bytes_store)?;
    stats.set_item("objects", objects)?;
    stats.set_item("seq", seq)?;
    stats.set_item("lag", lag)?;
    stats.set_item("digest", digest)?;
    stats.set_item("codec", codec)?;
    stats.set_item("degree", degree)?;
    stats.set_item("ef_search", ef_search)?;
    stats.set_item("halted", halted.map(|error| error.to_string()))?;
    Ok(stats)
}
