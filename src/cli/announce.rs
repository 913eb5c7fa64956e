//! The first lines on standard output: programs read the address from them, people the rest.
//!
//! Log lines never go there.

use std::io::{Write, stdout};
use std::net::TcpListener;

use crate::error::{Error, Result};

/// Prints `<what> on http://<address>` and a command to try.
pub(super) fn announce(what: &str, listener: &TcpListener, path: &str) -> Result<()> {
    let address = listener
        .local_addr()
        .map_err(|error| Error::internal(format!("the listener has no address: {error}")).caused_by(error))?;
    let mut out = stdout().lock();
    // Nobody has to be reading.
    let said = writeln!(out, "{what} on http://{address}\ncurl http://{address}{path}");
    drop(said.and_then(|()| out.flush()));
    Ok(())
}
