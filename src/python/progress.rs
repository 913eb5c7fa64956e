//! Progress of a long add: a tqdm bar where tqdm is installed, else one line on stderr.
//!
//! Both go through Python's own `sys.stderr`, so that notebooks show them.

use std::time::{Duration, Instant};

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::table::thousands;

/// Between two looks that cost something.
const PAUSE: Duration = Duration::from_millis(500);

pub(super) struct Progress {
    bar: Option<Py<PyAny>>,
    name: String,
    total: Option<usize>,
    shown: usize,
    begun: Instant,
    due: Instant,
}

impl Progress {
    /// Progress towards `total` rows, if their number is known.
    pub(super) fn start(py: Python<'_>, name: &str, total: Option<usize>) -> PyResult<Self> {
        let bar = match py.import("tqdm.auto") {
            Ok(tqdm) => {
                let options = PyDict::new(py);
                options.set_item("total", total)?;
                options.set_item("desc", name)?;
                options.set_item("unit", "rows")?;
                options.set_item("unit_scale", true)?;
                Some(tqdm.getattr("tqdm")?.call((), Some(&options))?.unbind())
            }
            Err(error) if error.is_instance_of::<PyImportError>(py) => None,
            Err(error) => return Err(error),
        };
        let now = Instant::now();
        Ok(Self { bar, name: name.to_owned(), total, shown: 0, begun: now, due: now })
    }

    /// Whether it is time for what costs a look at the store; then not again for a while.
    pub(super) fn is_due(&mut self) -> bool {
        let (now, due) = (Instant::now(), self.due);
        if now >= due {
            self.due = now + PAUSE;
        }
        now >= due
    }

    /// Shows that `added` rows are in, and `about` beside it.
    pub(super) fn show(&mut self, py: Python<'_>, added: usize, about: &str) -> PyResult<()> {
        let more = added - std::mem::replace(&mut self.shown, added);
        if let Some(bar) = &self.bar {
            if !about.is_empty() {
                bar.call_method1(py, "set_postfix_str", (about, false))?;
            }
            return bar.call_method1(py, "update", (more,)).map(drop);
        }
        let of = self.total.map_or(String::new(), |total| format!(" of {}", thousands(total)));
        let about = if about.is_empty() { String::new() } else { format!(", {about}") };
        let rate = thousands((added as f64 / self.begun.elapsed().as_secs_f64().max(1e-3)) as usize);
        write(py, &format!("\r{}: {}{of} rows added, {rate} rows/s{about}", self.name, thousands(added)))
    }

    pub(super) fn end(self, py: Python<'_>) -> PyResult<()> {
        match &self.bar {
            Some(bar) => bar.call_method0(py, "close").map(drop),
            None if self.shown > 0 => write(py, "\n"),
            None => Ok(()),
        }
    }
}

fn write(py: Python<'_>, text: &str) -> PyResult<()> {
    let stderr = py.import("sys")?.getattr("stderr")?;
    stderr.call_method1("write", (text,))?;
    stderr.call_method0("flush").map(drop)
}
