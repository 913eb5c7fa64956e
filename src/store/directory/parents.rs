//! The directories above an object: made when needed, and durable before anything in them is acknowledged.
//!
//! A directory is durable when its parent was synced after it appeared.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use parking_lot::Mutex;
use rustix::fs::{Mode, mkdirat};
use rustix::io::Errno;

use super::{beneath, errno};
use crate::error::{Error, Result};

/// How a directory is fsynced; tests pass one that fails.
pub(super) type SyncDirectory = fn(&File) -> io::Result<()>;

/// Which directories below the root are known to survive a crash.
///
/// Another process may have made a directory and not have fsynced it yet, so finding one is not enough:
/// each handle fsyncs each directory's parent once, then remembers it. That memory stays true because
/// no vectord ever removes a directory.
#[derive(Debug, Default)]
pub(super) struct Parents {
    durable: Mutex<HashSet<String>>,
}

/// Why a directory cannot be had.
pub(super) enum Refusal {
    /// Making or opening it failed: nothing happened.
    Open(Errno),
    /// Its fsync failed: the handle must not be trusted with another write.
    Sync(io::Error),
}

impl Parents {
    /// Opens directory `path` below `root`, made and durable up to the root.
    pub(super) fn open(&self, root: &File, path: &str, sync: SyncDirectory) -> Result<OwnedFd, Refusal> {
        if path.is_empty() {
            return beneath::open_directory(root.as_fd(), path).map_err(Refusal::Open);
        }
        if self.durable.lock().contains(path) {
            match beneath::open_directory(root.as_fd(), path) {
                // An operator removed it: what was known of it and of what is below is void.
                Err(Errno::NOENT) => self.durable.lock().clear(),
                answer => return answer.map_err(Refusal::Open),
            }
        }
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parent = File::from(self.open(root, above, sync)?);
        match mkdirat(&parent, name, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(Refusal::Open(errno)),
        }
        let made = beneath::open_directory(parent.as_fd(), name).map_err(Refusal::Open)?;
        sync(&parent).map_err(Refusal::Sync)?;
        self.durable.lock().insert(path.to_owned());
        Ok(made)
    }
}

/// Makes the root if it is missing and fsyncs it and all directories above it.
pub(super) fn make_root(path: &Path) -> Result<std::path::PathBuf> {
    let failed =
        |error: io::Error, doing: &str, at: &Path| errno::error(errno::errno(&error), doing, at.display());
    if path.exists() && !path.is_dir() {
        return Err(Error::invalid(format!("{} is not a directory", path.display())));
    }
    std::fs::create_dir_all(path).map_err(|error| failed(error, "create", path))?;
    let root = path.canonicalize().map_err(|error| failed(error, "open", path))?;
    for directory in root.ancestors() {
        let (doing, done) = match File::open(directory) {
            Ok(opened) => ("fsync", opened.sync_all()),
            Err(error) => ("open", Err(error)),
        };
        match done {
            Ok(()) => {}
            // Whose directories we may not open, or cannot be fsynced, we did not make.
            Err(error)
                if matches!(
                    errno::errno(&error),
                    Errno::ACCESS | Errno::PERM | Errno::ROFS | Errno::INVAL | Errno::OPNOTSUPP
                ) => {}
            Err(error) => return Err(failed(error, doing, directory)),
        }
    }
    Ok(root)
}
