//! Adding rows: read in short slices into batches, checked whole, then written batch after batch.
//!
//! The caller's memory is read only while the interpreter is held, never longer than a few milliseconds at
//! a stretch: between two slices the interpreter is released for the work on the slice just read, which
//! gives a waiting thread its turn.

use std::time::Duration;

use pyo3::prelude::*;

use super::array::Vectors;
use super::column;
use super::durability::Durability;
use super::given::Given;
use super::handle::Handle;
use super::json;
use super::progress::Progress;
use super::results::Added;
use super::write::Written;
use crate::error::{Error, Item, Result};
use crate::index::check_key;
use crate::registry::{Batch, BatchBuilder, Params};

/// Rows and bytes of text read while the interpreter is held once.
const SLICE_ROWS: usize = 512;
const SLICE_BYTES: usize = 128 << 10;

/// Rows for whose texts a batch has room from the beginning, if the call has as many.
const MOST_RESERVED: usize = 1 << 16;

/// How long the interpreter is left alone between two slices. A waiting thread needs tens of microseconds to
/// wake; a release shorter than that is lost on it, and restarts the wait after which it may insist.
const TURN: Duration = Duration::from_micros(60);

/// A batch whose ids and metadata are there and whose vectors are not.
struct Draft {
    first: usize,
    builder: BatchBuilder,
}

/// An atomic batch, read and checked: where in the call it begins, and its idempotency key.
pub(super) struct Ready {
    first: usize,
    batch: Batch,
    key: Option<String>,
}

/// How far a call has come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done {
    pub(super) seq: Option<u64>,
    pub(super) added: usize,
    pub(super) length: usize,
    /// Something of it was written now: not all of it was in already.
    pub(super) wrote: bool,
}

impl Done {
    /// Nothing of a call is in yet. A service is asked how things stand only where nothing will be written: where
    /// something is, its answer says so.
    pub(super) fn nothing(py: Python<'_>, handle: &Handle, ready: &[Ready]) -> Result<Self> {
        let (length, seq) = match handle {
            Handle::Remote(_) if !ready.is_empty() => (0, None),
            Handle::Live(_) | Handle::Remote(_) => {
                let (length, seq) = py.detach(|| handle.visible())?;
                (length, Some(seq))
            }
        };
        Ok(Self { seq, added: 0, length, wrote: false })
    }
}

/// `Index.add`: everything is read and checked, then written.
pub(super) fn add(
    py: Python<'_>,
    handle: &Handle,
    given: &Given<'_>,
    key: Option<&str>,
    durability: Durability,
    progress: bool,
) -> PyResult<Added> {
    let ready = read(py, handle, given, key)?;
    let total = Some(given.ids.len());
    let mut progress = progress.then(|| Progress::start(py, handle.name(), total)).transpose()?;
    let show = |added| progress.as_mut().map_or(Ok(()), |progress| progress.show(py, added, ""));
    let mut done = Done::nothing(py, handle, &ready)?;
    let written = write(py, handle, ready, durability, &mut done, show);
    let ended = progress.map_or(Ok(()), |progress| progress.end(py));
    let Done { mut seq, added, length, wrote: _ } = done;
    match durability {
        Durability::Sync => {}
        Durability::Async => seq = None,
    }
    written.and(ended).inspect_err(|error| so_far(py, error, added, seq))?;
    Ok(Added { seq, added, length })
}

/// Reads a call into atomic batches.
pub(super) fn read(
    py: Python<'_>,
    handle: &Handle,
    given: &Given<'_>,
    key: Option<&str>,
) -> PyResult<Vec<Ready>> {
    let params = handle.params();
    let drafts = read_texts(py, given, &params)?;
    let keys = keys(key, drafts.len())?;
    let read = |(draft, key): (Draft, Option<String>)| {
        let first = draft.first;
        Ok(Ready { first, batch: read_vectors(py, &given.vectors, draft, &params)?, key })
    };
    drafts.into_iter().zip(keys).map(read).collect()
}

/// Writes batch after batch; `done` says how far it came, also when it fails.
pub(super) fn write(
    py: Python<'_>,
    handle: &Handle,
    ready: Vec<Ready>,
    durability: Durability,
    done: &mut Done,
    mut show: impl FnMut(usize) -> PyResult<()>,
) -> PyResult<()> {
    for Ready { first, batch, key } in ready {
        let (rows, key) = (batch.len(), key.as_deref());
        let written = py.detach(|| handle.add(batch, key, durability));
        let Written { seq, length, new } = written.map_err(|error| shift(error, first))?;
        *done = Done { seq, added: done.added + rows, length, wrote: done.wrote | new };
        show(done.added)?;
        py.check_signals()?;
    }
    Ok(())
}

