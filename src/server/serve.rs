//! The accept loop: connections with time-outs, HTTP/1.1 and HTTP/2, and an orderly end.
//!
//! `axum::serve` installs no timer, so that a client that never finishes its head would hold a connection for
//! ever; hence a loop of our own.

use std::future::Future;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::first_bytes::FirstBytes;
use super::state::Limits;

const MOST_HEADERS: usize = 64;
const MOST_STREAMS: u32 = 128;
const MOST_HEADER_BYTES: u32 = 64 << 10;

/// Serves `app` on `listener` until `shutdown`, then accepts no more, lets what runs end, and returns. What
/// takes longer than `limits.drain` is cut off.
pub async fn serve(listener: TcpListener, app: Router, limits: Limits, shutdown: impl Future<Output = ()>) {
    let Limits { header, body_idle: _, body_whole: _, drain } = limits;
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(header).max_headers(MOST_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(20))
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(MOST_HEADER_BYTES);
    let service = TowerToHyperService::new(app);
    let (graceful, mut connections) = (GracefulShutdown::new(), JoinSet::new());
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            stream = accept(&listener) => {
                let io = TokioIo::new(FirstBytes::new(stream, header));
                let connection = builder.serve_connection(io, service.clone()).into_owned();
                connections.spawn(graceful.watch(connection));
            }
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    if timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = connections.len(), "cut off: they took too long to end");
    }
    connections.shutdown().await;
}

/// The next connection. One that cannot be accepted (no descriptor is left, say) is waited out.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                drop(stream.set_nodelay(true));
                return stream;
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
