//! Directories held open, so that asking for an object of one is a single call with a single name.
//!
//! A reader at the end of a log asks before every search whether the next entry is there, and walking the path
//! again each time costs more than the answer. A directory is opened again when it was held for [`HELD`]: one
//! that an operator puts in its place is met by then.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use rustix::io::Result;

/// How long.
const HELD: Duration = Duration::from_millis(100);

/// More are not held: each takes a descriptor.
const MOST: usize = 32;

/// The directories.
#[derive(Debug, Default)]
pub(super) struct Held {
    by_path: ArcSwap<HashMap<String, Known>>,
}

#[derive(Debug, Clone)]
struct Known {
    directory: Arc<OwnedFd>,
    opened: Instant,
}

impl Held {
    /// The directory at `path`, which `open` opens where it is not held.
    pub(super) fn get(&self, path: &str, open: impl FnOnce() -> Result<OwnedFd>) -> Result<Arc<OwnedFd>> {
        let by_path = self.by_path.load();
        let opened = Instant::now();
        let is_fresh = |known: &&Known| opened.duration_since(known.opened) < HELD;
        if let Some(known) = by_path.get(path).filter(is_fresh) {
            return Ok(Arc::clone(&known.directory));
        }
        let directory = Arc::new(open()?);
        let mut held: HashMap<_, _> = by_path
            .iter()
            .filter(|(_, known)| is_fresh(known))
            .map(|(at, known)| (at.clone(), known.clone()))
            .collect();
        if held.len() < MOST {
            held.insert(path.to_owned(), Known { directory: Arc::clone(&directory), opened });
            // Of two that are opened at once one is held; the other is opened again.
            self.by_path.store(Arc::new(held));
        }
        Ok(directory)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{File, create_dir};

    use super::*;

    #[test]
    fn a_directory_is_opened_once_for_many_questions_and_few_are_held() {
        let tree = tempfile::tempdir().unwrap();
        let held = Held::default();
        let mut opened = 0;
        for name in (0..100).flat_map(|name| [name, name, name]) {
            let path = tree.path().join(name.to_string());
            if !path.exists() {
                create_dir(&path).unwrap();
            }
            let answer = held.get(&name.to_string(), || {
                opened += 1;
                Ok(File::open(&path).unwrap().into())
            });
            assert!(answer.is_ok());
        }
        assert!((100..=300).contains(&opened), "{opened} opened");
        assert!(held.by_path.load().len() <= MOST);
        assert!(held.get("missing", || Err(rustix::io::Errno::NOENT)).is_err());
    }
}
