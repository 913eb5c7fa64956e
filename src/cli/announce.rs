//! The first lines on standard output: programs read the address from the first, people the rest.
//!
//! Log lines never go there.

use std::fmt::Write as _;
use std::io::{Write, stdout};
use std::net::TcpListener;

use crate::error::{Error, Result};
use crate::server::{Hosts, Protection};

/// Prints `<what> on <url>`, a command to try, and what stands between the service and its callers.
pub(super) fn announce(
    what: &str,
    listener: &TcpListener,
    path: &str,
    protection: &Protection,
) -> Result<()> {
    let address = listener
        .local_addr()
        .map_err(|error| Error::internal(format!("the listener has no address: {error}")).caused_by(error))?;
    let scheme = if protection.tls.is_some() { "https" } else { "http" };
    let header = if protection.keys.is_empty() { "" } else { "-H \"Authorization: Bearer $KEY\" " };
    let mut text = format!("{what} on {scheme}://{address}\ncurl {header}{scheme}://{address}{path}\n");
    for (name, value) in described(protection) {
        writeln!(text, "{name}: {value}").expect("memory can be written");
    }
    let mut out = stdout().lock();
    // Nobody has to be reading.
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    Ok(())
}

/// What stands between a service and its callers, in words.
pub(super) fn described(protection: &Protection) -> [(&'static str, String); 3] {
    let Protection { keys, hosts, tls, limits } = protection;
    let counted = keys.by_role().map(|(role, count)| format!("{count} {}", role.name())).join(", ");
    let keys = if keys.is_empty() {
        format!("none: whoever reaches it{} may do everything", by(hosts))
    } else {
        counted
    };
    let tls = tls.as_ref().map_or("none".to_owned(), |tls| tls.certificate().display().to_string());
    let quota = limits.quota.map_or("no quota".to_owned(), |bytes| format!("a store of {bytes} bytes"));
    let limits = format!(
        "{} connections, {} bytes of bodies and {} of answers, {} reads and {} writes at once, {quota}",
        limits.connections, limits.body_bytes, limits.answer_bytes, limits.reads, limits.writes
    );
    [("keys", keys), ("tls", tls), ("limits", limits)]
}

/// By which names a service without keys is reached.
fn by(hosts: &Hosts) -> String {
    match hosts {
        Hosts::Any => String::new(),
        Hosts::Own(names) => format!(
            " by an address or as {}",
            ["localhost"]
                .into_iter()
                .chain(names.iter().map(String::as_str))
                .collect::<Vec<_>>()
                .join(" or ")
        ),
    }
}
