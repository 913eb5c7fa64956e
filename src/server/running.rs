//! A service with the threads it runs on: loading, serving, ending, closing the registry.
//!
//! The registry is closed outside of the runtime, after it: closing blocks.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use parking_lot::Mutex;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::app::app;
use super::hosts::Hosts;
use super::keys::{Key, Keys, Role};
use super::serve::{Server, serve};
use super::state::{AppState, Limits};
use super::tls::Tls;
use crate::error::{Error, Result};
use crate::registry::Registry;

/// Calls that still run on blocking threads when the service ends are waited for so long.
const LAST_CALLS: Duration = Duration::from_secs(10);

/// What stands between a service and its callers. By default they need no key.
#[derive(Debug, Clone, Default)]
pub struct Protection {
    /// The keys that are asked for.
    pub keys: Keys,
    /// Where none are: the names it answers to.
    pub hosts: Hosts,
    /// The certificate, where TLS is spoken.
    pub tls: Option<Tls>,
    /// What callers may take.
    pub limits: Limits,
}

/// A service on a thread of its own, inside another process. Dropping it stops it.
pub struct Running {
    addr: SocketAddr,
    stop: Mutex<Option<Stop>>,
}

struct Stop {
    tell: oneshot::Sender<()>,
    thread: JoinHandle<Result<()>>,
}

impl Running {
    /// Serves `registry` on `addr` (port 0 takes a free one). Returns once connections are accepted.
    pub fn start(registry: Registry, addr: SocketAddr) -> Result<Self> {
        Self::start_behind(Protection::default(), registry, addr)
    }

    /// The same for those who show `api_key`, which allows everything.
    pub fn start_keyed(registry: Registry, addr: SocketAddr, api_key: &str) -> Result<Self> {
        let keys = Keys::new([Key::of(Role::Admin, api_key, None)?])?;
        Self::start_behind(Protection { keys, ..Protection::default() }, registry, addr)
    }

    fn start_behind(protection: Protection, registry: Registry, addr: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(addr).map_err(|error| cannot_listen(addr, error))?;
        let addr = listener.local_addr().map_err(|error| cannot_listen(addr, error))?;
        let (tell, stopped) = oneshot::channel();
        let runtime = runtime()?;
        let thread = std::thread::Builder::new()
            .name("vectord serve".to_owned())
            .spawn(move || host(runtime, listener, registry, protection, async { drop(stopped.await) }))
            .map_err(no_thread)?;
        Ok(Self { addr, stop: Mutex::new(Some(Stop { tell, thread })) })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Lets what runs end, closes the registry, and waits for both. Stopping twice is no error.
    pub fn stop(&self) -> Result<()> {
        let Some(Stop { tell, thread }) = self.stop.lock().take() else { return Ok(()) };
        tell.send(()).ok();
        thread.join().unwrap_or_else(|_| Err(Error::internal("the service's thread panicked")))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::error!(%error, "the service ended badly");
        }
    }
}

/// The runtime of a service.
pub fn runtime() -> Result<Runtime> {
    Builder::new_multi_thread()
        .enable_all()
        .thread_name("vectord http")
        .build()
        .map_err(|error| Error::exhausted(format!("cannot start the runtime: {error}")).caused_by(error))
}

/// Serves `registry` on `listener` until `shutdown`, and closes it. The indexes are loaded meanwhile; what is
/// asked of one that is not loaded yet waits for it.
pub fn host(
    runtime: Runtime,
    listener: TcpListener,
    registry: Registry,
    protection: Protection,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    let Protection { keys, hosts, tls, limits } = protection;
    let state = AppState::guarded(registry.clone(), limits, keys, hosts);
    let (ended, end) = mpsc::channel();
    let (loaded, wait) = mpsc::channel::<()>();
    let loading = Arc::clone(&state);
    let load = move || {
        loading.load(&end);
        // Hung up on after the last handle on the registry is gone.
        drop(loading);
        drop(loaded);
    };
    std::thread::Builder::new().name("vectord load".to_owned()).spawn(load).map_err(no_thread)?;
    let server =
        Server::new(app(Arc::clone(&state)), tls.as_ref(), limits, Some(Arc::clone(&state.metrics)))?;
    let shutdown = async move {
        shutdown.await;
        state.draining.store(true, Ordering::Release);
        drop(ended);
    };
    until(runtime, listener, server, shutdown)?;
    wait.recv_timeout(LAST_CALLS).ok();
    registry.close()
}

/// Serves `router` on `listener` until `shutdown`. Keys and names are the router's own business.
pub fn run(
    runtime: Runtime,
    listener: TcpListener,
    router: Router,
    protection: &Protection,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    let Protection { keys: _, hosts: _, tls, limits } = protection;
    until(runtime, listener, Server::new(router, tls.as_ref(), *limits, None)?, shutdown)
}

fn until(
    runtime: Runtime,
    listener: TcpListener,
    server: Server,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    let served = runtime.block_on(async {
        listener.set_nonblocking(true)?;
        serve(tokio::net::TcpListener::from_std(listener)?, server, shutdown).await;
        Ok(())
    });
    runtime.shutdown_timeout(LAST_CALLS);
    served.map_err(|error: std::io::Error| {
        Error::unavailable(format!("cannot listen: {error}")).caused_by(error)
    })
}

fn cannot_listen(addr: SocketAddr, error: std::io::Error) -> Error {
    Error::unavailable(format!("cannot listen on {addr}: {error}")).caused_by(error)
}

fn no_thread(error: std::io::Error) -> Error {
    Error::exhausted(format!("cannot start a thread: {error}")).caused_by(error)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;
    use crate::registry::Params;

    fn ask(addr: SocketAddr, head: &str) -> String {
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn a_service_in_a_process_shares_its_indexes_and_stops_when_told() {
        let registry = Registry::open("memory:").unwrap();
        registry.create("shared", Params::new(3)).unwrap();
        let running = Running::start(registry.clone(), "127.0.0.1:0".parse().unwrap()).unwrap();
        let answer = ask(
            running.addr(),
            "GET /vectors/index HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        );
        assert!(answer.contains(r#""names":["shared"]"#), "{answer}");
        running.stop().unwrap();
        running.stop().unwrap();
        assert!(TcpStream::connect(running.addr()).is_err());
        assert_eq!(registry.get("shared").unwrap().len().unwrap(), 0, "the registry is its owner's");
    }

    #[test]
    fn a_connection_that_says_nothing_is_closed() {
        let limits = Limits { header: Duration::from_millis(50), ..Limits::default() };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let registry = Registry::open("memory:").unwrap();
        let runtime = runtime().unwrap();
        let service = std::thread::spawn(move || {
            let protection = Protection { limits, ..Protection::default() };
            host(runtime, listener, registry, protection, async { drop(stopped.await) })
        });
        for begun in ["", "P", "GET / HT", "GET / HTTP/1.1\r\nHost: localhost\r\n"] {
            let answer = ask(addr, begun);
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{begun:?}: {answer}");
        }
        stop.send(()).unwrap();
        service.join().unwrap().unwrap();
    }
}
