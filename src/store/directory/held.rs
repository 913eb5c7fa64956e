//! Directories held open, so that asking for an object of one is a single call with a single name.
//!
//! A reader at the end of a log asks before every search whether the next entry is there, and walking the path
//! again each time costs more than the answer. A directory is opened again when it was held for [`HELD`]: one
//! that an operator puts in its place is met by then. That one is missing is held as well: then the directory
//! above it is to be asked whether it still is.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use rustix::io::{Errno, Result};

/// How long.
const HELD: Duration = Duration::from_millis(100);

/// More are not held: each takes a descriptor.
const MOST: usize = 32;

/// The directories.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Few enough to be looked through.
    known: ArcSwap<Vec<Known>>,
}

#[derive(Debug, Clone)]
struct Known {
    path: String,
    stands: Stands,
    opened: Instant,
}

/// What is known of a directory.
#[derive(Debug, Clone)]
pub(super) enum Stands {
    /// Nothing, or nothing new enough.
    Unknown,
    /// There was none a moment ago.
    Missing,
    /// It is held.
    Open(Arc<OwnedFd>),
}

impl Known {
    fn is_held(&self, now: Instant) -> bool {
        now.duration_since(self.opened) < HELD
    }
}

impl Held {
    /// What is known of the directory at `path`.
    pub(super) fn find(&self, path: &str) -> Stands {
        let known = self.known.load();
        let known = known.iter().find(|known| known.path == path);
        known
            .filter(|known| known.is_held(Instant::now()))
            .map_or(Stands::Unknown, |known| known.stands.clone())
    }

    /// Opens the directory at `path` as `open` does, and holds it, or that there is none.
    pub(super) fn open(&self, path: &str, open: impl FnOnce() -> Result<OwnedFd>) -> Result<Arc<OwnedFd>> {
        let now = Instant::now();
        let opened = open().map(Arc::new);
        let stands = match &opened {
            Ok(directory) => Stands::Open(Arc::clone(directory)),
            Err(Errno::NOENT) => Stands::Missing,
            Err(_) => return opened,
        };
        let is_kept = |known: &&Known| known.is_held(now) && known.path != path;
        let mut known: Vec<_> = self.known.load().iter().filter(is_kept).cloned().collect();
        if known.len() < MOST {
            known.push(Known { path: path.to_owned(), stands, opened: now });
            // Of two that are opened at once one is held; the other is opened again.
            self.known.store(Arc::new(known));
        }
        opened
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{File, create_dir};

    use super::*;

    fn is_open(held: &Held, path: &str) -> bool {
        matches!(held.find(path), Stands::Open(_))
    }

    #[test]
    fn a_directory_is_held_and_few_are() {
        let tree = tempfile::tempdir().unwrap();
        let held = Held::default();
        for name in 0..100 {
            let path = tree.path().join(name.to_string());
            create_dir(&path).unwrap();
            assert!(held.open(&name.to_string(), || Ok(File::open(&path).unwrap().into())).is_ok());
            assert!(name > 0 || is_open(&held, "0"));
        }
        assert!(held.known.load().len() <= MOST);
    }

    #[test]
    fn what_is_missing_is_known_to_be_until_it_is_opened() {
        let held = Held::default();
        assert!(matches!(held.find("a"), Stands::Unknown));
        assert_eq!(held.open("a", || Err(Errno::NOENT)).err(), Some(Errno::NOENT));
        assert!(matches!(held.find("a"), Stands::Missing));
        let tree = tempfile::tempdir().unwrap();
        assert!(held.open("a", || Ok(File::open(tree.path()).unwrap().into())).is_ok());
        assert!(is_open(&held, "a"));
        // What else went wrong says nothing of the directory.
        assert_eq!(held.open("b", || Err(Errno::MFILE)).err(), Some(Errno::MFILE));
        assert!(matches!(held.find("b"), Stands::Unknown));
    }
}
