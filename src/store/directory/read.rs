//! Gets, sizes and deletes.
//!
//! Deletes are not fsynced: an object that a crash brings back is one the log has already declared
//! superseded, and its floor was durable before the delete.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, OFlags, Stat, fstat, statat, unlinkat};
use rustix::io::{Errno, Result};

use super::handle::Directory;
use super::held::Stands;
use super::{beneath, errno};
use crate::store::Key;

/// How to open what is only looked at.
#[cfg(target_os = "linux")]
const STAT_ONLY: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const STAT_ONLY: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK);

impl Directory {
    /// The open file of an object, and its size.
    pub(super) fn find(&self, key: &Key) -> Result<Option<(File, u64)>> {
        // NONBLOCK: a FIFO somebody put here must not hang us.
        let file = match beneath::open(self.root.as_fd(), key.as_str(), OFlags::RDONLY | OFlags::NONBLOCK) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::NXIO) => return Ok(None),
            Err(errno) => return Err(errno),
        };
        let stat = fstat(&file)?;
        let regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        Ok(regular.then_some((file, stat.st_size as u64)))
    }

    pub(super) fn read(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        let Some((mut file, size)) = self.find(key)? else { return Ok(None) };
        let mut bytes = Vec::new();
        usize::try_from(size).ok().and_then(|size| bytes.try_reserve_exact(size).ok()).ok_or(Errno::NOMEM)?;
        file.read_to_end(&mut bytes).map_err(|error| errno::errno(&error))?;
        Ok(Some(bytes))
    }

    /// The directory of `key`, `None` if there is none.
    fn directory_of(&self, key: &Key) -> Result<Option<File>> {
        match beneath::open_directory(self.root.as_fd(), key.split().0) {
            Ok(directory) => Ok(Some(File::from(directory))),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// The directory at `path`, held open.
    fn held(&self, path: &str) -> Result<Arc<OwnedFd>> {
        match (self.held.find(path), path.rsplit_once('/')) {
            (Stands::Open(directory), _) => return Ok(directory),
            // One question to the directory above, which is held, is cheaper than opening in vain.
            (Stands::Missing, Some((above, name))) => {
                statat(self.held(above)?, name, AtFlags::SYMLINK_NOFOLLOW)?;
            }
            (Stands::Missing | Stands::Unknown, _) => {}
        }
        self.held.open(path, || match path {
            "" => beneath::open_directory(self.root.as_fd(), path),
            path => beneath::open(self.root.as_fd(), path, STAT_ONLY | OFlags::DIRECTORY),
        })
    }

    pub(super) fn stat(&self, key: &Key) -> Result<Option<u64>> {
        let (parent, name) = key.split();
        let stat = match self.held(parent) {
            Ok(directory) => statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW),
            // A search that asks whether anything is new must not fail for want of descriptors.
            Err(Errno::MFILE | Errno::NFILE) => beneath::stat(self.root.as_fd(), key.as_str()),
            Err(errno) => Err(errno),
        };
        let stat = match stat {
            Ok(stat) => stat,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::NXIO) => return Ok(None),
            Err(errno) => return Err(errno),
        };
        match object_size(&stat) {
            Ok(size) => Ok(Some(size)),
            // The prefix of other objects, or nothing of ours.
            Err(Errno::ISDIR | Errno::INVAL) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    pub(super) fn unlink(&self, key: &Key) -> Result<()> {
        let Some(directory) = self.directory_of(key)? else { return Ok(()) };
        match object_at(&directory, key.split().1) {
            Ok(Some(_)) => {}
            Ok(None) | Err(Errno::ISDIR) => return Ok(()),
            Err(errno) => return Err(errno),
        }
        match unlinkat(&directory, key.split().1, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno),
        }
    }
}

/// The size of the object called `name`, if there is one; what is none is an error, as in [`object_size`].
pub(super) fn object_at(directory: &File, name: &str) -> Result<Option<u64>> {
    let stat = match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(errno),
    };
    object_size(&stat).map(Some)
}

/// The size of an object; what is none is an error: a directory `EISDIR`, a link `ELOOP`, a socket or the like `EINVAL`.
fn object_size(stat: &Stat) -> Result<u64> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(stat.st_size as u64),
        FileType::Directory => Err(Errno::ISDIR),
        FileType::Symlink => Err(Errno::LOOP),
        FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => Err(Errno::INVAL),
    }
}
