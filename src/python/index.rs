//! `Index`: the methods, with what they promise; the work stands in `add`, `search` and the registry.
//!
//! Each method resolves the handle, reads its arguments, releases the interpreter, and calls the crate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::add::{self, Given};
use super::array::Vectors;
use super::column::{self, Column};
use super::hits::Reduced;
use super::metadata::{Metadata, is_frame};
use super::process::Own;
use super::results::{Added, Deleted, MetadataSet};
use super::rows::PyRows;
use super::session::Session;
use super::shape::Name;
use super::table::{Table, thousands};
use super::whole::Whole;
use super::{json, search};
use crate::error::{Error, Result};
use crate::registry::{LiveIndex, LiveStats, SearchOptions};

/// One index of a registry: ids, vectors of one dimension, and metadata, searched by distance.
///
/// :meth:`Registry.create` and :meth:`Registry.get` make one. Any number of threads may use it at once. It is
/// a context manager, ``len(index)`` is its number of rows, ``"b" in index`` asks for an id, and it pickles as
/// its registry's URL and its name.
///
/// Examples
/// --------
/// >>> docs = vectord.open("memory:").create("docs", dimension=2)
/// >>> docs.add(["east", "north"], np.eye(2), [{"deg": 90}, {"deg": 0}])
/// Added(seq=2, added=2, length=2)
/// >>> docs.search([0.9, 0.1], k=1).ids
/// array(['east'], dtype=object)
/// >>> docs.delete(["east"])
/// Deleted(seq=3, deleted=1, length=1)
#[pyclass(name = "Index", module = "vectord", frozen)]
pub(super) struct PyIndex {
    session: Arc<Session>,
    name: String,
    live: ArcSwap<Own<LiveIndex>>,
    wrote: AtomicBool,
    closed: AtomicBool,
}

impl PyIndex {
    pub(super) fn new(session: Arc<Session>, live: LiveIndex) -> Self {
        let name = live.name().to_owned();
        let live = ArcSwap::from_pointee(Own::new(live));
        Self { session, name, live, wrote: AtomicBool::new(false), closed: AtomicBool::new(false) }
    }

    /// The live index; in a forked child, the child's own.
    fn live(&self) -> Result<LiveIndex> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(Error::invalid(format!("index {:?} is closed: get it again", self.name)));
        }
        if !self.session.is_open() {
            return Err(Error::invalid(format!("the registry of index {:?} is closed", self.name)));
        }
        if let Some(live) = self.live.load().get() {
            return Ok(live.clone());
        }
        let live = self.session.registry()?.get(&self.name)?;
        self.live.store(Arc::new(Own::new(live.clone())));
        Ok(live)
    }

    fn live_to_write(&self) -> Result<LiveIndex> {
        self.wrote.store(true, Ordering::Relaxed);
        self.live()
    }

    fn facts(&self) -> Result<Vec<(&'static str, String)>> {
        let live = self.live()?;
        let params = live.params();
        Ok(vec![
            ("rows", thousands(live.len()?)),
            ("dimension", params.dimension.to_string()),
            ("distance", params.distance.name().to_owned()),
            ("seq", live.seq()?.to_string()),
            ("codec", "f32".to_owned()),
            ("store", self.session.url().to_owned()),
        ])
    }
}

