//! Where to listen, and the refusal to do it where other machines can reach.
//!
//! Nothing is accepted here: that is the server's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};

use crate::error::{Error, Result};

/// Listens on `bind`: `host:port`, or `:port` for every interface as in Go.
///
/// `PermissionDenied` for what other machines can reach, unless `trusted`: keys are asked for, or it was said to be safe.
pub(super) fn listen(bind: &str, trusted: bool) -> Result<TcpListener> {
    let addresses = check(bind, trusted)?;
    TcpListener::bind(&addresses[..])
        .map_err(|error| Error::unavailable(format!("cannot listen on {bind}: {error}")).caused_by(error))
}

/// The addresses that [`listen`] would listen on.
pub(super) fn check(bind: &str, trusted: bool) -> Result<Vec<SocketAddr>> {
    let addresses = addresses(bind)?;
    if !trusted && addresses.iter().any(|address| !is_loopback(address.ip())) {
        let port = addresses[0].port();
        return Err(Error::permission_denied(format!(
            "refusing to listen on {bind}: other machines could reach it, and whoever reaches this service may read \
             and delete everything, since it asks for no key; give it keys (`vectord key new` makes one), write \
             127.0.0.1:{port}, or give --insecure to listen there all the same"
        )));
    }
    Ok(addresses)
}

fn addresses(bind: &str) -> Result<Vec<SocketAddr>> {
    if let Some(port) = bind.strip_prefix(':').and_then(|port| port.parse().ok()) {
        return Ok(vec![(Ipv6Addr::UNSPECIFIED, port).into(), (Ipv4Addr::UNSPECIFIED, port).into()]);
    }
    let invalid = |why: String| {
        Error::invalid(format!("cannot listen on {bind:?}: {why}; write host:port, as 127.0.0.1:3215"))
    };
    let found: Vec<_> = bind.to_socket_addrs().map_err(|error| invalid(error.to_string()))?.collect();
    if found.is_empty() { Err(invalid("the name has no address".to_owned())) } else { Ok(found) }
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn loopback_needs_no_leave_and_anything_else_does() {
        for bind in ["127.0.0.1:0", "127.8.8.8:0", "[::ffff:127.0.0.1]:0", "localhost:0"] {
            assert!(
                !matches!(listen(bind, false), Err(error) if error.kind() == ErrorKind::PermissionDenied),
                "{bind}"
            );
        }
        for bind in ["0.0.0.0:3215", ":3215", "[::]:3215", "192.0.2.1:3215"] {
            let error = listen(bind, false).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{bind}");
            for says in [bind, "127.0.0.1:3215", "vectord key new", "--insecure"] {
                assert!(error.to_string().contains(says), "{error}");
            }
        }
        assert!(listen(":0", true).is_ok() && listen("0.0.0.0:0", true).is_ok());
    }

    #[test]
    fn what_is_no_address_is_told_what_is() {
        for bind in ["", "3215", "127.0.0.1", "127.0.0.1:x", ":99999"] {
            let error = listen(bind, true).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{bind}");
            assert!(error.to_string().contains("host:port"), "{error}");
        }
    }
}
