//! Opening a path below the root without ever leaving it: no symbolic link is followed.
//!
//! Keys hold no `..`, so links are the only way out; `openat2` refuses them in one call, and where it
//! is missing (macOS, old kernels, strict seccomp filters) each segment is opened from the one before.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, openat, statat};
use rustix::io::{Errno, Result};

/// Opens `path` (a key, or the first segments of one) below `root`. A link on the way, or at its end, is `ELOOP`.
pub(super) fn open(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    match openat2(root, path, flags) {
        // EPERM may be a filter's answer to openat2 itself; if it is the file's, the walk repeats it.
        Err(Errno::NOSYS | Errno::PERM) => {}
        answer => return answer,
    }
    walk(root, path, flags)
}

/// Opens a directory below `root`; the empty path is the root itself.
pub(super) fn open_directory(root: BorrowedFd<'_>, path: &str) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    if path.is_empty() {
        openat(root, ".", flags | OFlags::CLOEXEC, Mode::empty())
    } else {
        open(root, path, flags)
    }
}

/// Stats `path` below `root` without a descriptor. A link on the way is `ELOOP`; at the end it is the answer.
///
/// For want of descriptors only: a directory that is replaced by a link meanwhile would be followed.
pub(super) fn stat(root: BorrowedFd<'_>, path: &str) -> Result<Stat> {
    for (at, _) in path.match_indices('/') {
        let stat = statat(root, &path[..at], AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {}
            FileType::Symlink => return Err(Errno::LOOP),
            FileType::RegularFile
            | FileType::Fifo
            | FileType::Socket
            | FileType::CharacterDevice
            | FileType::BlockDevice
            | FileType::Unknown => return Err(Errno::NOTDIR),
        }
    }
    statat(root, path, AtFlags::SYMLINK_NOFOLLOW)
}

#[cfg(target_os = "linux")]
fn openat2(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd> {
    use rustix::fs::ResolveFlags;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    loop {
        match rustix::fs::openat2(root, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            // EAGAIN: something was renamed meanwhile, and the kernel could not tell that we stayed below.
            Err(Errno::AGAIN | Errno::INTR) => {}
            answer => return answer,
        }
    }
}

fn walk(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd> {
    let (parents, name) = match path.rsplit_once('/') {
        Some((parents, name)) => (Some(parents), name),
        None => (None, path),
    };
    let mut at: Option<OwnedFd> = None;
    for segment in parents.into_iter().flat_map(|parents| parents.split('/')) {
        let from = at.as_ref().map_or(root, AsFd::as_fd);
        at = Some(step(from, segment, OFlags::RDONLY | OFlags::DIRECTORY)?);
    }
    step(at.as_ref().map_or(root, AsFd::as_fd), name, flags)
}

fn step(from: BorrowedFd<'_>, name: &str, flags: OFlags) -> Result<OwnedFd> {
    openat(from, name, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()).map_err(|errno| {
        // With O_DIRECTORY a link is ENOTDIR, which would read as "absent".
        let linked = errno == Errno::NOTDIR
            && statat(from, name, AtFlags::SYMLINK_NOFOLLOW)
                .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink);
        if linked { Errno::LOOP } else { errno }
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn both_ways_of_opening_agree_and_follow_no_link() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "s").unwrap();
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("a/b")).unwrap();
        fs::write(tree.path().join("a/b/c"), "x").unwrap();
        symlink(outside.path(), tree.path().join("a/out")).unwrap();
        symlink("b", tree.path().join("a/in")).unwrap();
        symlink("c", tree.path().join("a/b/link")).unwrap();
        let root = fs::File::open(tree.path()).unwrap();
        for (path, wanted) in [
            ("a/b/c", None),
            ("a/b", None),
            ("a/b/d", Some(Errno::NOENT)),
            ("a/b/c/d", Some(Errno::NOTDIR)),
            ("a/out", Some(Errno::LOOP)),
            ("a/out/secret", Some(Errno::LOOP)),
            ("a/in/c", Some(Errno::LOOP)),
            ("a/b/link", Some(Errno::LOOP)),
        ] {
            assert_eq!(open(root.as_fd(), path, OFlags::RDONLY).err(), wanted, "{path}");
            assert_eq!(walk(root.as_fd(), path, OFlags::RDONLY).err(), wanted, "{path}");
            let told = stat(root.as_fd(), path).err();
            let link = path == "a/out" || path == "a/b/link";
            assert_eq!(told, wanted.filter(|_| !link), "{path}");
        }
    }
}
