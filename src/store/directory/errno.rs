//! From what the kernel answers to what a caller can do about it.
//!
//! Which failures leave nothing behind is for the caller to say.

use std::fmt::Display;
use std::io;

use rustix::io::Errno;

use crate::error::{Error, ErrorKind};

/// The error for `errno`, met while doing something to `place`: "cannot write /data/a: No space left on device".
pub(super) fn error(errno: Errno, doing: &str, place: impl Display) -> Error {
    let cause = io::Error::from(errno);
    Error::new(kind(errno), format!("cannot {doing} {place}: {}", hint(errno).unwrap_or(&cause.to_string())))
        .caused_by(cause)
}

/// The number behind an error of the standard library; those without one (a short write) count as `EIO`.
pub(super) fn errno(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

fn kind(errno: Errno) -> ErrorKind {
    match errno {
        Errno::NOSPC
        | Errno::DQUOT
        | Errno::FBIG
        | Errno::MFILE
        | Errno::NFILE
        | Errno::NOMEM
        | Errno::MLINK => ErrorKind::ResourceExhausted,
        Errno::ACCESS | Errno::PERM | Errno::ROFS => ErrorKind::PermissionDenied,
        Errno::NOTDIR | Errno::ISDIR | Errno::NOTEMPTY => ErrorKind::Conflict,
        Errno::LOOP | Errno::XDEV | Errno::OPNOTSUPP | Errno::NOSYS => ErrorKind::Unsupported,
        Errno::NAMETOOLONG | Errno::ILSEQ | Errno::INVAL => ErrorKind::InvalidArgument,
        // EIO, ESTALE, ENOENT of a store whose root was removed, and whatever a driver may invent.
        Errno { .. } => ErrorKind::Unavailable,
    }
}

fn hint(errno: Errno) -> Option<&'static str> {
    match errno {
        Errno::LOOP => Some("it is a symbolic link, or below one, and a directory store follows none"),
        Errno::NOTDIR => Some("an object stands where it needs a directory"),
        Errno::ISDIR => Some("it is the prefix of other objects"),
        Errno { .. } => None,
    }
}
