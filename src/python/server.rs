//! The service inside this process, and the `vectord` command behind the console script.
//!
//! The service runs on threads of its own; Python code goes on.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::prelude::*;

use super::process::Own;
use super::registry::PyRegistry;
use super::session::Session;
use super::whole::Whole;
use crate::error::Error;
use crate::server::Running;

/// Shorter keys could be guessed.
const LEAST_KEY: usize = 16;

/// The HTTP service over a registry, inside this process: for notebooks and tests.
///
/// ``vectord serve`` is the same service as a process of its own. Other addresses than loopback are not for
/// this one: it speaks no TLS.
///
/// Parameters
/// ----------
/// registry : Registry
///     What it serves; it keeps the registry open until :meth:`stop`.
/// host : str, default "127.0.0.1"
///     The loopback address to listen on: ``127.0.0.1``, ``::1`` or ``localhost``.
/// port : int, default 0
///     The port to listen on; 0 takes a free one.
/// api_key : str, optional
///     The key that callers have to show, of at least 16 characters; it allows everything. None asks for no key.
///
/// Raises
/// ------
/// PermissionDeniedError
///     `host` is no loopback address: others could reach it.
/// InvalidArgumentError
///     `host` is no IP address, `port` no port, or `api_key` too short.
///
/// Examples
/// --------
/// >>> import urllib.request
/// >>> registry = vectord.open("memory:")
/// >>> with vectord.Server(registry) as server:
/// ...     urllib.request.urlopen(server.url + "/vectors/index").status
/// 200
#[pyclass(name = "Server", module = "vectord", frozen)]
pub(super) struct PyServer {
    session: Arc<Session>,
    address: SocketAddr,
    api_key: Option<String>,
    running: Mutex<Option<Own<Running>>>,
}

#[pymethods]
impl PyServer {
    #[new]
    #[pyo3(signature = (registry, host = "127.0.0.1", port = Whole::from(0), api_key = None),
           text_signature = "(registry, host='127.0.0.1', port=0, api_key=None)")]
    fn new(registry: &PyRegistry, host: &str, port: Whole, api_key: Option<String>) -> PyResult<Self> {
        let host = if host == "localhost" { "127.0.0.1" } else { host };
        let ip: IpAddr = host.parse().map_err(|_| {
            Error::invalid(format!("host must be an IP address, 127.0.0.1 say, got {host:?}"))
        })?;
        if !ip.to_canonical().is_loopback() {
            return Err(Error::permission_denied(format!(
                "Server listens on loopback only, got {host}: use `vectord serve --insecure`"
            ))
            .into());
        }
        let port = port.within("port", 0..=u16::MAX)?;
        if let Some(length) = api_key.as_ref().map(String::len).filter(|length| *length < LEAST_KEY) {
            let least = format!("api_key must have at least {LEAST_KEY} characters, got {length}");
            return Err(Error::invalid(least).into());
        }
        let (session, address) = (Arc::clone(&registry.session), SocketAddr::new(ip, port));
        Ok(Self { session, address, api_key, running: Mutex::new(None) })
    }

    /// Start to serve, and return the server itself; :attr:`url` says where. Starting twice is starting once.
    ///
    /// Raises
    /// ------
    /// UnavailableError
    ///     The address is taken.
    fn start(slf: Py<Self>, py: Python<'_>) -> PyResult<Py<Self>> {
        let server = slf.get();
        py.detach(|| {
            let mut running = server.running.lock();
            if running.as_ref().and_then(Own::get).is_none() {
                let (registry, address) = (server.session.registry()?.into_store()?, server.address);
                *running = Some(Own::new(match &server.api_key {
                    None => Running::start(registry, address)?,
                    Some(key) => Running::start_keyed(registry, address, key)?,
                }));
            }
            Ok::<_, Error>(())
        })?;
        Ok(slf)
    }

    /// Stop serving, after the requests under way; stopping twice is stopping once.
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        let stop = || self.running.lock().take().and_then(Own::into_inner).map_or(Ok(()), |it| it.stop());
        Ok(py.detach(stop)?)
    }

    /// Where it serves, such as ``http://127.0.0.1:41234``; None while it does not.
    #[getter]
    fn url(&self) -> Option<String> {
        let running = self.running.lock();
        Some(format!("http://{}", running.as_ref().and_then(Own::get)?.addr()))
    }

    fn __enter__(slf: Py<Self>, py: Python<'_>) -> PyResult<Py<Self>> {
        Self::start(slf, py)
    }

    #[pyo3(signature = (*_raised))]
    fn __exit__(&self, py: Python<'_>, _raised: &Bound<'_, PyAny>) -> PyResult<()> {
        self.stop(py)
    }

    fn __repr__(&self) -> String {
        let state = self.url().unwrap_or_else(|| "stopped".to_owned());
        format!("Server({:?}, {state})", self.session.url())
    }
}

/// Run the `vectord` command on `argv`, the program's name first, and return its exit status.
#[pyfunction]
pub(super) fn run_cli(py: Python<'_>, argv: Vec<std::ffi::OsString>) -> i32 {
    py.detach(|| crate::cli::run(argv))
}