/// The idempotency key of each batch: the caller's own for the first, numbered for the others. The split
/// depends on the rows alone, so a repetition meets the same keys.
fn keys(key: Option<&str>, batches: usize) -> Result<Vec<Option<String>>> {
    let Some(key) = key else { return Ok(vec![None; batches]) };
    let numbered = |n: usize| if n == 0 { key.to_owned() } else { format!("{key}/{n}") };
    let keys: Vec<_> = (0..batches.max(1)).map(numbered).collect();
    for key in &keys {
        check_key(key)?;
    }
    Ok(keys.into_iter().map(Some).collect())
}

/// Reads ids and metadata, and cuts the call into batches.
fn read_texts(py: Python<'_>, given: &Given<'_>, params: &Params) -> PyResult<Vec<Draft>> {
    let rows = given.ids.len();
    let draft = |first: usize| {
        let expected = (rows - first).min(MOST_RESERVED);
        Draft { first, builder: Batch::builder(expected, params.dimension) }
    };
    let mut drafts: Vec<Draft> = Vec::new();
    let mut push = |at: usize, id: &str, metadata: Option<&str>| {
        if !drafts.last().is_some_and(|last| last.builder.has_room(id, metadata)) {
            drafts.push(draft(at));
        }
        let last = drafts.last_mut().expect("one was pushed if there was none");
        last.builder.push(id, metadata).map_err(|error| shift(error, last.first))
    };
    for from in (0..rows).step_by(SLICE_ROWS) {
        let to = rows.min(from + SLICE_ROWS);
        let ids = given.ids.slice(from, to)?;
        let metadata = given.metadata.slice(py, from, to)?;
        let mut read = 0;
        while read < to - from {
            let (mut texts, mut bytes, first) = (Vec::new(), 0, from + read);
            while read < to - from && bytes < SLICE_BYTES {
                let id = column::id(&ids.get_item(read)?, from + read)?;
                let values = metadata.as_ref().map(|rows| rows.get_item(read)).transpose()?;
                let text = values.map(|value| json::dump(&value, from + read)).transpose()?.flatten();
                bytes += id.len() + text.as_ref().map_or(0, String::len);
                texts.push((id, text));
                read += 1;
            }
            py.detach(|| -> Result<()> {
                if first > 0 {
                    std::thread::sleep(TURN);
                }
                texts.iter().zip(first..).try_for_each(|((id, text), at)| push(at, id, text.as_deref()))
            })?;
            py.check_signals()?;
        }
    }
    Ok(drafts)
}

/// Copies the vectors of a draft straight into the buffer that is logged, and checks them there.
fn read_vectors(py: Python<'_>, vectors: &Vectors, draft: Draft, params: &Params) -> PyResult<Batch> {
    let Draft { first, builder } = draft;
    let (rows, dimension) = (builder.len(), params.dimension as usize);
    let mut stopped = None;
    let finished = py.detach(|| {
        builder.finish_with(|matrix| {
            for from in (0..rows).step_by(vectors.piece()) {
                let to = rows.min(from + vectors.piece());
                let piece = &mut matrix[from * dimension..to * dimension];
                let copied = Python::attach(|py| {
                    py.check_signals()?;
                    vectors.copy(py, first + from..first + to, piece)
                });
                if let Err(error) = copied {
                    stopped = Some(error);
                    return Err(Error::internal("stopped"));
                }
                check(piece, first + from, params)?;
                if to < rows {
                    std::thread::sleep(TURN);
                }
            }
            Ok(())
        })
    });
    match stopped {
        Some(error) => Err(error),
        None => Ok(finished?),
    }
}

fn check(piece: &[f32], first: usize, params: &Params) -> Result<()> {
    for (row, at) in piece.chunks_exact(params.dimension as usize).zip(first..) {
        params.distance.admit(row).map_err(|error| error.at(at, crate::error::Part::Vector))?;
    }
    Ok(())
}

/// The item's place in the whole call.
fn shift(error: Error, first: usize) -> Error {
    match error.item() {
        Some(Item { index, part }) => error.at(first + index, part),
        None => error,
    }
}

/// The exception that ended a call says which rows are in. One that takes no attributes stays as it is.
pub(super) fn so_far(py: Python<'_>, error: &PyErr, added: usize, seq: Option<u64>) {
    let value = error.value(py);
    drop(value.setattr("added", added).and_then(|()| value.setattr("seq", seq)));
}
