//! Requests: how they are addressed, how long they may take, and which of them are sent again.
//!
//! Reads and deletes are retried; creates are not, since only the log can tell what an unknown one came to.

use std::thread;
use std::time::Duration;

use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::IF_NONE_MATCH;
use reqwest::{StatusCode, Url};

use super::answer::Trouble;
use super::client::Storaged;
use super::courier::Courier;
use crate::error::{Error, Result};
use crate::store::contract::Fault;
use crate::store::{Key, Put, Store};

/// What a slow but working network still carries, in bytes per second: how long a PUT may take.
const SLOWEST: u64 = 1 << 20;

impl Storaged {
    /// The address of a path below the base.
    pub(super) fn url_of<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.base.clone();
        // `extend` percent-encodes each segment, a slash or a percent sign within it included.
        url.path_segments_mut().expect("an http URL has a path").pop_if_empty().extend(segments);
        url
    }

    /// The address of an object.
    pub(super) fn object(&self, key: &Key) -> Url {
        self.url_of(["v1", "storage"].into_iter().chain(key.as_str().split('/')))
    }

    /// A call that may be repeated: tried again while the server cannot be reached or is busy.
    pub(super) fn patient<T: Send>(
        &self,
        call: impl Fn(&Client) -> Result<T, Trouble> + Send + Sync,
    ) -> Result<T> {
        let outcome = self.courier.send(|client| {
            for pause_ms in [50, 150, 450] {
                match call(client) {
                    Err(Trouble::Unsent(_) | Trouble::Lost(_) | Trouble::Busy(_)) => {}
                    done => return done,
                }
                thread::sleep(Duration::from_millis(pause_ms));
            }
            call(client)
        });
        outcome?.map_err(|trouble| self.place_error(trouble.into_error()))
    }

    /// One PUT, once.
    pub(super) fn put(
        &self,
        key: &Key,
        bytes: &[u8],
        header: Option<&'static str>,
    ) -> Result<StatusCode, Fault> {
        let (size, most) = (bytes.len() as u64, self.capabilities.max_object_bytes);
        if size > most {
            let message = format!("the object is too large for this store: at most {most} bytes, got {size}");
            return Err(Fault::known(self.place_error(Error::exhausted(message))));
        }
        let timeout = Courier::ANSWER + Duration::from_secs(size / SLOWEST);
        let url = self.object(key);
        let answer = self.courier.send(|client| {
            let mut request: RequestBuilder = client.put(url).timeout(timeout).body(bytes.to_vec());
            if let Some(value) = header {
                request = request.header(IF_NONE_MATCH, value);
            }
            let response = request.send().map_err(Trouble::of)?;
            match response.status() {
                status @ (StatusCode::CREATED | StatusCode::OK | StatusCode::NO_CONTENT) => Ok(status),
                StatusCode::PRECONDITION_FAILED => Ok(StatusCode::PRECONDITION_FAILED),
                _ => Err(Trouble::answered(response)),
            }
        });
        let answer = answer.map_err(|error| Fault::known(self.place_error(error)))?;
        answer.map_err(|trouble| match trouble {
            Trouble::Unsent(error) | Trouble::Refused(error) => Fault::known(self.place_error(error)),
            Trouble::Lost(error) | Trouble::Late(error) | Trouble::Busy(error) => {
                Fault::unknown(self.place_error(error))
            }
        })
    }

    /// Put-if-absent for a server without it, which holds as long as nobody else writes.
    pub(super) fn put_after_look(&self, key: &Key, bytes: &[u8]) -> Result<Put, Fault> {
        if self.size(key).map_err(Fault::known)?.is_some() {
            return Ok(Put::Exists);
        }
        match self.put(key, bytes, None)? {
            StatusCode::PRECONDITION_FAILED => Ok(Put::Exists),
            _ => Ok(Put::Created),
        }
    }

    /// A 2xx that no storaged sends.
    pub(super) fn strange(&self, status: StatusCode) -> Fault {
        let message = format!("this server answers a create as no storaged does: {status}");
        Fault::unknown(self.place_error(Error::unsupported(message)))
    }
}

/// The answer to a read: `None` when there is no such object.
pub(super) fn found(response: Response) -> Result<Option<Response>, Trouble> {
    match response.status() {
        StatusCode::OK => Ok(Some(response)),
        StatusCode::NOT_FOUND => Ok(None),
        _ => Err(Trouble::answered(response)),
    }
}
