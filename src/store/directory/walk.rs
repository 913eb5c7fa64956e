//! Listing: the tree in the order of keys, entering only directories that can hold what is asked for.
//!
//! Names that are no keys of ours are passed over.

use std::os::fd::BorrowedFd;

use rustix::fs::{AtFlags, Dir, FileType, statat};
use rustix::io::{Errno, Result};

use super::beneath;
use crate::store::{Key, Object, Page};

/// What is looked for, and what was found so far.
struct Walk<'a> {
    root: BorrowedFd<'a>,
    prefix: &'a str,
    after: Option<&'a str>,
    wanted: usize,
    found: Vec<Object>,
}

/// A page of the regular files below `root` whose paths are keys; links and foreign names are passed over.
pub(super) fn page(root: BorrowedFd<'_>, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page> {
    // One more than asked for tells whether there is another page.
    let mut walk = Walk { root, prefix, after, wanted: limit.saturating_add(1), found: Vec::new() };
    match prefix.rsplit_once('/') {
        None => walk.enter("")?,
        Some((above, _)) if Key::parse(above).is_ok() => walk.enter(above)?,
        // No key begins like that.
        Some(_) => {}
    }
    let mut objects = walk.found;
    let more = objects.len() > limit;
    objects.truncate(limit);
    let next = objects.last().filter(|_| more).map(|object| object.key.as_str().to_owned());
    Ok(Page { objects, next })
}

impl Walk<'_> {
    /// Adds what is below directory `path`. Each directory is read to its end and closed before the next.
    fn enter(&mut self, path: &str) -> Result<()> {
        let directory = match beneath::open_directory(self.root, path) {
            Ok(directory) => directory,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(()),
            Err(errno) => return Err(errno),
        };
        let above = if path.is_empty() { String::new() } else { format!("{path}/") };
        let mut entries = Vec::new();
        for entry in Dir::read_from(&directory)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            if name == "." || name == ".." {
                continue;
            }
            let full = format!("{above}{name}");
            let kind = match entry.file_type() {
                // Not every file system tells.
                FileType::Unknown => match statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => FileType::from_raw_mode(stat.st_mode),
                    Err(Errno::NOENT) => continue,
                    Err(errno) => return Err(errno),
                },
                known => known,
            };
            // With its slash a directory sorts where its objects do: `a-b` < `a/b` < `a0`.
            let full = match kind {
                FileType::Directory => full + "/",
                FileType::RegularFile => full,
                FileType::Symlink
                | FileType::Fifo
                | FileType::Socket
                | FileType::CharacterDevice
                | FileType::BlockDevice
                | FileType::Unknown => continue,
            };
            if self.may_hold(&full) {
                entries.push(full);
            }
        }
        entries.sort_unstable();
        for full in entries {
            if self.found.len() >= self.wanted {
                break;
            }
            let Ok(key) = Key::parse(full.trim_end_matches('/')) else { continue };
            if full.ends_with('/') {
                self.enter(key.as_str())?;
                continue;
            }
            match statat(&directory, key.split().1, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => self.found.push(Object { key, size: stat.st_size as u64 }),
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    /// Whether `full` is an object asked for, or (with a slash at its end) a directory that may hold one.
    fn may_hold(&self, full: &str) -> bool {
        let within = full.starts_with(self.prefix) || (full.ends_with('/') && self.prefix.starts_with(full));
        let later =
            self.after.is_none_or(|after| full > after || (full.ends_with('/') && after.starts_with(full)));
        within && later
    }
}
