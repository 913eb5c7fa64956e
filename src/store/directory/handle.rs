//! The store itself: puts, gets, deletes, and when a handle must not be trusted any more.
//!
//! Directories stay when their last object goes. Removing them would race every creator, and would
//! make "this directory is durable" a fact that another process can undo; a few empty directories
//! name nothing, since only objects are listed. Deletes are not fsynced: an object that a crash brings
//! back is one the log has already declared superseded, and its floor was durable before the delete.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, FileType, OFlags, statat, unlinkat};
use rustix::io::Errno;

use super::draft::{self, Draft, Publish};
use super::parents::{self, Parents, Refusal, SyncDirectory};
use super::{beneath, errno, walk};
use crate::error::{Error, Result};
use crate::store::contract::{Fault, page_limit};
use crate::store::{Capabilities, Key, Page, Put, Replace, Store};

/// Objects as files of one directory tree.
pub struct Directory {
    path: PathBuf,
    url: String,
    root: File,
    parents: Parents,
    sync_directory: SyncDirectory,
    /// Set when unnamed files turn out not to work here.
    rename_only: AtomicBool,
    /// Set when a directory's fsync failed: the kernel reports that once, then forgets it.
    poisoned: AtomicBool,
}

/// What to do when the name is taken, and what was done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    Keep,
    Replace,
}

enum Done {
    Created,
    Exists,
    Replaced,
}