#[pymethods]
impl PyIndex {
    /// Insert rows, or replace those whose ids are there.
    ///
    /// When it returns, the rows are durable and every search sees them. Everything is checked before
    /// anything is written. Up to 64 MiB of vectors, ids and metadata is one atomic batch; a longer call is
    /// consecutive atomic batches of whole rows.
    ///
    /// Parameters
    /// ----------
    /// ids : sequence of str, or pandas.DataFrame
    ///     n ids of at most 512 bytes of UTF-8 without control characters: a list, an array, a pandas or an
    ///     Arrow column. Of an id given twice, the last row counts. A DataFrame brings ids, vectors and
    ///     metadata at once; then `id` and `vector` name its columns and the other columns are metadata.
    /// vectors : array_like, shape (n, dimension)
    ///     Real numbers, each rounded to the nearest float32 as ``np.asarray(vectors)`` has it; float32 in C
    ///     order is copied as it is. Complex, str, datetime, object and masked arrays are refused, and so are
    ///     rows with NaN or an infinity, whose squared norm overflows float32, or, under cosine, is zero.
    /// metadata : list, DataFrame or dict of columns, optional
    ///     n JSON values, usually dicts; or n rows of a DataFrame; or the columns of n dicts. numpy scalars
    ///     are numbers; a missing value of a DataFrame becomes null; NaN anywhere else is refused. A row
    ///     given None keeps the metadata it has. At most 64 KiB and 16 levels each.
    /// id, vector : str
    ///     The columns of a DataFrame that hold the ids and the vectors.
    /// idempotency_key : str, optional
    ///     A repetition of the same call under the same key is answered as the first was and writes nothing;
    ///     another batch under it is an InvalidArgumentError. A call of several batches uses ``key``, ``key/1``, ...
    /// progress : bool, default False
    ///     Show a tqdm bar if tqdm is installed, else one line on stderr, batch after batch.
    ///
    /// Returns
    /// -------
    /// Added
    ///     ``seq``, ``added`` (n) and ``length``. An empty call writes nothing.
    ///
    /// Raises
    /// ------
    /// InvalidArgumentError
    ///     Something was refused: the message and ``item`` name the row (``vectors[499]: ...``), and nothing
    ///     was written.
    /// ConflictError
    ///     Another process wrote first: nothing of this batch was written; retry.
    /// UnavailableError
    ///     The store did not answer; ``outcome`` says whether the batch may have been written.
    ///
    /// Notes
    /// -----
    /// Ctrl-C stops between batches. Whatever exception ends a call that had begun to write has ``added`` and
    /// ``seq``: how many rows, from the first, are in, and after which entry.
    ///
    /// Examples
    /// --------
    /// >>> docs = vectord.open("memory:").create("docs", dimension=2)
    /// >>> docs.add(["a", "b"], [[1, 0], [0, 1]], {"page": np.arange(2)})
    /// Added(seq=2, added=2, length=2)
    /// >>> docs.get(["b"]).metadata
    /// [{'page': 1}]
    #[pyo3(signature = (ids, vectors = None, metadata = None, *, id = "id", vector = "embedding",
                        idempotency_key = None, progress = false))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn add(
        &self,
        py: Python<'_>,
        ids: &Bound<'_, PyAny>,
        vectors: Option<&Bound<'_, PyAny>>,
        metadata: Option<&Bound<'_, PyAny>>,
        id: &str,
        vector: &str,
        idempotency_key: Option<&str>,
        progress: bool,
    ) -> PyResult<Added> {
        let live = self.live_to_write()?;
        let dimension = live.params().dimension as usize;
        let given = if vectors.is_none() && is_frame(ids)? {
            let metadata = match metadata {
                None => Metadata::of_frame(ids, &[id, vector])?,
                Some(_) => Metadata::new(metadata)?,
            };
            let (ids, vectors) = (add::column(ids, id)?, add::column(ids, vector)?);
            let vectors = Vectors::new(&vectors, Name::Vectors, dimension)?;
            Given { ids: Column::new(&ids, "ids")?, vectors, metadata }
        } else {
            let Some(vectors) = vectors else {
                return Err(Error::invalid("vectors are missing: give them, or a DataFrame alone").into());
            };
            let vectors = Vectors::new(vectors, Name::Vectors, dimension)?;
            Given { ids: Column::new(ids, "ids")?, vectors, metadata: Metadata::new(metadata)? }
        };
        given.check()?;
        add::add(py, &live, &given, idempotency_key, progress)
    }

    /// Find the rows nearest to a query, to each of many queries, or to a stored row.
    ///
    /// Parameters
    /// ----------
    /// query : array_like, shape (dimension,) or (n, dimension), optional
    ///     One vector, or n of them; numbers as :meth:`add` takes them.
    /// k : int, default 10
    ///     How many rows to find. There is no upper limit.
    /// id : str, optional
    ///     Search for the vector of this row instead; it finds itself first.
    /// ef : int, optional
    ///     The length of the candidate list, instead of the index's ``ef_search``: longer finds more of the
    ///     true neighbours and takes longer. Below `k` it counts as `k`.
    /// exact : bool, default False
    ///     Compare every row. An index of few rows always does.
    ///
    /// Returns
    /// -------
    /// Hits or BatchHits
    ///     ``min(k, len(index))`` rows, nearest first; BatchHits for a 2-D query.
    ///
    /// Raises
    /// ------
    /// InvalidArgumentError
    ///     The query has another dimension, or a value that :meth:`add` would refuse.
    /// NotFoundError
    ///     There is no row `id`.
    ///
    /// Examples
    /// --------
    /// >>> docs = vectord.open("memory:").create("docs", dimension=2)
    /// >>> _ = docs.add(["east", "north"], np.eye(2))
    /// >>> docs.search(id="north", k=1).distances
    /// array([0.], dtype=float32)
    #[pyo3(signature = (query = None, k = Whole::from(10), *, id = None, ef = None, exact = false),
           text_signature = "(self, query=None, k=10, *, id=None, ef=None, exact=False)")]
    fn search(
        &self,
        py: Python<'_>,
        query: Option<&Bound<'_, PyAny>>,
        k: Whole,
        id: Option<&str>,
        ef: Option<Whole>,
        exact: bool,
    ) -> PyResult<Py<PyAny>> {
        let live = self.live()?;
        let ef = ef.map(|ef| ef.count("ef")).transpose()?;
        let options = SearchOptions { k: k.count("k")?, ef, exact };
        match (query, id) {
            (Some(query), None) => search::by_query(&live, query, options),
            (None, Some(id)) => search::by_id(py, &live, id, options),
            (None, None) => Err(Error::invalid("nothing to search for: give a query or id=").into()),
            (Some(_), Some(_)) => Err(Error::invalid("give a query or id=, not both").into()),
        }
    }

    /// Return the rows of `ids` in that order; ids that are not there are left out.
    fn get(&self, py: Python<'_>, ids: &Bound<'_, PyAny>) -> PyResult<PyRows> {
        let live = self.live()?;
        let ids = column::lone_ids(ids)?;
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let rows: Vec<_> = py.detach(|| live.get(&ids))?.into_iter().flatten().collect();
        PyRows::new(py, &rows, live.params().dimension as usize)
    }

    /// Delete the rows of `ids`, durably; ids that are not there are passed over.
    fn delete(&self, py: Python<'_>, ids: &Bound<'_, PyAny>) -> PyResult<Deleted> {
        let live = self.live_to_write()?;
        let ids = column::lone_ids(ids)?;
        Ok(py.detach(|| live.delete(&ids))?.into())
    }

    /// Replace the metadata of rows, durably, and leave their vectors; None removes it.
    ///
    /// Parameters
    /// ----------
    /// ids : sequence of str
    /// metadata : list, DataFrame, dict of columns, or None
    ///     As :meth:`add` takes it; None alone removes the metadata of every row named.
    ///
    /// Raises
    /// ------
    /// NotFoundError
    ///     An id is not there; nothing was changed.
    fn set_metadata(
        &self,
        py: Python<'_>,
        ids: &Bound<'_, PyAny>,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<MetadataSet> {
        let live = self.live_to_write()?;
        let ids = column::ids(ids)?;
        let metadata = Metadata::new(metadata)?;
        if let Some(metadata) = metadata.disagrees(ids.len())? {
            return Err(Error::invalid(format!("lengths disagree: ids {}, {metadata}", ids.len())).into());
        }
        let texts = match metadata.slice(py, 0, ids.len())? {
            None => vec![None; ids.len()],
            Some(values) => {
                let texts = values.iter().enumerate().map(|(at, value)| json::dump(&value, at));
                texts.collect::<PyResult<_>>()?
            }
        };
        let rows: Vec<_> = ids.into_iter().zip(texts).collect();
        Ok(py.detach(|| live.set_metadata(&rows))?.into())
    }

    /// Make what other processes wrote visible here, and return the seq.
    fn refresh(&self, py: Python<'_>) -> PyResult<u64> {
        let live = self.live()?;
        Ok(py.detach(|| live.refresh())?)
    }

    /// Wait until every write asked before, by any thread, is durable and visible; return the seq.
    fn flush(&self, py: Python<'_>) -> PyResult<u64> {
        let live = self.live()?;
        Ok(py.detach(|| live.flush())?)
    }

    /// Write a snapshot now, so that opening is quick, and return its seq. It happens by itself as well.
    fn checkpoint(&self, py: Python<'_>) -> PyResult<u64> {
        let live = self.live_to_write()?;
        Ok(py.detach(|| live.checkpoint())?)
    }

    /// Return figures of this moment.
    ///
    /// Returns
    /// -------
    /// dict
    ///     ``rows``; ``dead``, deleted or replaced rows whose memory is still held; ``tail``, rows not yet in
    ///     the graph and searched exactly, dead ones counted too; ``bytes_memory`` and ``bytes_store``; ``seq``; ``codec``, how
    ///     vectors stand in memory; ``degree``, the graph's mean out-degree, 0.0 without one; ``ef_search``;
    ///     ``halted``, why writes are refused (a damaged entry, say), or None.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let live = self.live()?;
        let LiveStats { index, bytes_store, objects, lag, halted } = py.detach(|| live.stats())?;
        let digest = py.detach(|| live.digest())?.digest;
        let crate::index::Stats { rows, dead, tail, pending, bytes_memory, seq, codec, degree, ef_search } =
            index;
        let stats = PyDict::new(py);
        stats.set_item("rows", rows)?;
        stats.set_item("dead", dead)?;
        stats.set_item("tail", tail)?;
        stats.set_item("pending", pending)?;
        stats.set_item("bytes_memory", bytes_memory)?;
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

    /// Check every invariant of the index in memory; return a sentence for each broken one. None is health.
    fn validate(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let live = self.live()?;
        Ok(py.detach(|| live.validate())?)
    }

    /// Its name.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    /// Values per vector.
    #[getter]
    fn dimension(&self) -> PyResult<u32> {
        Ok(self.live()?.params().dimension)
    }

    /// ``"cosine"``, ``"euclidean"`` or ``"dot"``.
    #[getter]
    fn distance(&self) -> PyResult<&'static str> {
        Ok(self.live()?.params().distance.name())
    }

    /// What it was created with: ``dimension``, ``distance``, ``m`` and ``ef_search`` (None is automatic).
    #[getter]
    fn params<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let crate::registry::Params { dimension, m, ef_search, distance } = self.live()?.params();
        let params = PyDict::new(py);
        params.set_item("dimension", dimension)?;
        params.set_item("distance", distance.name())?;
        params.set_item("m", m)?;
        params.set_item("ef_search", ef_search)?;
        Ok(params)
    }

    /// The last entry of the log that is visible here.
    #[getter]
    fn seq(&self) -> PyResult<u64> {
        Ok(self.live()?.seq()?)
    }

    /// Close this handle, after a :meth:`flush` if it wrote; others on the index stay open. Closing twice is
    /// closing once.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        if self.closed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let wrote = self.wrote.load(Ordering::Relaxed) && self.session.is_open();
        let flushed = if wrote { self.flush(py).map(drop) } else { Ok(()) };
        self.closed.store(true, Ordering::Relaxed);
        flushed
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_raised))]
    fn __exit__(&self, py: Python<'_>, _raised: &Bound<'_, PyAny>) -> PyResult<()> {
        self.close(py)
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(self.live()?.len()?)
    }

    fn __contains__(&self, id: &Bound<'_, PyAny>) -> PyResult<bool> {
        let live = self.live()?;
        match id.cast::<PyString>() {
            // A lone surrogate is no text, and so no id.
            Ok(id) => column::utf8(id).map_or(Ok(false), |id| Ok(live.contains(id)?)),
            Err(_) => Ok(false),
        }
    }

    fn __repr__(&self) -> String {
        let facts = self.facts().map_or_else(
            |error| error.to_string(),
            |facts| {
                let facts = facts.into_iter().map(|(name, value)| format!("{name} {value}"));
                facts.collect::<Vec<_>>().join(", ")
            },
        );
        format!("Index({:?}: {facts})", self.name)
    }

    fn _repr_html_(&self) -> String {
        let facts = self.facts().unwrap_or_else(|error| vec![("state", error.to_string())]);
        let row = |at: usize| vec![facts[at].0.to_owned(), facts[at].1.clone()];
        Table::new("Index", self.name.clone(), &["", ""], facts.len(), row).html()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py, (String, bool, String)>> {
        self.session.check_reopens()?;
        let reopen = py.import("vectord._vectord")?.getattr("_reopen")?;
        Ok((reopen, (self.session.url().to_owned(), self.session.share(), self.name.clone())))
    }
}
