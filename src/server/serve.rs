//! The accept loop: connections with time-outs, TLS, HTTP/1.1 and HTTP/2, and an orderly end.
//!
//! `axum::serve` installs no timer, so that a client that never finishes its head would hold a connection for
//! ever; hence a loop of our own.

use std::future::Future;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::first_bytes::FirstBytes;
use super::metrics::{Metrics, Refusal};
use super::outer;
use super::problem::{PROBLEM, Problem};
use super::state::Limits;
use super::tls::Tls;
use super::watch::{Patience, Verdict, Watch};
use crate::error::{Error, Result};

/// Beyond these hyper refuses a head by itself, without a document; `outer.rs` refuses what is beyond half of them with one.
const MOST_HEADERS: usize = 2 * outer::MOST_HEADERS;
const MOST_HEAD_BYTES: usize = 2 * outer::MOST_HEAD_BYTES;
const MOST_STREAMS: u32 = 128;
/// Streams that a client may open and reset before they were looked at (CVE-2023-44487).
const MOST_RESETS: usize = 32;

/// The answer to a connection for which there is no room.
fn busy(connections: usize) -> Vec<u8> {
    let error =
        Error::unavailable(format!("the service is busy: connections at once are at most {connections}"));
    let document = Problem::from(error).document(None);
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: {PROBLEM}\r\nRetry-After: 1\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        document.len()
    );
    [head.as_bytes(), &document].concat()
}

/// Serves on `listener` until `shutdown`, then accepts no more, lets what runs end, and returns. What takes longer than
/// the limit for it is cut off.
pub(super) async fn serve(listener: TcpListener, server: Server, shutdown: impl Future<Output = ()>) {
    let limits = server.limits;
    let server = Arc::new(server);
    let room = Arc::new(Semaphore::new(limits.connections));
    let (end, ending) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            stream = accept(&listener) => match Arc::clone(&room).try_acquire_owned() {
                Ok(place) => {
                    let (server, ending) = (Arc::clone(&server), ending.clone());
                    connections.spawn(async move {
                        server.converse(stream, ending).await;
                        drop(place);
                    });
                }
                Err(_) => server.turn_away(&stream),
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop((listener, end));
    let ended = async { while connections.join_next().await.is_some() {} };
    if timeout(limits.drain, ended).await.is_err() {
        tracing::warn!(connections = connections.len(), "cut off: they took too long to end");
    }
    connections.shutdown().await;
}

fn builder(header: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header)
        .max_headers(MOST_HEADERS)
        .max_buf_size(MOST_HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(20))
        .max_concurrent_streams(MOST_STREAMS)
        .max_pending_accept_reset_streams(MOST_RESETS)
        .max_header_list_size(MOST_HEAD_BYTES as u32);
    builder
}

/// What every connection is served with.
pub(super) struct Server {
    builder: Builder<TokioExecutor>,
    app: Router,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    metrics: Option<Arc<Metrics>>,
}

impl Server {
    /// A server of `app`; connections that it turns away are counted in `metrics`.
    pub(super) fn new(
        app: Router,
        tls: Option<&Tls>,
        limits: Limits,
        metrics: Option<Arc<Metrics>>,
    ) -> Result<Self> {
        let tls = tls.map(Tls::acceptor).transpose()?;
        Ok(Self { builder: builder(limits.header), app, tls, limits, metrics })
    }

    /// One connection, from its handshake to its end, which comes soon after the sender of `ending` is gone.
    async fn converse(&self, stream: TcpStream, ending: watch::Receiver<()>) {
        match &self.tls {
            None => self.answer(stream, ending).await,
            Some(tls) => match timeout(self.limits.header, tls.accept(stream)).await {
                Ok(Ok(stream)) => self.answer(stream, ending).await,
                Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                Err(_) => tracing::debug!("a TLS handshake took too long"),
            },
        }
    }

    async fn answer<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
        &self,
        stream: S,
        mut ending: watch::Receiver<()>,
    ) {
        // Over HTTP/1.1 hyper itself waits once that long for a head; this is for the rest.
        let patience = Patience { idle: 2 * self.limits.header, unread: self.limits.answer_idle };
        let (watch, app) = (Watch::new(), TowerToHyperService::new(self.app.clone()));
        let service = service_fn(|request| {
            let (asked, answer) = (watch.asked(), app.call(request));
            async move { answer.await.map(|response| asked.answered(response)) }
        });
        let io = TokioIo::new(FirstBytes::new(stream, self.limits.header));
        let mut connection = std::pin::pin!(self.builder.serve_connection(io, service));
        let mut ends = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::trace!(error, "a connection ended badly");
                    }
                    return;
                }
                _ = ending.changed(), if !ends => {}
                verdict = watch.verdict(patience) => if ends || verdict == Verdict::Unread {
                    tracing::debug!(?verdict, "a connection is cut off");
                    return;
                }
            }
            connection.as_mut().graceful_shutdown();
            watch.begin_anew();
            ends = true;
        }
    }

    /// Tells a client that there are too many connections, as far as that can be done without waiting.
    fn turn_away(&self, stream: &TcpStream) {
        if let Some(metrics) = &self.metrics {
            metrics.refused(Refusal::Connections);
        }
        if self.tls.is_none() {
            drop(stream.try_write(&busy(self.limits.connections)));
        }
    }
}

/// The next connection. Where there can be none now (no descriptor is left, say) it is waited, longer each time.
async fn accept(listener: &TcpListener) -> TcpStream {
    let mut pause = Duration::from_millis(5);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                drop(stream.set_nodelay(true));
                return stream;
            }
            // That one went away before it was its turn.
            Err(error)
                if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(pause).await;
                pause = (2 * pause).min(Duration::from_secs(1));
            }
        }
    }
}
