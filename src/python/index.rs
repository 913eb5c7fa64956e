//! `Index`: the methods, with what they promise; the work stands in `add`, `search`, `handle` and `write`.
//!
//! Each method resolves the handle, reads its arguments, releases the interpreter, and calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::add;
use super::column;
use super::durability::Durability;
use super::filter;
use super::given::{Columns, Given};
use super::handle::{Handle, State};
use super::hits::Reduced;
use super::origin::{Parts, reduce};
use super::process::Own;
use super::recall::PyRecall;
use super::results::{Added, BatchesAdded, Deleted, MetadataSet};
use super::rows::PyRows;
use super::session::Session;
use super::table::{Table, thousands};
use super::whole::Whole;
use super::{ingest, json, metadata, recall, search};
use crate::error::{Error, Result};
use crate::registry::{Consistency, Freshness, SearchOptions};

/// One index of a registry: ids, vectors of one dimension, and metadata, searched by distance.
///
/// :meth:`Registry.create` and :meth:`Registry.get` make one. Any number of threads may use it at once. It is
/// a context manager, ``len(index)`` is its number of rows, ``"b" in index`` asks for an id, and it pickles as
/// its registry's URL and its name. Behind a service the ``seq`` of its last write goes along, also into a forked
/// child: reads there see it.
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
    handle: ArcSwap<Own<Handle>>,
    wrote: AtomicBool,
    closed: AtomicBool,
}

impl PyIndex {
    pub(super) fn new(session: Arc<Session>, handle: Handle) -> Self {
        let name = handle.name().to_owned();
        let handle = ArcSwap::from_pointee(Own::new(handle));
        Self { session, name, handle, wrote: AtomicBool::new(false), closed: AtomicBool::new(false) }
    }

    /// The index; in a forked child, the child's own.
    pub(super) fn handle(&self) -> Result<Handle> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(Error::invalid(format!("index {:?} is closed: get it again", self.name)));
        }
        if !self.session.is_open() {
            return Err(Error::invalid(format!("the registry of index {:?} is closed", self.name)));
        }
        let before = self.handle.load_full();
        if let Some(handle) = before.get() {
            return Ok(handle.clone());
        }
        let handle = self.session.registry()?.get(&self.name)?;
        handle.goes_on_from(last_written(&before));
        let there = self.handle.compare_and_swap(&before, Arc::new(Own::new(handle.clone())));
        // Another thread may have come first, and written through its own.
        Ok(there.get().cloned().unwrap_or(handle))
    }

    fn handle_to_write(&self) -> Result<(Handle, Durability)> {
        let (handle, durability) = (self.handle()?, self.session.durability());
        match &handle {
            Handle::Live(live) => {
                self.wrote.store(true, Ordering::Relaxed);
                match durability {
                    Durability::Sync => {}
                    Durability::Async => self.session.queues_on(live),
                }
            }
            // What a service answered is durable: closing has nothing to wait for.
            Handle::Remote(_) => {}
        }
        Ok((handle, durability))
    }

    fn facts(&self) -> Result<Vec<(&'static str, String)>> {
        let handle = self.handle()?;
        let (params, State { rows, seq, codec }) = (handle.params(), handle.state()?);
        let mut facts = vec![
            ("rows", thousands(rows)),
            ("dimension", params.dimension.to_string()),
            ("distance", params.distance.name().to_owned()),
            ("seq", seq.to_string()),
        ];
        facts.extend(codec.map(|codec| ("codec", codec.to_owned())));
        let place = match handle {
            Handle::Live(_) => "store",
            Handle::Remote(_) => "service",
        };
        facts.push((place, self.session.url().to_owned()));
        Ok(facts)
    }
}

/// What a handle wrote last, in this process or before it was forked off.
fn last_written(handle: &Own<Handle>) -> u64 {
    handle.inherited().map_or(0, Handle::last_written)
}

