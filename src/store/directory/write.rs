//! Puts: a complete file, a name for it, and the fsync that makes the name stay.
//!
//! Directories stay when their last object goes. Removing them would race every creator, and would
//! make "this directory is durable" a fact that another process can undo; a few empty directories
//! name nothing, since only objects are listed.
//!
//! After a failed fsync of a directory a handle writes no more. That a later one succeeds proves nothing
//! where the kernel forgets what it could not write; where metadata has a journal, the failure has stopped
//! the file system anyway. Renaming the same bytes over the name once more would prove that name alone, and
//! would replace what another has put there since. So an operator looks, and opens the store again.

use std::fs::File;
use std::io;
use std::sync::atomic::Ordering;

use rustix::io::Errno;

use super::draft::Draft;
use super::errno;
use super::handle::Directory;
use super::parents::Refusal;
use super::read::object_at;
use crate::error::Error;
use crate::store::contract::Fault;
use crate::store::{Key, Store};

/// What to do when the name is taken, and what was done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Keep,
    Replace,
}

/// What became of a put.
pub(super) enum Done {
    Created,
    Exists,
    Replaced,
}

impl Directory {
    pub(super) fn write(&self, key: &Key, pieces: &[&[u8]], taken: Taken) -> Result<Done, Fault> {
        // Each round but the last ends because another process or an operator changed the tree meanwhile.
        for _ in 0..8 {
            if let Some(error) = self.refuses_writes() {
                return Err(Fault::known(error));
            }
            if let Some(done) = self.attempt(key, pieces, taken)? {
                return Ok(done);
            }
        }
        Err(Fault::known(self.error(Errno::NOENT, "write", key)))
    }

    /// One attempt; `None` if the directory or the name vanished during it.
    fn attempt(&self, key: &Key, pieces: &[&[u8]], taken: Taken) -> Result<Option<Done>, Fault> {
        let known = |errno| Fault::known(self.error(errno, "write", key));
        let (above, name) = key.split();
        let directory = match self.parents.open(&self.root, above, self.fsync) {
            Ok(directory) => File::from(directory),
            Err(Refusal::Open(Errno::NOENT)) => return Ok(None),
            Err(Refusal::Open(errno)) => return Err(known(errno)),
            Err(Refusal::Sync(error)) => {
                return Err(Fault::known(self.poison(&error, key)));
            }
        };
        let done = match self.name(&directory, name, pieces, taken) {
            Ok(done) => done,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(known(errno)),
        };
        // Also when it exists: its creator may have died before this fsync, and our caller may go on
        // to acknowledge what stands on the object.
        match (self.fsync)(&directory) {
            Ok(()) => Ok(Some(done)),
            Err(error) => {
                let error = self.poison(&error, key);
                Err(match done {
                    Done::Exists => Fault::known(error),
                    Done::Created | Done::Replaced => Fault::unknown(error),
                })
            }
        }
    }

    /// Ends writing through this handle, because `failed` became of the fsync of a directory.
    fn poison(&self, failed: &io::Error, key: &Key) -> Error {
        let error = self.error(errno::errno(failed), "fsync the directory of", key);
        self.poisoned.get_or_init(|| error.clone());
        error
    }

    /// Writes the bytes and names them. `ENOENT` if the directory or the name vanished meanwhile.
    fn name(&self, directory: &File, name: &str, pieces: &[&[u8]], taken: Taken) -> rustix::io::Result<Done> {
        // The loser of a race need not write its bytes to learn that it lost.
        if taken == Taken::Keep && object_at(directory, name)?.is_some() {
            return Ok(Done::Exists);
        }
        let mut draft = self.draft(directory, pieces)?;
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

    fn draft(&self, directory: &File, pieces: &[&[u8]]) -> rustix::io::Result<Draft<'_>> {
        if !self.rename_only.load(Ordering::Relaxed) {
            match Draft::unnamed(&self.root, directory, pieces) {
                Err(Errno::OPNOTSUPP) => self.rename_only.store(true, Ordering::Relaxed),
                answer => return answer,
            }
        }
        Draft::named(&self.root, pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorKind, Outcome};
    use crate::store::{Put, Written};

    #[test]
    fn a_failed_directory_fsync_is_unknown_and_ends_writing_through_this_handle() {
        let root = tempfile::tempdir().unwrap();
        let (first, second) = (Key::parse("log/1").unwrap(), Key::parse("log/2").unwrap());
        let mut store = Directory::open(root.path()).unwrap();
        assert!(matches!(store.put_if_absent(&first, b"one"), Put::Created));
        store.fsync = |_| Err(Errno::IO.into());
        let Put::Failed { error, written } = store.put_if_absent(&second, b"two") else {
            panic!("it was acknowledged")
        };
        assert_eq!(written, Written::Unknown);
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unavailable, Outcome::Unknown));

        store.fsync = File::sync_all;
        let Put::Failed { error, written } = store.put_if_absent(&second, b"two") else {
            panic!("it was trusted")
        };
        assert_eq!((error.kind(), written), (ErrorKind::Unavailable, Written::No));
        let said = error.to_string();
        assert!(said.contains("opened again") && said.contains("log/2: Input/output error"), "{said}");
        assert_eq!(store.refuses_writes().unwrap().to_string(), said);
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
        store.fsync = |_| Err(Errno::IO.into());
        assert!(matches!(store.put_if_absent(&key, b"one"), Put::Failed { written: Written::No, .. }));
    }

    #[test]
    fn a_new_directory_that_cannot_be_made_durable_takes_no_object() {
        let root = tempfile::tempdir().unwrap();
        let key = Key::parse("log/1").unwrap();
        let mut store = Directory::open(root.path()).unwrap();
        store.fsync = |_| Err(Errno::IO.into());
        assert!(matches!(store.put_if_absent(&key, b"one"), Put::Failed { written: Written::No, .. }));
        assert_eq!(store.get(&key).unwrap(), None);
    }
}
