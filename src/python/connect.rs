//! `connect`: a registry behind a service, and how pickles of it find their way back.
//!
//! What goes over the wire is the client's business.

use std::time::Duration;

use pyo3::prelude::*;

use super::origin::Origin;
use super::registry::PyRegistry;
use crate::client::Settings;
use crate::error::{Error, Result};

/// The environment variable that holds the key where none is given.
const API_KEY: &str = "VECTORD_API_KEY";

/// Connect to a ``vectord serve``: the same classes, methods and errors as :func:`open`, over HTTP.
///
/// Vectors go as the float32 they are. Any number of threads may use the registry and its indexes at once, and a
/// forked child makes connections of its own. It pickles as its address, without the key.
///
/// Parameters
/// ----------
/// url : str
///     ``"http://host:port"`` or ``"https://host"``, with a path before it if the service is behind one. Certificates
///     are checked against those of the system, or of ``SSL_CERT_FILE``.
/// api_key : str, optional
///     One of the service's keys. None, the default, takes the environment variable ``VECTORD_API_KEY`` if it is
///     set; so does a pickle where it is loaded. Over plain http to another machine, key and rows can be read on the
///     way.
/// timeout : float, default 30.0
///     Seconds that a call may take until its answer is there, uploads beyond a few MiB not counted.
///
/// Returns
/// -------
/// Registry
///
/// Raises
/// ------
/// UnavailableError
///     The service cannot be reached, or did not answer in time.
/// UnauthenticatedError
///     The service wants a key, and this is none of its.
/// InvalidArgumentError
///     `url` is no address of a service.
///
/// Notes
/// -----
/// A call that fails on its way, or that the service had no room for, is sent again, up to five times within ten
/// seconds. Writes of rows carry idempotency keys, so that nothing is done twice. Creating or deleting an index whose
/// answer is lost raises UnavailableError with ``outcome`` "unknown". Reads see what was written through the same
/// Index, whichever server behind the address answers; so do those of its pickles and in forked children, of what was
/// written before.
///
/// Other than in process: `k` is at most 1,000, and so many values as :meth:`Index.values` tells or rows as
/// :meth:`Index.recall` has ask are at most 10,000; a :meth:`Index.get` or :meth:`Index.scan` of more than 1,000 rows may
/// see what is written while it is read, later rows being as of the same or a later entry of the log, never an
/// earlier one; a :meth:`Index.delete` of more than 7 MiB of ids is several deletes, and a :meth:`Index.set_metadata` of
/// more than 64 MiB is refused; :meth:`Index.validate` is unsupported; the service's errors have its ``request_id``.
///
/// Examples
/// --------
/// >>> served = vectord.open("memory:")
/// >>> with vectord.Server(served) as server:
/// ...     docs = vectord.connect(server.url).create("docs", dimension=2)
/// ...     docs.add(["east", "north"], np.eye(2))
/// ...     docs.search([0.9, 0.1], k=1).ids
/// Added(seq=2, added=2, length=2)
/// array(['east'], dtype=object)
#[pyfunction]
#[pyo3(signature = (url, api_key = None, timeout = 30.0))]
pub(super) fn connect(
    py: Python<'_>,
    url: &str,
    api_key: Option<String>,
    timeout: f64,
) -> PyResult<PyRegistry> {
    let api_key = api_key.or_else(|| std::env::var(API_KEY).ok()).filter(|key| !key.is_empty());
    let origin = Origin::Service(Settings { api_key, timeout: seconds(timeout)? });
    Ok(py.detach(|| PyRegistry::open(url, origin))?)
}

fn seconds(timeout: f64) -> Result<Duration> {
    let limits = 0.001..=86_400.0;
    if !limits.contains(&timeout) {
        return Err(Error::invalid(format!("timeout must be 0.001 to 86400 seconds, got {timeout}")));
    }
    Ok(Duration::from_secs_f64(timeout))
}

/// Connect a pickled registry or, with a name, index again, whose reads see the entry `seq`.
#[pyfunction]
#[pyo3(signature = (url, timeout, name = None, seq = 0))]
pub(super) fn _reconnect(
    py: Python<'_>,
    url: &str,
    timeout: f64,
    name: Option<&str>,
    seq: u64,
) -> PyResult<Py<PyAny>> {
    connect(py, url, None, timeout)?.or_index(py, name, seq)
}
