//! An object's file as memory: read-only, and the page cache's own pages rather than a copy of them.
//!
//! What is mapped must stay as it is. Objects do: they appear whole, nobody writes to one again, and the file of
//! a deleted one stays as long as it is mapped, on the file systems named here. Who truncates an object in
//! place, or whose disk fails as a page is read back, ends the process (SIGBUS); see ARCHITECTURE.md.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::{Key, Store};
use crate::error::Result;

/// Bytes of an object where its file is mapped. Cheap to clone.
#[derive(Clone)]
pub struct Mapped {
    map: Arc<Map>,
}

impl Mapped {
    /// Takes the pages out of this process's memory; they come back from the file as they are read.
    pub fn release(&self) {
        #[cfg(target_os = "linux")]
        linux::release(&self.map);
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `map` mapped these bytes for reading, they stay mapped until `Map` is dropped, and nobody
        // changes them (the opening comment).
        unsafe { std::slice::from_raw_parts(self.map.start.cast(), self.map.length) }
    }
}

impl fmt::Debug for Mapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapped").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// A mapping of our own, read-only; its last user removes it.
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "nothing is mapped there"))]
struct Map {
    start: *mut std::ffi::c_void,
    length: usize,
}

// SAFETY: it is memory that is only read, and may be unmapped by any thread.
unsafe impl Send for Map {}
// SAFETY: as above.
unsafe impl Sync for Map {}

impl Drop for Map {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        linux::unmap(self);
    }
}

/// The bytes of an object, mapped where that is possible and worth it, else read.
#[derive(Debug, Clone)]
pub enum Bytes {
    /// In a mapped file.
    Mapped(Mapped),
    /// In memory.
    Read(Vec<u8>),
}

impl Bytes {
    /// The object at `key`, `None` if there is no such object.
    pub fn of(store: &dyn Store, key: &Key) -> Result<Option<Self>> {
        match store.map(key)? {
            Some(mapped) => Ok(Some(Self::Mapped(mapped))),
            None => Ok(store.get(key)?.map(Self::Read)),
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(mapped) => mapped,
            Self::Read(bytes) => bytes,
        }
    }
}

#[cfg(target_os = "linux")]
pub(super) use linux::map;

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::ptr;
    use std::sync::Arc;

    use rustix::fs::fstatfs;
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, munmap};

    use super::{Map, Mapped};

    /// Smaller files are read.
    const WORTHWHILE: u64 = 1 << 20;

    /// File systems of this host's own, by their magic numbers: a deleted file's bytes stay while it is mapped, and
    /// no other host can change them. Others (NFS, FUSE, SMB, 9p) are not mapped.
    const LOCAL: [u32; 14] = [
        0x0000_ef53, // ext2, ext3, ext4
        0x5846_5342, // xfs
        0x9123_683e, // btrfs
        0xca45_1a4e, // bcachefs
        0x2fc1_2fc1, // zfs
        0xf2f5_2010, // f2fs
        0x3153_464a, // jfs
        0x0102_1994, // tmpfs
        0x8584_58f6, // ramfs
        0x794c_7630, // overlayfs
        0x7371_7368, // squashfs
        0xe0f5_e1e2, // erofs
        0x7366_746e, // ntfs3
        0x2011_bab0, // exfat
    ];

    /// The `size` bytes of an object's file as memory; `None` where that is not to be done, or cannot be.
    pub fn map(file: &File, size: u64) -> Option<Mapped> {
        let length = usize::try_from(size).ok().filter(|_| size >= WORTHWHILE)?;
        // The magic's upper half, where there is one, is the sign's.
        let local = fstatfs(file).is_ok_and(|told| LOCAL.contains(&(told.f_type as u32)));
        if !local {
            return None;
        }
        // SAFETY: the kernel chooses a place where nothing is, and what stands there then is `Map`'s.
        let start = unsafe { mmap(ptr::null_mut(), length, ProtFlags::READ, MapFlags::PRIVATE, file, 0) };
        // ENOMEM, a limit on the address space: then it is read, or that is refused in its own words.
        start.ok().map(|start| Mapped { map: Arc::new(Map { start, length }) })
    }

    pub(super) fn release(map: &Map) {
        // SAFETY: the range is this mapping's. Nothing was ever written to it, so nothing is lost.
        let _ = unsafe { madvise(map.start, map.length, Advice::LinuxDontNeed) };
    }

    pub(super) fn unmap(map: &Map) {
        // SAFETY: the range is this mapping's, and whoever could read it held the `Arc` that is gone.
        let _ = unsafe { munmap(map.start, map.length) };
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;
    use crate::store::{Directory, Memory, Put};

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at * 31 % 251) as u8).collect()
    }

    #[test]
    fn a_mapped_object_is_read_on_after_it_is_deleted_and_after_it_is_released() {
        let root = tempfile::tempdir().unwrap();
        let store = Directory::open(root.path()).unwrap();
        let key = Key::parse("a/large").unwrap();
        let written = bytes((3 << 20) + 5);
        assert!(matches!(store.put_if_absent(&key, &written), Put::Created));
        let mapped = store.map(&key).unwrap().expect("a local file system, for tests");
        let clone = mapped.clone();
        drop(mapped);
        store.delete(&key).unwrap();
        assert_eq!(&*clone, &written[..]);
        clone.release();
        assert_eq!(&*clone, &written[..]);
        assert!(store.map(&key).unwrap().is_none());
        assert!(Bytes::of(&store, &key).unwrap().is_none());
    }

    #[test]
    fn what_cannot_be_mapped_is_read() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::open(root.path()).unwrap();
        let memory = Memory::new();
        let key = Key::parse("key").unwrap();
        for (store, written) in [(&directory as &dyn Store, bytes(100)), (&memory, bytes(2 << 20))] {
            assert!(matches!(store.put_if_absent(&key, &written), Put::Created));
            assert!(store.map(&key).unwrap().is_none());
            let Some(Bytes::Read(read)) = Bytes::of(store, &key).unwrap() else { panic!("it is mapped") };
            assert_eq!(read, written);
        }
    }

    #[test]
    fn a_file_that_the_kernel_refuses_to_map_is_none() {
        let mut pipe = tempfile::tempfile().unwrap();
        pipe.write_all(&bytes(2 << 20)).unwrap();
        assert!(map(&pipe, 2 << 20).is_some());
        let unreadable = fs::OpenOptions::new().write(true).open("/proc/self/comm").unwrap();
        assert!(map(&unreadable, 2 << 20).is_none());
        // More than there are addresses.
        assert!(map(&pipe, u64::MAX >> 1).is_none());
    }
}
