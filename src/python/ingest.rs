//! `Index.add_batches`: an ingest job, batch after batch, that goes on where an earlier run of it ended.
//!
//! The memory of what is in is the log's own: each batch has an idempotency key of the job's name and its number.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::add::{self, Done};
use super::durability::Durability;
use super::given::{Columns, Given};
use super::handle::Handle;
use super::metadata::is_frame;
use super::progress::Progress;
use super::results::BatchesAdded;
use crate::error::{Error, Result};
use crate::index::check_key;

/// A job on one index, and how far it has come.
struct Job<'a> {
    handle: &'a Handle,
    columns: Columns<'a>,
    name: Option<&'a str>,
    progress: Option<Progress>,
    /// How many batches the caller has, if that can be told.
    total: Option<usize>,
    done: BatchesAdded,
}

pub(super) fn add_batches(
    handle: &Handle,
    batches: &Bound<'_, PyAny>,
    columns: Columns<'_>,
    name: Option<&str>,
    progress: bool,
) -> PyResult<BatchesAdded> {
    let py = batches.py();
    if let Some(name) = name {
        check_name(name)?;
    }
    let progress = progress.then(|| Progress::start(py, handle.name(), None)).transpose()?;
    let (length, seq) = py.detach(|| handle.visible())?;
    let done = BatchesAdded { seq, batches: 0, resumed: 0, added: 0, length };
    let mut job = Job { handle, columns, name, progress, total: batches.len().ok(), done };
    let ran = job.run(batches).and_then(|()| job.show(py, true));
    let ended = job.progress.take().map_or(Ok(()), |progress| progress.end(py));
    if let Err(error) = ran.and(ended) {
        job.note(py, &error);
        return Err(error);
    }
    let length = py.detach(|| handle.len())?;
    Ok(BatchesAdded { length, ..job.done })
}

/// Refuses a name that with a number behind it is no idempotency key.
fn check_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(Error::invalid("job is empty: give it a name, or leave it out"));
    }
    check_key(&key(name, usize::MAX)).map_err(|error| error.within(format!("job {name:?}")))
}

fn key(name: &str, number: usize) -> String {
    format!("{name}#{number}")
}

impl Job<'_> {
    fn run(&mut self, batches: &Bound<'_, PyAny>) -> PyResult<()> {
        for batch in batches.try_iter()? {
            let number = self.done.batches;
            self.add(&batch?).inspect_err(|error| self.name_batch(batches.py(), error, number))?;
            self.show(batches.py(), false)?;
        }
        Ok(())
    }

    fn add(&mut self, batch: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = batch.py();
        let given = self.given(batch)?;
        let key = self.name.map(|name| key(name, self.done.batches));
        let ready = add::read(py, self.handle, &given, key.as_deref())?;
        let mut done = Done::nothing(py, self.handle, &ready)?;
        let empty = ready.is_empty();
        let written = add::write(py, self.handle, ready, Durability::Sync, &mut done, |_| Ok(()));
        // Also of a batch of which only the first 64 MiB are in.
        self.done.added += done.added;
        self.done.seq = self.done.seq.max(done.seq.unwrap_or(0));
        self.done.length = done.length;
        written?;
        self.done.batches += 1;
        self.done.resumed += usize::from(!done.wrote && !empty);
        Ok(())
    }

    fn given<'py>(&self, batch: &Bound<'py, PyAny>) -> PyResult<Given<'py>> {
        let dimension = self.handle.params().dimension as usize;
        if is_frame(batch)? {
            return Given::new(batch, None, None, self.columns, dimension);
        }
        let parts = batch.is_instance_of::<PyTuple>() || batch.is_instance_of::<PyList>();
        let item = |at| batch.get_item(at);
        match if parts { batch.len()? } else { 0 } {
            2 => Given::new(&item(0)?, Some(&item(1)?), None, self.columns, dimension),
            3 => Given::new(&item(0)?, Some(&item(1)?), Some(&item(2)?), self.columns, dimension),
            len => {
                let what = batch.get_type().name()?;
                let of = if parts { format!(" of {len}") } else { String::new() };
                let wanted = "a batch is (ids, vectors), (ids, vectors, metadata) or a DataFrame";
                Err(Error::invalid(format!("{wanted}, got {what}{of}")).into())
            }
        }
    }

    fn show(&mut self, py: Python<'_>, last: bool) -> PyResult<()> {
        let BatchesAdded { seq, batches, resumed, added, .. } = self.done;
        let Some(progress) = &mut self.progress else { return Ok(()) };
        if !progress.is_due() && !last {
            return Ok(());
        }
        let of = self.total.map_or(String::new(), |total| format!("/{total}"));
        let resumed = if resumed > 0 { format!(" ({resumed} resumed)") } else { String::new() };
        // A job does not fail because the store did not answer to what is only shown.
        let lag = py.detach(|| self.handle.lag()).map_or(String::new(), |lag| format!(", lag {lag}"));
        progress.show(py, added, &format!("batch {batches}{of}{resumed}, seq {seq}{lag}"))
    }

    /// An exception of ours says which batch it is about.
    fn name_batch(&self, py: Python<'_>, error: &PyErr, number: usize) {
        let value = error.value(py);
        if !value.hasattr("outcome").unwrap_or(false) {
            return;
        }
        let message = value.to_string();
        let hint = match self.name {
            // Only the memory of keys says this of a key that was checked already.
            Some(name) if message.starts_with("idempotency key ") => {
                format!(
                    ": another job was called {name:?}, or this one had other batches then; give it another name"
                )
            }
            Some(_) | None => String::new(),
        };
        let named = value.setattr("args", (format!("batches[{number}]: {message}{hint}"),));
        drop(named.and_then(|()| value.setattr("batch", number)));
    }

    /// Whatever exception ends a job says what is in.
    fn note(&self, py: Python<'_>, error: &PyErr) {
        let BatchesAdded { seq, batches, resumed: _, added, length: _ } = self.done;
        let value = error.value(py);
        add::so_far(py, error, added, Some(seq));
        // What is wrong with the call itself stays wrong.
        let resumes = self.name.is_some() && !error.is_instance_of::<PyValueError>(py);
        let again = if resumes { "; run the job again to go on" } else { "" };
        let note = format!("batches that are in: {batches} ({added} rows, seq {seq}){again}");
        // Python 3.10 has no notes.
        drop(value.setattr("batches", batches).and_then(|()| value.call_method1("add_note", (note,))));
    }
}
