//! Measured recall: what `Index.recall` takes and answers.
//!
//! How it is measured is the crate's.

use pyo3::prelude::*;

use super::array::Vectors;
use super::errors::of_queries;
use super::filter;
use super::handle::Handle;
use super::search::read;
use super::shape::Name;
use super::whole::Whole;
use crate::registry::{Recall, RecallOptions};

/// The answer of :meth:`Index.recall`.
///
/// Attributes
/// ----------
/// recall : float
///     The share of the true `k` nearest rows that were found.
/// low, high : float
///     The interval that holds the recall of all rows (or of all queries like those given) 19 times of 20.
/// sample : int
///     How many queries asked.
/// k : int
///     How many neighbours were sought.
/// ef : int
///     The length of the candidate list.
/// seq : int
///     The entry of the log after which it was measured.
#[pyclass(name = "Recall", module = "vectord", frozen, eq)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PyRecall {
    /// The share of the true nearest rows that were found.
    #[pyo3(get)]
    recall: f64,
    /// The lower end of the interval of 95 %.
    #[pyo3(get)]
    low: f64,
    /// The upper end of the interval of 95 %.
    #[pyo3(get)]
    high: f64,
    /// How many queries asked.
    #[pyo3(get)]
    sample: usize,
    /// How many neighbours were sought.
    #[pyo3(get)]
    k: usize,
    /// The length of the candidate list.
    #[pyo3(get)]
    ef: usize,
    /// The entry of the log after which it was measured.
    #[pyo3(get)]
    seq: u64,
}

#[pymethods]
impl PyRecall {
    #[new]
    fn new(recall: f64, low: f64, high: f64, sample: usize, k: usize, ef: usize, seq: u64) -> Self {
        Self { recall, low, high, sample, k, ef, seq }
    }

    fn __repr__(&self) -> String {
        let Self { recall, low, high, sample, k, ef, seq } = self;
        format!(
            "Recall(recall={recall:.4}, low={low:.4}, high={high:.4}, sample={sample}, k={k}, ef={ef}, seq={seq})"
        )
    }

    fn __getnewargs__(&self) -> (f64, f64, f64, usize, usize, usize, u64) {
        (self.recall, self.low, self.high, self.sample, self.k, self.ef, self.seq)
    }
}

impl From<Recall> for PyRecall {
    fn from(Recall { recall, low, high, sample, k, ef, seq }: Recall) -> Self {
        Self { recall, low, high, sample, k, ef, seq }
    }
}

/// The arguments of `Index.recall`, as Python gives them.
pub(super) struct Asked<'py> {
    pub(super) sample: Whole,
    pub(super) k: Whole,
    pub(super) filter: Option<Bound<'py, PyAny>>,
    pub(super) queries: Option<Bound<'py, PyAny>>,
    pub(super) ef: Option<Whole>,
    pub(super) seed: Whole,
}

pub(super) fn recall(py: Python<'_>, handle: &Handle, asked: Asked<'_>) -> PyResult<PyRecall> {
    let Asked { sample, k, filter, queries, ef, seed } = asked;
    let dimension = handle.params().dimension as usize;
    let queries = queries
        .filter(|queries| !queries.is_none())
        .map(|queries| read(py, &Vectors::new(&queries, Name::Queries, dimension)?, dimension))
        .transpose()?;
    let (filter, text) = filter::filter(filter.as_ref())?.map(|given| (given.filter, given.text)).unzip();
    let options = RecallOptions {
        sample: sample.count("sample")?,
        k: k.count("k")?,
        ef: ef.map(|ef| ef.count("ef")).transpose()?,
        filter,
        queries,
        seed: seed.within("seed", 0..=i64::MAX.cast_unsigned())?,
    };
    let recall =
        py.detach(|| handle.recall(&options, text.as_deref())).map_err(|error| of_queries(py, &error))?;
    Ok(recall.into())
}
