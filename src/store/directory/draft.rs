//! A file that is complete and fsynced but has no name yet, and how it gets one.
//!
//! On Linux it is an `O_TMPFILE`, which a crash takes with it. Where the file system has none (or there
//! is no /proc to link it from) it is a file in the reserved directory at the root, which no key can
//! name. Its writer holds an `flock` on it, so who finds one it can lock has found a dead process's.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{
    AtFlags, Dir, FlockOperation, Mode, OFlags, RenameFlags, flock, fstat, linkat, mkdirat, openat, renameat,
    renameat_with, unlinkat,
};
use rustix::io::{Errno, Result};

use super::{beneath, errno};
use crate::store::Key;

/// How objects get their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publish {
    /// An unnamed file is linked: nothing to clean up after a crash. Falls back where that cannot be.
    Link,
    /// A file with a temporary name is renamed, for file systems without `O_TMPFILE`.
    Rename,
}

/// A complete, durable file without its final name. Dropping it removes it.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    root: &'a File,
    file: File,
    named: Option<Named>,
}

/// A name in the reserved directory, removed with the value.
#[derive(Debug)]
struct Named {
    reserved: File,
    name: String,
    /// The file has been renamed: the name is anybody's (processes of other hosts or containers may share our id).
    gone: bool,
}

impl Drop for Named {
    fn drop(&mut self) {
        if !self.gone {
            // What a failure leaves, the next open sweeps.
            let _ = unlinkat(&self.reserved, self.name.as_str(), AtFlags::empty());
        }
    }
}

impl<'a> Draft<'a> {
    /// Writes and fsyncs an unnamed file in `directory`. `EOPNOTSUPP` where there is no such thing.
    pub(super) fn unnamed(root: &'a File, directory: &File, pieces: &[&[u8]]) -> Result<Self> {
        let file = unnamed_file(directory)?;
        fill(&file, pieces)?;
        Ok(Self { root, file, named: None })
    }

    /// Writes and fsyncs a file in the reserved directory.
    pub(super) fn named(root: &'a File, pieces: &[&[u8]]) -> Result<Self> {
        let reserved = open_reserved(root)?;
        loop {
            let name = next_name();
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = match openat(&reserved, name.as_str(), flags, Mode::from_raw_mode(0o666)) {
                Ok(file) => File::from(file),
                Err(Errno::EXIST | Errno::INTR) => continue,
                Err(errno) => return Err(errno),
            };
            let reserved = reserved.try_clone().map_err(|error| errno::errno(&error))?;
            let named = Named { reserved, name, gone: false };
            claim(&file);
            // Between the open and the lock a sweep may have taken it for a dead process's.
            if fstat(&file)?.st_nlink > 0 {
                fill(&file, pieces)?;
                return Ok(Self { root, file, named: Some(named) });
            }
        }
    }

    /// Gives the file its name in `directory`, unless something has it: `EEXIST`.
    pub(super) fn create(&mut self, directory: &File, name: &str) -> Result<()> {
        let Some(named) = &mut self.named else { return link_unnamed(&self.file, directory, name) };
        match renameat_with(&named.reserved, named.name.as_str(), directory, name, RenameFlags::NOREPLACE) {
            // Some network file systems know no flags; a hard link refuses an existing name just as well.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                linkat(&named.reserved, named.name.as_str(), directory, name, AtFlags::empty())
            }
            answer => {
                named.gone = answer.is_ok();
                answer
            }
        }
    }

    /// Gives the file its name in `directory`, in place of whatever file has it.
    pub(super) fn replace(&mut self, directory: &File, name: &str) -> Result<()> {
        if self.named.is_none() {
            // linkat cannot replace and rename needs a name.
            let reserved = open_reserved(self.root)?;
            claim(&self.file);
            self.named = loop {
                let name = next_name();
                match link_unnamed(&self.file, &reserved, &name) {
                    Ok(()) => break Some(Named { reserved, name, gone: false }),
                    Err(Errno::EXIST) => {}
                    Err(errno) => return Err(errno),
                }
            };
        }
        let named = self.named.as_mut().expect("it was given a name above");
        renameat(&named.reserved, named.name.as_str(), directory, name)?;
        named.gone = true;
        Ok(())
    }
}

/// Removes what crashed writers left in the reserved directory, and nothing that is being written.
///
/// A store that may not be written, or a file system without `flock`, keeps it: it is only garbage.
pub(super) fn sweep(root: &File) -> Result<()> {
    let reserved = File::from(beneath::open_directory(root.as_fd(), Key::RESERVED)?);
    for entry in Dir::read_from(&reserved)? {
        let entry = entry?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Ok(file) = openat(&reserved, entry.file_name(), flags, Mode::empty()) else { continue };
        if entry.file_name().to_bytes()[0] != b'.'
            && flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
        {
            unlinkat(&reserved, entry.file_name(), AtFlags::empty())?;
        }
    }
    Ok(())
}

fn fill(file: &File, pieces: &[&[u8]]) -> Result<()> {
    let mut writer = file;
    let written = pieces.iter().try_for_each(|piece| writer.write_all(piece));
    written.and_then(|()| file.sync_all()).map_err(|error| errno::errno(&error))
}

/// Marks a file as being written. Where locks do not work nobody can sweep either.
fn claim(file: &File) {
    let _ = flock(file, FlockOperation::LockExclusive);
}

/// A name no living writer of this process uses; those of others are passed over by `O_EXCL`.
fn next_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn open_reserved(root: &File) -> Result<File> {
    match mkdirat(root, Key::RESERVED, Mode::from_raw_mode(0o777)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(errno),
    }
    beneath::open_directory(root.as_fd(), Key::RESERVED).map(File::from)
}

#[cfg(target_os = "linux")]
fn unnamed_file(directory: &File) -> Result<File> {
    let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
    match openat(directory, ".", flags, Mode::from_raw_mode(0o666)) {
        // What kernels and file systems without O_TMPFILE answer, each in its way.
        Err(Errno::ISDIR | Errno::INVAL) => Err(Errno::OPNOTSUPP),
        answer => answer.map(File::from),
    }
}

#[cfg(target_os = "linux")]
fn link_unnamed(file: &File, directory: &File, name: &str) -> Result<()> {
    use std::os::fd::AsRawFd;
    let from = format!("/proc/self/fd/{}", file.as_raw_fd());
    linkat(rustix::fs::CWD, from, directory, name, AtFlags::SYMLINK_FOLLOW)
}

/// Whether an unnamed file can be linked here at all.
#[cfg(target_os = "linux")]
pub(super) fn can_link() -> bool {
    rustix::fs::access("/proc/self/fd", rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn unnamed_file(_: &File) -> Result<File> {
    Err(Errno::OPNOTSUPP)
}

#[cfg(not(target_os = "linux"))]
fn link_unnamed(_: &File, _: &File, _: &str) -> Result<()> {
    Err(Errno::OPNOTSUPP)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn can_link() -> bool {
    false
}
