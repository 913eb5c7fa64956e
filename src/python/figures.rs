//! The figures of a live index as a dict.
//!
//! What each is stands in the docstring of `Index.stats`.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::Error;
use crate::index::Stats;
use crate::registry::{Estimate, LiveIndex, LiveRecall, LiveStats, StateDigest};

pub(super) fn of<'py>(py: Python<'py>, live: &LiveIndex, digest: bool) -> PyResult<Bound<'py, PyDict>> {
    let (digest, figures) = py.detach(|| {
        let digest = digest.then(|| live.digest()).transpose()?;
        Ok::<_, Error>((digest, live.stats()?))
    })?;
    let LiveStats { index, bytes_store, objects, lag, halted, live_recall } = figures;
    let Stats { rows, dead, tail, pending, bytes_memory, bytes_mapped, seq, codec, degree, ef_search } =
        index;
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
    stats.set_item("live_recall", live_recall.map(|recall| recalled(py, recall)).transpose()?)?;
    Ok(stats)
}

fn recalled(py: Python<'_>, LiveRecall { all, filtered }: LiveRecall) -> PyResult<Bound<'_, PyDict>> {
    let told = estimated(py, all)?;
    told.set_item("filtered", filtered.map(|filtered| estimated(py, filtered)).transpose()?)?;
    Ok(told)
}

fn estimated(py: Python<'_>, estimate: Estimate) -> PyResult<Bound<'_, PyDict>> {
    let Estimate { recall, low, high, queries } = estimate;
    let told = PyDict::new(py);
    told.set_item("recall", recall)?;
    told.set_item("low", low)?;
    told.set_item("high", high)?;
    told.set_item("queries", queries)?;
    Ok(told)
}
