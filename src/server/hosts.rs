//! The names a service answers to where it asks for no key.
//!
//! A page of any site can have its own name resolve to this machine (DNS rebinding); the browser then takes the service for
//! that site. Its requests carry that site's name, though, and nobody can make an address or `localhost` resolve to
//! something else.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::extract::Request;
use axum::http::{HeaderValue, header};

/// Who is meant by a request.
#[derive(Debug, Clone)]
pub enum Hosts {
    /// Whatever it is called by: other machines may reach it, or there is a key to show.
    Any,
    /// Addresses, `localhost`, and these.
    Own(Vec<String>),
}

impl Default for Hosts {
    fn default() -> Self {
        Self::Own(Vec::new())
    }
}

impl Hosts {
    /// Whether `request` means this service. One that names nobody does: no browser sends it.
    pub(super) fn is_meant(&self, request: &Request) -> bool {
        let Self::Own(names) = self else { return true };
        let named = request.headers().get(header::HOST).map(HeaderValue::as_bytes);
        let asked = request.uri().authority().map(|authority| authority.as_str().as_bytes());
        [named, asked].into_iter().flatten().all(|authority| is_own(authority, names))
    }
}

fn is_own(authority: &[u8], names: &[String]) -> bool {
    let Ok(authority) = std::str::from_utf8(authority) else { return false };
    if let Some(address) = authority.strip_prefix('[') {
        return address.split_once(']').is_some_and(|(address, _)| address.parse::<Ipv6Addr>().is_ok());
    }
    let host = authority.split_once(':').map_or(authority, |(host, _port)| host);
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host.is_empty()
        || host.parse::<Ipv4Addr>().is_ok()
        || host == "localhost"
        || host.ends_with(".localhost")
        || names.iter().any(|name| name.eq_ignore_ascii_case(&host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_without_keys_answers_to_names_that_nobody_else_can_have() {
        let hosts = Hosts::Own(vec!["vectors.internal".to_owned()]);
        for (host, is_meant) in [
            ("127.0.0.1:3215", true),
            ("192.0.2.7", true),
            ("[::1]:3215", true),
            ("localhost:3215", true),
            ("app.localhost", true),
            ("LocalHost.", true),
            ("vectors.internal:80", true),
            ("", true),
            ("evil.example:3215", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("[evil.example]", false),
            ("vectors.internal.evil.example", false),
        ] {
            let request = Request::get("/").header("host", host).body(axum::body::Body::empty()).unwrap();
            assert_eq!(hosts.is_meant(&request), is_meant, "{host:?}");
            assert!(Hosts::Any.is_meant(&request));
        }
        let request = Request::get("http://evil.example/").header("host", "localhost");
        assert!(
            !hosts.is_meant(&request.body(axum::body::Body::empty()).unwrap()),
            "HTTP/2 has it in the target"
        );
    }
}