impl Directory {
    /// Opens the store at `path`, made if it is missing. A directory that may only be read opens too.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, Publish::Link)
    }

    /// Opens the store at `path`, publishing objects as `publish` says.
    pub fn open_with(path: impl AsRef<Path>, publish: Publish) -> Result<Self> {
        let path = parents::make_root(path.as_ref())?;
        let Some(url) = path.to_str().map(str::to_owned) else {
            return Err(Error::invalid(format!("the path is not UTF-8: {}", path.display())));
        };
        let root = File::open(&path).map_err(|e| errno::error(errno::errno(&e), "open", path.display()))?;
        // Garbage is no reason not to open.
        let _ = draft::sweep(&root);
        Ok(Self {
            path,
            url,
            root,
            parents: Parents::default(),
            sync_directory: File::sync_all,
            rename_only: AtomicBool::new(publish == Publish::Rename || !draft::can_link()),
            poisoned: AtomicBool::new(false),
        })
    }

    fn error(&self, errno: Errno, doing: &str, key: &Key) -> Error {
        errno::error(errno, doing, format_args!("{}/{key}", self.path.display()))
    }

    fn write(&self, key: &Key, bytes: &[u8], taken: Taken) -> Result<Done, Fault> {
        // Each round but the last ends because another process or an operator changed the tree meanwhile.
        for _ in 0..8 {
            if self.poisoned.load(Ordering::Acquire) {
                let message = "an earlier fsync of this store failed: open it again to write";
                return Err(Fault::known(Error::unavailable(message).within(self.path.display())));
            }
            match self.attempt(key, bytes, taken)? {
                Some(done) => return Ok(done),
                None => continue,
            }
        }
        Err(Fault::known(self.error(Errno::NOENT, "write", key)))
    }

    /// One attempt; `None` if the directory or the name vanished during it.
    fn attempt(&self, key: &Key, bytes: &[u8], taken: Taken) -> Result<Option<Done>, Fault> {
        let known = |errno| Fault::known(self.error(errno, "write", key));
        let (above, name) = key.split();
        let directory = match self.parents.open(&self.root, above, self.sync_directory) {
            Ok(directory) => File::from(directory),
            Err(Refusal::Open(Errno::NOENT)) => return Ok(None),
            Err(Refusal::Open(errno)) => return Err(known(errno)),
            Err(Refusal::Sync(error)) => {
                self.poisoned.store(true, Ordering::Release);
                return Err(Fault::known(self.error(errno::errno(&error), "fsync the directory of", key)));
            }
        };
        let done = match self.name(&directory, name, bytes, taken) {
            Ok(done) => done,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(known(errno)),
        };
        // Also when it exists: its creator may have died before this fsync, and our caller may go on
        // to acknowledge what stands on the object.
        match (self.sync_directory)(&directory) {
            Ok(()) => Ok(Some(done)),
            Err(error) => {
                self.poisoned.store(true, Ordering::Release);
                let error = self.error(errno::errno(&error), "fsync the directory of", key);
                Err(match done {
                    Done::Exists => Fault::known(error),
                    Done::Created | Done::Replaced => Fault::unknown(error),
                })
            }
        }
    }

    /// Writes the bytes and names them. `ENOENT` if the directory or the name vanished meanwhile.
    fn name(&self, directory: &File, name: &str, bytes: &[u8], taken: Taken) -> rustix::io::Result<Done> {
        // The loser of a race need not write its bytes to learn that it lost.
        if taken == Taken::Keep && object_at(directory, name)?.is_some() {
            return Ok(Done::Exists);
        }
        let mut draft = self.draft(directory, bytes)?;
        match draft.create(directory, name) {
            Ok(()) => return Ok(Done::Created),
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
        object_at(directory, name)?.ok_or(Errno::NOENT)?;
        match taken {
            Taken::Keep => Ok(Done::Exists),
            Taken::Replace => draft.replace(directory, name).map(|()| Done::Replaced),
        }
    }

    fn draft(&self, directory: &File, bytes: &[u8]) -> rustix::io::Result<Draft<'_>> {
        if !self.rename_only.load(Ordering::Relaxed) {
            match Draft::unnamed(&self.root, directory, bytes) {
                Err(Errno::OPNOTSUPP) => self.rename_only.store(true, Ordering::Relaxed),
                answer => return answer,
            }
        }
        Draft::named(&self.root, bytes)
    }

    /// The open file of an object, and its size.
    fn find(&self, key: &Key) -> rustix::io::Result<Option<(File, u64)>> {
        // NONBLOCK: a FIFO somebody put here must not hang us.
        let file = match beneath::open(self.root.as_fd(), key.as_str(), OFlags::RDONLY | OFlags::NONBLOCK) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::NXIO) => return Ok(None),
            Err(errno) => return Err(errno),
        };
        let stat = rustix::fs::fstat(&file)?;
        let regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        Ok(regular.then_some((file, stat.st_size as u64)))
    }

    fn read(&self, key: &Key) -> rustix::io::Result<Option<Vec<u8>>> {
        let Some((mut file, size)) = self.find(key)? else { return Ok(None) };
        let mut bytes = Vec::new();
        usize::try_from(size).ok().and_then(|size| bytes.try_reserve_exact(size).ok()).ok_or(Errno::NOMEM)?;
        file.read_to_end(&mut bytes).map_err(|error| errno::errno(&error))?;
        Ok(Some(bytes))
    }

    /// The directory of `key`, `None` if there is none.
    fn directory_of(&self, key: &Key) -> rustix::io::Result<Option<File>> {
        match beneath::open_directory(self.root.as_fd(), key.split().0) {
            Ok(directory) => Ok(Some(File::from(directory))),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    fn stat(&self, key: &Key) -> rustix::io::Result<Option<u64>> {
        let Some(directory) = self.directory_of(key)? else { return Ok(None) };
        match object_at(&directory, key.split().1) {
            // The prefix of other objects.
            Err(Errno::ISDIR) => Ok(None),
            answer => answer,
        }
    }

    fn unlink(&self, key: &Key) -> rustix::io::Result<()> {
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

/// The size of the object called `name`; what stands there and is none is an error: a directory
/// `EISDIR`, a link `ELOOP`, a socket or the like `EINVAL`.
fn object_at(directory: &File, name: &str) -> rustix::io::Result<Option<u64>> {
    let stat = match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(errno),
    };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(Some(stat.st_size as u64)),
        FileType::Directory => Err(Errno::ISDIR),
        FileType::Symlink => Err(Errno::LOOP),
        FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => Err(Errno::INVAL),
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Store for Directory {
    fn put_if_absent(&self, key: &Key, bytes: &[u8]) -> Put {
        match self.write(key, bytes, Taken::Keep) {
            Ok(Done::Created | Done::Replaced) => Put::Created,
            Ok(Done::Exists) => Put::Exists,
            Err(fault) => fault.into(),
        }
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        self.read(key).map_err(|errno| self.error(errno, "read", key))
    }

    fn size(&self, key: &Key) -> Result<Option<u64>> {
        self.stat(key).map_err(|errno| self.error(errno, "read", key))
    }

    fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Page> {
        walk::page(self.root.as_fd(), prefix, start_after, page_limit(limit)?)
            .map_err(|errno| errno::error(errno, "list", self.path.display()))
    }

    fn delete(&self, key: &Key) -> Result<()> {
        self.unlink(key).map_err(|errno| self.error(errno, "delete", key))
    }

    fn replace(&self, key: &Key, bytes: &[u8]) -> Replace {
        match self.write(key, bytes, Taken::Replace) {
            Ok(Done::Created) => Replace::Created,
            Ok(Done::Replaced | Done::Exists) => Replace::Replaced,
            Err(fault) => fault.into(),
        }
    }

    fn url(&self) -> String {
        self.url.clone()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { put_if_absent: true, durable: true, max_object_bytes: i64::MAX as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorKind, Outcome};
    use crate::store::Written;

    #[test]
    fn a_failed_directory_fsync_is_unknown_and_ends_writing_through_this_handle() {
        let root = tempfile::tempdir().unwrap();
        let (first, second) = (Key::parse("log/1").unwrap(), Key::parse("log/2").unwrap());
        let mut store = Directory::open(root.path()).unwrap();
        assert!(matches!(store.put_if_absent(&first, b"one"), Put::Created));
        store.sync_directory = |_| Err(Errno::IO.into());
        let Put::Failed { error, written } = store.put_if_absent(&second, b"two") else {
            panic!("it was acknowledged")
        };
        assert_eq!(written, Written::Unknown);
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unavailable, Outcome::Unknown));

        store.sync_directory = File::sync_all;
        let Put::Failed { error, written } = store.put_if_absent(&second, b"two") else {
            panic!("it was trusted")
        };
        assert_eq!((error.kind(), written), (ErrorKind::Unavailable, Written::No));
        assert!(error.to_string().contains("open it again"), "{error}");
        assert_eq!(store.get(&first).unwrap().unwrap(), b"one");
        let reopened = Directory::open(root.path()).unwrap();
        assert!(matches!(reopened.put_if_absent(&second, b"two"), Put::Exists));
    }

    #[test]
    fn an_object_that_exists_is_made_durable_before_it_is_reported() {
        let root = tempfile::tempdir().unwrap();
        let key = Key::parse("log/1").unwrap();
        let mut store = Directory::open(root.path()).unwrap();
        assert!(matches!(store.put_if_absent(&key, b"one"), Put::Created));
        store.sync_directory = |_| Err(Errno::IO.into());
        assert!(matches!(store.put_if_absent(&key, b"one"), Put::Failed { written: Written::No, .. }));
    }

    #[test]
    fn a_new_directory_that_cannot_be_made_durable_takes_no_object() {
        let root = tempfile::tempdir().unwrap();
        let key = Key::parse("log/1").unwrap();
        let mut store = Directory::open(root.path()).unwrap();
        store.sync_directory = |_| Err(Errno::IO.into());
        assert!(matches!(store.put_if_absent(&key, b"one"), Put::Failed { written: Written::No, .. }));
        assert_eq!(store.get(&key).unwrap(), None);
    }
}
