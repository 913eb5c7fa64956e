//! Progress of a long add: a tqdm bar where tqdm is installed, else one line on stderr.
//!
//! Both go through Python's own `sys.stderr`, so that notebooks show them.

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

pub(super) struct Progress {
    bar: Option<Py<PyAny>>,
    name: String,
    total: usize,
    shown: usize,
}

impl Progress {
    pub(super) fn start(py: Python<'_>, name: &str, total: usize) -> PyResult<Self> {
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
        Ok(Self { bar, name: name.to_owned(), total, shown: 0 })
    }

    /// Shows that `added` rows are in.
    pub(super) fn show(&mut self, py: Python<'_>, added: usize) -> PyResult<()> {
        let more = added - std::mem::replace(&mut self.shown, added);
        match &self.bar {
            Some(bar) => bar.call_method1(py, "update", (more,)).map(drop),
            None => write(py, &format!("\r{}: {added} of {} rows added", self.name, self.total)),
        }
    }

    pub(super) fn end(self, py: Python<'_>) -> PyResult<()> {
        match &self.bar {
            Some(bar) => bar.call_method0(py, "close").map(drop),
            None => write(py, "\n"),
        }
    }
}

fn write(py: Python<'_>, text: &str) -> PyResult<()> {
    let stderr = py.import("sys")?.getattr("stderr")?;
    stderr.call_method1("write", (text,))?;
    stderr.call_method0("flush").map(drop)
}