#[pymethods]
impl PyIndex {
    /// Insert rows, or replace those whose ids are there.
    ///
    /// When it returns, the rows are durable, and every search that begins later sees them, here and in other
    /// processes (on a registry opened with ``durability="async"``, they are queued: see :func:`vectord.open`).
    /// Any number of processes may add to one index at once; of an id that two of them give, the later
    /// entry's row counts. Everything is checked before anything is written. Up to 64 MiB of vectors, ids and metadata, as the
    /// log lays them out, is one atomic batch; a longer call is consecutive atomic batches of whole rows.
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
    ///     Other processes wrote before this batch again and again, for 30 seconds: nothing of it was written.
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
        let (handle, durability) = self.handle_to_write()?;
        let dimension = handle.params().dimension as usize;
        let given = Given::new(ids, vectors, metadata, Columns { id, vector }, dimension)?;
        add::add(py, &handle, &given, idempotency_key, durability, progress)
    }

    /// Insert many batches, one after the other: an ingest job that can be stopped and started again.
    ///
    /// Each batch is what one :meth:`add` is, and is durable and visible before the next is asked for, whatever
    /// the registry's ``durability`` is; one batch at a time is in memory. With a `job`, a batch that an earlier
    /// run of the same job wrote is recognised by the log itself and not written again: after a crash or a
    /// kill, run the same job on the same batches and it goes on where it ended. Nothing is doubled, in whatever
    /// process it runs, and also if two run at once.
    ///
    /// Parameters
    /// ----------
    /// batches : iterable
    ///     Each batch is ``(ids, vectors)``, ``(ids, vectors, metadata)`` or a DataFrame, as :meth:`add` takes
    ///     them. A generator will do. A row's place should not change: batch after batch is compared.
    /// id, vector : str
    ///     The columns of a DataFrame that hold the ids and the vectors.
    /// job : str, optional
    ///     The name of the job, of up to 490 bytes: it stands for this sequence of batches on this index. The log
    ///     remembers the last 65,536 batches that had a name; older ones would be written again, which changes
    ///     nothing unless their rows were changed or deleted meanwhile.
    /// progress : bool, default False
    ///     Show a tqdm bar if tqdm is installed, else one line on stderr: rows, rows per second, batches, ``seq``
    ///     and ``lag``, the entries of other processes that are not applied here yet.
    ///
    /// Returns
    /// -------
    /// BatchesAdded
    ///     ``seq``, ``batches``, ``resumed`` (how many of them were in already), ``added`` (rows) and ``length``.
    ///
    /// Raises
    /// ------
    /// InvalidArgumentError
    ///     A batch was refused, and nothing of it was written: the message and ``batch`` give its number, from 0
    ///     (``batches[3]: vectors[7]: ...``). Or the job's name stands for other batches: give it another.
    /// UnavailableError
    ///     The store did not answer. Run the job again.
    ///
    /// Notes
    /// -----
    /// Whatever exception ends it, also one that the iterable raised or Ctrl-C, which stops between two batches,
    /// has ``batches``, ``added`` and ``seq``: what is in, from the first, and after which entry.
    ///
    /// Examples
    /// --------
    /// >>> docs = vectord.open("memory:").create("docs", dimension=2)
    /// >>> def batches():
    /// ...     for at in range(0, 10, 5):
    /// ...         yield [f"doc-{i}" for i in range(at, at + 5)], np.ones((5, 2))
    /// >>> docs.add_batches(batches(), job="docs of May")
    /// BatchesAdded(seq=3, batches=2, resumed=0, added=10, length=10)
    /// >>> docs.add_batches(batches(), job="docs of May").resumed
    /// 2
    #[pyo3(signature = (batches, *, id = "id", vector = "embedding", job = None, progress = false))]
    fn add_batches(
        &self,
        batches: &Bound<'_, PyAny>,
        id: &str,
        vector: &str,
        job: Option<&str>,
        progress: bool,
    ) -> PyResult<BatchesAdded> {
        let (handle, _) = self.handle_to_write()?;
        ingest::add_batches(&handle, batches, Columns { id, vector }, job, progress)
    }

    /// Find the rows nearest to a query, to each of many queries, or to a stored row.
    ///
    /// It sees every write of this process that has returned. How much it sees of other processes' is what
    /// `consistency` and `min_seq` say; the answer's ``seq`` and ``consistency`` show it.
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
    ///     The length of the candidate list, instead of the index's ``ef_search`` (see :meth:`stats`): longer finds
    ///     more of the true neighbours and takes longer. Below `k` it counts as `k`.
    /// recall : float, optional
    ///     Choose `ef` so that the mean recall@k of queries like the rows is this much (0.5 to 0.999), and compare every
    ///     row where no `ef` is enough. How `ef` and recall go together is learnt on the index itself when a search
    ///     first asks, which takes some tenths of a second, and again when a fifth of the rows have changed.
    /// exact : bool, default False
    ///     Compare every row, or every one that passes the filter. An index of few rows always does.
    /// filter : dict, optional
    ///     Find only rows that pass: ``{"lang": "en", "year": {"$gte": 2020}}``. Conditions on metadata fields (dots
    ///     lead into objects) and on ``"$id"``, joined by ``$and``, ``$or``, ``$not``; operators ``$eq $ne $gt $gte
    ///     $lt $lte $in $nin $exists $contains $any $all $prefix``. A missing field, or one of another kind, fails
    ///     every condition but ``$ne`` and ``$nin``. Few rows that pass are compared one by one, and the answer is exact.
    /// within : float, optional
    ///     Find only rows at most so far, nearest first, at most `k` of them; every row is compared.
    /// explain : bool, default False
    ///     Say in ``explanation`` what the search did.
    /// min_seq : int, optional
    ///     The ``seq`` of a write, by whatever process: wait until this process sees it, at most 10 seconds.
    ///     None, which a write under ``durability="async"`` answers, waits for nothing.
    /// consistency : {"strong", "bounded"}, optional
    ///     ``"strong"``: see every write that anybody was told of before this search began; the store is asked. ``"bounded"``:
    ///     see what this process has heard of, a few milliseconds old on a directory, at most about two seconds
    ///     over HTTP while the store answers. By default strong on a directory, where it costs microseconds, and
    ///     bounded over HTTP. ``len()``, ``in`` and :meth:`get` are as fresh as the default.
    ///
    /// Returns
    /// -------
    /// Hits or BatchHits
    ///     ``min(k, n)`` rows, nearest first, of the n that may be found; BatchHits for a 2-D query.
    ///
    /// Raises
    /// ------
    /// InvalidArgumentError
    ///     The query has another dimension, or a value that :meth:`add` would refuse; or the filter is none.
    /// NotFoundError
    ///     There is no row `id`.
    /// UnavailableError
    ///     The store did not answer, or `min_seq` did not come.
    ///
    /// Examples
    /// --------
    /// >>> docs = vectord.open("memory:").create("docs", dimension=2)
    /// >>> _ = docs.add(["east", "north"], np.eye(2))
    /// >>> docs.search(id="north", k=1).distances
    /// array([0.], dtype=float32)
    /// >>> docs.search([1, 0], filter={"$id": {"$ne": "east"}}).ids
    /// array(['north'], dtype=object)
    #[pyo3(signature = (query = None, k = Whole::from(10), *, id = None, ef = None, recall = None, exact = false, filter = None,
                        within = None, explain = false, min_seq = None, consistency = None),
           text_signature = "(self, query=None, k=10, *, id=None, ef=None, recall=None, exact=False, filter=None, within=None, explain=False, min_seq=None, consistency=None)")]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn search(
        &self,
        py: Python<'_>,
        query: Option<&Bound<'_, PyAny>>,
        k: Whole,
        id: Option<&str>,
        ef: Option<Whole>,
        recall: Option<f64>,
        exact: bool,
        filter: Option<&Bound<'_, PyAny>>,
        within: Option<f32>,
        explain: bool,
        min_seq: Option<Whole>,
        consistency: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let handle = self.handle()?;
        let ef = ef.map(|ef| ef.count("ef")).transpose()?;
        let (filter, text) = filter::filter(filter)?.map(|given| (given.filter, given.text)).unzip();
        let options =
            SearchOptions { ef, recall, exact, filter, within, explain, ..SearchOptions::new(k.count("k")?) };
        let min_seq = min_seq.map(|seq| seq.within("min_seq", 0..=i64::MAX.cast_unsigned())).transpose()?;
        let fresh = Freshness { consistency: consistency.map(Consistency::parse).transpose()?, min_seq };
        let how = search::How { options, filter: text, fresh };
        match (query, id) {
            (Some(query), None) => search::by_query(&handle, query, &how),
            (None, Some(id)) => search::by_id(py, &handle, id, &how),
            (None, None) => Err(Error::invalid("nothing to search for: give a query or id=").into()),
            (Some(_), Some(_)) => Err(Error::invalid("give a query or id=, not both").into()),
        }
    }

    /// Return the rows of `ids` in that order; ids that are not there are left out. All are as of one entry of the
    /// log (of many over HTTP: see :func:`vectord.connect`).
    fn get(&self, py: Python<'_>, ids: &Bound<'_, PyAny>) -> PyResult<PyRows> {
        let handle = self.handle()?;
        let ids = column::lone_ids(ids)?;
        let rows = py.detach(|| handle.get(&ids))?;
        PyRows::new(py, &rows, handle.params().dimension as usize)
    }

    /// Return how many rows pass `filter` (see :meth:`search`); without one, all.
    #[pyo3(signature = (filter = None))]
    fn count(&self, py: Python<'_>, filter: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
        let (handle, filter) = (self.handle()?, filter::filter(filter)?);
        Ok(py.detach(|| handle.count(filter.as_ref()))?)
    }

    /// Return the first `limit` rows, of those that pass `filter`, whose ids come after `after`, in the order of
    /// the bytes of their ids. All are as of one entry of the log (of many over HTTP: see :func:`vectord.connect`).
    ///
    /// Going on after the last id meets every row that is there all the while exactly once, whatever is written
    /// meanwhile; fewer than `limit` rows are the last.
    ///
    /// Examples
    /// --------
    /// >>> docs = vectord.open("memory:").create("docs", dimension=2)
    /// >>> _ = docs.add(["a", "b", "c"], np.eye(3, 2) + 1, [{"n": 1}, {"n": 2}, {"n": 3}])
    /// >>> docs.scan({"n": {"$lt": 3}}, after="a").ids
    /// array(['b'], dtype=object)
    #[pyo3(signature = (filter = None, after = None, limit = Whole::from(1000)),
           text_signature = "(self, filter=None, after=None, limit=1000)")]
    fn scan(
        &self,
        py: Python<'_>,
        filter: Option<&Bound<'_, PyAny>>,
        after: Option<&str>,
        limit: Whole,
    ) -> PyResult<PyRows> {
        let (handle, filter, limit) = (self.handle()?, filter::filter(filter)?, limit.count("limit")?);
        let rows = py.detach(|| handle.scan(filter.as_ref(), after, limit))?;
        PyRows::new(py, &rows, handle.params().dimension as usize)
    }

    /// Return the distinct values of a metadata field with the number of rows that have each, most frequent first.
    ///
    /// Parameters
    /// ----------
    /// field : str
    ///     Its name; dots lead into objects.
    /// limit : int, default 100
    ///     How many values at most.
    ///
    /// Returns
    /// -------
    /// list of (value, count)
    ///     Of a list in the field each scalar counts, once per row.
    #[pyo3(signature = (field, limit = Whole::from(100)), text_signature = "(self, field, limit=100)")]
    fn values<'py>(
        &self,
        py: Python<'py>,
        field: &str,
        limit: Whole,
    ) -> PyResult<Vec<(Bound<'py, PyAny>, usize)>> {
        let (handle, limit) = (self.handle()?, limit.count("limit")?);
        let values = py.detach(|| handle.values(field, limit))?;
        let load = |(value, count): (serde_json::Value, usize)| {
            Ok((json::load(py, Some(&value.to_string()))?, count))
        };
        values.into_iter().map(load).collect()
    }

    /// Delete the rows of `ids`, or all that pass `filter`, durably (or queued: see :func:`vectord.open`); ids
    /// that are not there are passed over.
    ///
    /// A filter is asked of the state that the deletion is written on: what other processes added in the meantime
    /// goes, too, if it passes.
    #[pyo3(signature = (ids = None, *, filter = None))]
    fn delete(
        &self,
        py: Python<'_>,
        ids: Option<&Bound<'_, PyAny>>,
        filter: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Deleted> {
        match (ids, filter::filter(filter)?) {
            (Some(ids), None) => {
                let (handle, durability) = self.handle_to_write()?;
                let ids = column::lone_ids(ids)?;
                Ok(py.detach(|| handle.delete(&ids, durability))?)
            }
            (None, Some(filter)) => {
                let (handle, durability) = self.handle_to_write()?;
                Ok(py.detach(|| handle.delete_where(filter, durability))?)
            }
            (None, None) => Err(Error::invalid("nothing to delete: give ids or filter=").into()),
            (Some(_), Some(_)) => Err(Error::invalid("give ids or filter=, not both").into()),
        }
    }

    /// Replace the metadata of rows, durably (or queued: see :func:`vectord.open`), and leave their vectors;
    /// None removes it.
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
    ///     An id is not there; nothing was changed. Of a queued change, :meth:`flush` says so.
    fn set_metadata(
        &self,
        py: Python<'_>,
        ids: &Bound<'_, PyAny>,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<MetadataSet> {
        let (handle, durability) = self.handle_to_write()?;
        let rows = metadata::changes(ids, metadata)?;
        Ok(py.detach(|| handle.set_metadata(&rows, durability))?)
    }

    /// Make what other processes wrote visible here, and return the seq. It happens by itself as well: what
    /// others write is followed, and a strong search looks for it first.
    fn refresh(&self, py: Python<'_>) -> PyResult<u64> {
        let handle = self.handle()?;
        Ok(py.detach(|| handle.refresh())?)
    }

    /// Wait until every write asked before, by any thread of this process, is durable and visible; return
    /// the seq.
    ///
    /// Of the queued writes (``durability="async"``) on this index that failed since the last flush, the
    /// first one's exception is raised here.
    fn flush(&self, py: Python<'_>) -> PyResult<u64> {
        let handle = self.handle()?;
        Ok(py.detach(|| handle.flush())?)
    }

    /// Write a snapshot now, so that opening is quick, and return its seq. It happens by itself as well.
    fn checkpoint(&self, py: Python<'_>) -> PyResult<u64> {
        let (handle, _) = self.handle_to_write()?;
        Ok(py.detach(|| handle.checkpoint())?)
    }

    /// Return figures of this moment.
    ///
    /// Parameters
    /// ----------
    /// digest : bool, default True
    ///     Compute ``digest``, too. That waits until every row is in the graph and reads the whole index:
    ///     about a second per gigabyte. False for whoever looks often.
    ///
    /// Returns
    /// -------
    /// dict
    ///     ``rows``; ``dead``, deleted or replaced rows whose memory is still held; ``tail``, rows in no
    ///     graph yet and searched exactly, dead ones counted too; ``pending``, rows on their way into the graph:
    ///     of the tail, or all whose graph is built anew after deletes; ``bytes_memory``; ``bytes_mapped``, vectors
    ///     read from the snapshot's own file, which the
    ///     kernel keeps in memory as they are used and takes back when it is short; ``bytes_store`` and ``objects``, what the index has on the
    ///     store; ``seq``, the last entry of the log that is visible here; ``lag``, how many more the store has;
    ///     ``digest``, 32 hexadecimal digits that two processes have in common exactly if they hold the same state (None
    ///     if it was not asked for; then ``seq`` is the entry it belongs to); ``codec``, what the graph
    ///     measures: ``"u8"``, bytes that are the vectors (euclidean, all values integers 0 to 255), ``"sq8"``, vectors
    ///     rounded to bytes, results being measured again on the vectors, or ``"f32"``, the vectors themselves, where
    ///     bytes would lose rows or there is no graph yet; ``degree``, the graph's mean out-degree, 0.0 without one;
    ///     ``ef_search``, the candidate list in force: as the index was created with, else as it was last tried
    ///     out; ``halted``, why writes are refused (a damaged entry, say), or None; ``live_recall``, what the latest
    ///     approximate searches of this process found of the true neighbours, measured on about 1 % of them
    ///     (``VECTORD_LIVE_RECALL``) in the background: a dict of ``recall``, its 95 % interval ``low`` and ``high``,
    ///     ``queries``, the searches it was measured on (at most 1,000), and ``filtered``, the same of those with a
    ///     filter, or None. It is None as long as none was measured.
    #[pyo3(signature = (*, digest = true))]
    fn stats<'py>(&self, py: Python<'py>, digest: bool) -> PyResult<Bound<'py, PyDict>> {
        self.handle()?.stats(py, digest)
    }

    /// Measure how good the answers are: rows ask, each as if it were about to be added, and what they find is
    /// compared with an exact search.
    ///
    /// Parameters
    /// ----------
    /// sample : int, default 200
    ///     How many rows ask; all of them if there are fewer.
    /// k : int, default 10
    ///     How many neighbours are sought. Where fewer may be found, it is recall of those; of none, all are found.
    /// filter : dict, optional
    ///     Which rows may be found, as in :meth:`search`; all may ask.
    /// queries : array_like, shape (n, dimension), optional
    ///     Ask these instead of rows.
    /// ef : int, optional
    ///     The length of the candidate list, instead of the index's.
    /// seed : int, default 0
    ///     Which rows ask.
    ///
    /// Returns
    /// -------
    /// Recall
    ///     With an interval of 95 %. It is exactly 1 where every search is exact, as in an index of few rows.
    ///
    /// Examples
    /// --------
    /// >>> docs = vectord.open("memory:").create("docs", dimension=2)
    /// >>> _ = docs.add(["east", "north"], np.eye(2))
    /// >>> docs.recall(k=1)
    /// Recall(recall=1.0000, low=1.0000, high=1.0000, sample=2, k=1, ef=64, seq=2)
    #[pyo3(signature = (sample = Whole::from(200), k = Whole::from(10), *, filter = None, queries = None, ef = None,
                        seed = Whole::from(0)),
           text_signature = "(self, sample=200, k=10, *, filter=None, queries=None, ef=None, seed=0)")]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn recall(
        &self,
        py: Python<'_>,
        sample: Whole,
        k: Whole,
        filter: Option<Bound<'_, PyAny>>,
        queries: Option<Bound<'_, PyAny>>,
        ef: Option<Whole>,
        seed: Whole,
    ) -> PyResult<PyRecall> {
        recall::recall(py, &self.handle()?, recall::Asked { sample, k, filter, queries, ef, seed })
    }

    /// Check every invariant of the index in memory; return a sentence for each broken one. None is health.
    fn validate(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let handle = self.handle()?;
        Ok(py.detach(|| handle.validate())?)
    }

    /// Its name.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    /// Values per vector.
    #[getter]
    fn dimension(&self) -> PyResult<u32> {
        Ok(self.handle()?.params().dimension)
    }

    /// ``"cosine"``, ``"euclidean"`` or ``"dot"``.
    #[getter]
    fn distance(&self) -> PyResult<&'static str> {
        Ok(self.handle()?.params().distance.name())
    }

    /// What it was created with: ``dimension``, ``distance``, ``m`` and ``ef_search`` (None is automatic).
    #[getter]
    fn params<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let crate::registry::Params { dimension, m, ef_search, distance } = self.handle()?.params();
        let params = PyDict::new(py);
        params.set_item("dimension", dimension)?;
        params.set_item("distance", distance.name())?;
        params.set_item("m", m)?;
        params.set_item("ef_search", ef_search)?;
        Ok(params)
    }

    /// The last entry of the log that is visible here.
    #[getter]
    fn seq(&self, py: Python<'_>) -> PyResult<u64> {
        let handle = self.handle()?;
        Ok(py.detach(|| handle.seq())?)
    }

    /// Close this handle, after a :meth:`flush` if it wrote, whose exception is raised; others on the index stay
    /// open. Closing twice is closing once.
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

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        let handle = self.handle()?;
        Ok(py.detach(|| handle.len())?)
    }

    fn __contains__(&self, py: Python<'_>, id: &Bound<'_, PyAny>) -> PyResult<bool> {
        let handle = self.handle()?;
        match id.cast::<PyString>() {
            // A lone surrogate is no text, and so no id.
            Ok(id) => column::utf8(id).map_or(Ok(false), |id| Ok(py.detach(|| handle.contains(id))?)),
            Err(_) => Ok(false),
        }
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let facts = py.detach(|| self.facts()).map_or_else(
            |error| error.to_string(),
            |facts| {
                let facts = facts.into_iter().map(|(name, value)| format!("{name} {value}"));
                facts.collect::<Vec<_>>().join(", ")
            },
        );
        format!("Index({:?}: {facts})", self.name)
    }

    fn _repr_html_(&self, py: Python<'_>) -> String {
        let facts = py.detach(|| self.facts()).unwrap_or_else(|error| vec![("state", error.to_string())]);
        let row = |at: usize| vec![facts[at].0.to_owned(), facts[at].1.clone()];
        Table::new("Index", self.name.clone(), &["", ""], facts.len(), row).html()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py, Parts>> {
        reduce(py, &self.session, Some((&self.name, last_written(&self.handle.load()))))
    }
}
