//! What is left of a refused request's body is read before the refusal is sent.
//!
//! A client that still sends when the connection closes meets a reset and never sees the answer (RFC 9112,
//! section 9.6). One that waits for `100 Continue` has sent nothing, and is answered at once.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use parking_lot::Mutex;

use super::limits;
use super::patience::next_data;

const MOST_TIME: Duration = Duration::from_secs(5);
/// More than the longest body by far: one that is a little too long is refused in words.
const MOST_BYTES: usize = 4 * limits::BODY;

/// A body of which a second handle is kept.
struct Shared(Arc<Mutex<Body>>);

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut *self.0.lock()).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.0.lock().size_hint()
    }
}

/// The layer.
pub(super) async fn linger(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() || request.headers().contains_key(header::EXPECT) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let kept = Arc::new(Mutex::new(body));
    let response = next.run(Request::from_parts(parts, Body::new(Shared(Arc::clone(&kept))))).await;
    if is_refusal(response.status()) {
        let mut rest = Body::new(Shared(kept));
        let discard = async {
            let mut bytes = 0;
            while let Some(Ok(data)) = next_data(&mut rest).await {
                bytes += data.len();
                if bytes > MOST_BYTES {
                    break;
                }
            }
        };
        drop(tokio::time::timeout(MOST_TIME, discard).await);
    }
    response
}

/// Whether a status is answered without the body having been read.
fn is_refusal(status: StatusCode) -> bool {
    status.is_client_error()
        || matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE)
}
