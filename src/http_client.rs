//! The blocking HTTP client, as whoever of this crate calls others over HTTP sets it up: storaged's store, and a service's
//! remote face.
//!
//! Which thread it lives on, what becomes of it in a forked child, and what is sent again is theirs to decide.

use std::time::Duration;

use reqwest::blocking::{Client, ClientBuilder};
use reqwest::header::{HeaderValue, InvalidHeaderValue};

use crate::error::{Error, Result};

/// Time to connect.
const CONNECT: Duration = Duration::from_secs(5);

/// What a client is built from, time-outs and pools still to be chosen. `tls`: whether it will be asked for https.
pub fn builder(tls: bool) -> ClientBuilder {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Losing a race for the default is fine: then there is one.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let builder = Client::builder()
        .user_agent(concat!("vectord/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        // A redirected POST becomes a GET, a PUT may lose its body or its precondition, and the key would go elsewhere.
        .redirect(reqwest::redirect::Policy::none());
    // Without this a machine without root certificates could not even use http.
    if tls { builder } else { builder.tls_certs_only([]) }
}

/// Builds it.
pub fn build(builder: ClientBuilder) -> Result<Client> {
    builder.build().map_err(|error| Error::unavailable("cannot set up the HTTP client").caused_by(error))
}

/// The key as a header that no log shows; an error if it has characters that a header cannot have.
pub fn bearer(key: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {key}"))?;
    value.set_sensitive(true);
    Ok(value)
}
