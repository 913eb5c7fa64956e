//! The store itself, and when a handle must not be trusted any more. How it reads and writes stands in
//! `read.rs` and `write.rs`.

use std::fmt;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use rustix::io::Errno;

use super::draft::{self, Publish};
use super::held::Held;
use super::parents::{self, Parents, SyncDirectory};
use super::write::{Done, Taken};
use super::{errno, walk};
use crate::error::{Error, Result};
#[cfg(target_os = "linux")]
use crate::store::Mapped;
use crate::store::contract::page_limit;
use crate::store::{Capabilities, Key, Page, Put, Replace, Store, Watch};

/// Objects as files of one directory tree.
pub struct Directory {
    path: PathBuf,
    pub(super) url: String,
    pub(super) root: File,
    pub(super) parents: Parents,
    pub(super) held: Held,
    pub(super) fsync: SyncDirectory,
    /// Set when unnamed files turn out not to work here.
    pub(super) rename_only: AtomicBool,
    /// The first failed fsync of a directory: the kernel reports that once, then forgets it.
    pub(super) poisoned: OnceLock<Error>,
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
            held: Held::default(),
            fsync: File::sync_all,
            rename_only: AtomicBool::new(publish == Publish::Rename || !draft::can_link()),
            poisoned: OnceLock::new(),
        })
    }

    /// The error for what could not be done to `key`.
    pub(super) fn error(&self, errno: Errno, doing: &str, key: &Key) -> Error {
        errno::error(errno, doing, format_args!("{}/{key}", self.path.display()))
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Store for Directory {
    fn put_if_absent(&self, key: &Key, bytes: &[u8]) -> Put {
        self.put_pieces_if_absent(key, &[bytes])
    }

    fn put_pieces_if_absent(&self, key: &Key, pieces: &[&[u8]]) -> Put {
        match self.write(key, pieces, Taken::Keep) {
            Ok(Done::Created | Done::Replaced) => Put::Created,
            Ok(Done::Exists) => Put::Exists,
            Err(fault) => fault.into(),
        }
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        self.read(key).map_err(|errno| self.error(errno, "read", key))
    }

    #[cfg(target_os = "linux")]
    fn map(&self, key: &Key) -> Result<Option<Mapped>> {
        let found = self.find(key).map_err(|errno| self.error(errno, "read", key))?;
        Ok(found.and_then(|(file, size)| crate::store::map::map(&file, size)))
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
        match self.write(key, &[bytes], Taken::Replace) {
            Ok(Done::Created) => Replace::Created,
            Ok(Done::Replaced | Done::Exists) => Replace::Replaced,
            Err(fault) => fault.into(),
        }
    }

    #[cfg(target_os = "linux")]
    fn watch(&self) -> Result<Option<Box<dyn Watch>>> {
        match super::inotify::Inotify::new(&self.root, &self.url) {
            Ok(watch) => Ok(Some(Box::new(watch))),
            Err(errno) => Err(errno::error(errno, "watch", self.path.display())),
        }
    }

    fn refuses_writes(&self) -> Option<Error> {
        self.poisoned.get().map(|failed| {
            let message = format!(
                "an fsync failed, and nothing more is written until the store is opened again ({failed}): see to \
                 the disk, then end this process or close its registries"
            );
            Error::unavailable(message).within(self.url.as_str()).caused_by(failed.clone())
        })
    }

    fn url(&self) -> String {
        self.url.clone()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            put_if_absent: true,
            durable: true,
            cheap_stat: true,
            max_object_bytes: i64::MAX as u64,
        }
    }
}
