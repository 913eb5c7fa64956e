//! The way to one service: its address and key, and calls sent until they are answered.
//!
//! A call is sent again where that is safe: it never left, or the service had no room and did nothing, or its
//! effect is the same however often it arrives.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;
use reqwest::blocking::Client;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;

use super::answer::{Answer, Trouble, read};
use super::call::{Call, Effect};
use super::pace::Pace;
use super::pool::Pool;
use super::settings::Settings;
use crate::error::{Error, Result};
use crate::http_client;

/// What a slow but working network still carries, in bytes per second.
const SLOWEST: u64 = 1 << 20;

/// A service: where it is, and the connections to it.
pub(super) struct Link {
    base: Url,
    authorization: Option<HeaderValue>,
    timeout: Duration,
    pool: Pool,
}

impl Link {
    pub(super) fn new(url: &str, settings: &Settings) -> Result<Self> {
        let base = address(url)?;
        let Settings { api_key, timeout } = settings;
        let authorization = api_key.as_deref().map(bearer).transpose()?;
        let pool = Pool::new(base.scheme() == "https")?;
        Ok(Self { base, authorization, timeout: *timeout, pool })
    }

    /// What reaches the same service again.
    pub(super) fn place(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The address of a path of the service.
    pub(super) fn url<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.base.clone();
        let mut path = url.path_segments_mut().expect("an http URL has a path");
        path.pop_if_empty().extend(["v1", "vectors"]).extend(segments);
        drop(path);
        url
    }

    /// The answer to `call`.
    pub(super) fn send(&self, call: &Call) -> Result<Answer> {
        let mut pace = Pace::start(self.timeout);
        let again = call.effect != Effect::Writes;
        // Whether one of the attempts may have been carried out.
        let mut maybe = false;
        loop {
            let trouble = match self.pool.with(|client| self.once(client, call))? {
                Ok((headers, body)) => return Ok(Answer { headers, body, first: !maybe }),
                Err(trouble) => trouble,
            };
            maybe |= match &trouble {
                Trouble::Lost(_) | Trouble::Late(_) | Trouble::Unsure(..) => call.effect != Effect::Reads,
                Trouble::Unsent(_) | Trouble::Busy(..) | Trouble::Refused(_) => false,
            };
            let pause = match &trouble {
                Trouble::Unsent(_) => Some(None),
                Trouble::Busy(_, after) => Some(*after),
                Trouble::Lost(_) if again => Some(None),
                Trouble::Unsure(_, after) if again => Some(*after),
                Trouble::Lost(_) | Trouble::Unsure(..) | Trouble::Late(_) | Trouble::Refused(_) => None,
            };
            if !pause.is_some_and(|after| pace.again(after)) {
                let error = self.ended(trouble);
                return Err(if maybe { error.outcome_unknown() } else { error });
            }
        }
    }

    /// The answer to `call`, read as JSON.
    pub(super) fn ask<T: DeserializeOwned>(&self, call: &Call) -> Result<T> {
        let answer = self.send(call)?;
        self.parse(&answer)
    }

    pub(super) fn parse<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T> {
        serde_json::from_slice(&answer.body).map_err(|error| self.strange(&error.to_string()))
    }

    /// An answer that no vectord of a version we know gives.
    pub(super) fn strange(&self, why: &str) -> Error {
        Error::unsupported(format!("{}: the answer cannot be read: {why}", self.place()))
    }

    fn once(&self, client: &Client, call: &Call) -> Result<(HeaderMap, Bytes), Trouble> {
        let size = call.body.as_ref().map_or(0, |(_, bytes)| bytes.len() as u64);
        let timeout = self.timeout + Duration::from_secs(size / SLOWEST);
        let mut request = client.request(call.method.clone(), call.url.clone()).timeout(timeout);
        request = request.header(ACCEPT, call.accept);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(key) = &call.idempotency_key {
            request = request.header("idempotency-key", key.as_bytes());
        }
        if let Some((kind, bytes)) = &call.body {
            request = request.header(CONTENT_TYPE, *kind).body(bytes.clone());
        }
        read(request.send().map_err(Trouble::of)?)
    }

    fn ended(&self, trouble: Trouble) -> Error {
        let told = matches!(trouble, Trouble::Busy(..) | Trouble::Unsure(..) | Trouble::Refused(_));
        let error = trouble.into_error();
        if told { error } else { error.within(self.place()) }
    }
}

fn bearer(key: &str) -> Result<HeaderValue> {
    http_client::bearer(key).map_err(|_| Error::invalid("api_key is no key: it holds control characters"))
}

fn address(url: &str) -> Result<Url> {
    let wrong = || Error::invalid("the address of a service is http://host:port or https://host");
    let mut base = Url::parse(url).map_err(|error| wrong().caused_by(error))?;
    if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
        return Err(wrong());
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err(Error::invalid("the address of a service holds no name and no password: give api_key"));
    }
    if base.query().is_some() || base.fragment().is_some() {
        return Err(Error::invalid("the address of a service has no query and no fragment"));
    }
    let path = base.path().trim_end_matches('/').to_owned();
    base.set_path(&path);
    Ok(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_http_services() {
        for (given, kept) in [
            ("http://127.0.0.1:3215", "http://127.0.0.1:3215"),
            ("http://127.0.0.1:3215/", "http://127.0.0.1:3215"),
            ("https://search.example/behind/", "https://search.example/behind"),
        ] {
            let link = Link::new(given, &Settings::default()).unwrap();
            assert_eq!(link.place(), kept);
            assert_eq!(link.url(["index", "docs"]).as_str(), format!("{kept}/v1/vectors/index/docs"));
        }
        for given in
            ["./vectors", "memory:", "ftp://a", "http://", "http://a:b@c", "http://a/?b", "http://a/#b"]
        {
            assert!(Link::new(given, &Settings::default()).is_err(), "{given}");
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        let settings = Settings { api_key: Some("secret".into()), ..Settings::default() };
        assert!(!format!("{settings:?}").contains("secret"));
        assert!(!format!("{:?}", bearer("secret").unwrap()).contains("secret"));
        assert!(bearer("a\nb").is_err());
    }
}
