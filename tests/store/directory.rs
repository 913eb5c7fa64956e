//! What only a directory can get wrong: the disk, links, foreign files, crashed writers.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{FlockOperation, flock};
use vectord::error::ErrorKind;
use vectord::store::{Directory, Key, Memory, Publish, Put, Replace, Store, Written};

use crate::suite::{create, key, names};
use crate::support::skip::skip;

/// Every file below `root`, hidden ones included.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

fn assert_out_of_space(put: Put) {
    let Put::Failed { error, written } = put else { panic!("it had no room: {put:?}") };
    assert_eq!((error.kind(), written), (ErrorKind::ResourceExhausted, Written::No), "{error}");
    assert!(error.to_string().contains("log/2"), "{error}");
}

/// Mounts a small tmpfs, unmounted with the value; `None`, with a reason said, where that is not allowed.
struct Tmpfs(tempfile::TempDir);

impl Tmpfs {
    fn mount() -> Option<Self> {
        let root = tempfile::tempdir().unwrap();
        let status =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=512k", "tmpfs"]).arg(root.path()).output();
        if status.is_ok_and(|output| output.status.success()) {
            return Some(Self(root));
        }
        skip("tmpfs", "mounting one takes privileges");
        None
    }

    fn make_read_only(&self) {
        assert!(
            Command::new("mount").args(["-o", "remount,ro"]).arg(self.0.path()).status().unwrap().success()
        );
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_takes_nothing_and_recovers() {
    for publish in [Publish::Link, Publish::Rename] {
        let Some(disk) = Tmpfs::mount() else { return };
        let store = Directory::open_with(disk.0.path(), publish).unwrap();
        create(&store, "log/1", b"one");
        assert_out_of_space(store.put_if_absent(&key("log/2"), &vec![2; 1 << 20]));
        assert!(matches!(
            store.replace(&key("log/1"), &vec![2; 1 << 20]),
            Replace::Failed { written: Written::No, .. }
        ));
        assert_eq!(files(disk.0.path()), [disk.0.path().join("log/1")]);
        assert_eq!(store.get(&key("log/1")).unwrap().unwrap(), b"one");
        create(&store, "log/2", &vec![2; 100_000]);
    }
}

/// The other side of the next test, in a process of its own with a limit on the size of files.
#[test]
#[ignore = "run by a_failed_write_leaves_nothing"]
fn with_a_limit_on_files() {
    let Ok(root) = std::env::var("VECTORD_TEST_ROOT") else { return };
    for publish in [Publish::Link, Publish::Rename] {
        let store = Directory::open_with(&root, publish).unwrap();
        assert_out_of_space(store.put_if_absent(&key("log/2"), &vec![2; 1 << 20]));
    }
}

#[test]
fn a_failed_write_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    create(&Directory::open(root.path()).unwrap(), "log/1", b"one");
    // An ignored signal stays ignored, so the write fails instead of killing the child.
    let output = Command::new("sh")
        .args([
            "-c",
            r#"trap "" XFSZ; ulimit -f 64; exec "$0" --ignored --exact directory::with_a_limit_on_files"#,
        ])
        .arg(std::env::current_exe().unwrap())
        .env("VECTORD_TEST_ROOT", root.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(files(root.path()), [root.path().join("log/1")]);
}

fn assert_reads_but_does_not_write(root: &Path) {
    let store = Directory::open(root).unwrap();
    assert_eq!(store.get(&key("log/1")).unwrap().unwrap(), b"one");
    assert_eq!(names(&store, ""), ["log/1"]);
    for name in ["log/2", "new/1"] {
        let put = store.put_if_absent(&key(name), b"two");
        let Put::Failed { error, written } = put else { panic!("{put:?}") };
        assert_eq!((error.kind(), written), (ErrorKind::PermissionDenied, Written::No), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    assert!(matches!(store.put_if_absent(&key("log/1"), b"two"), Put::Exists));
    assert_eq!(store.delete(&key("log/1")).unwrap_err().kind(), ErrorKind::PermissionDenied);
}

#[test]
fn a_read_only_directory_opens_and_reads() {
    if rustix::process::geteuid().is_root() {
        let Some(disk) = Tmpfs::mount() else { return };
        create(&Directory::open(disk.0.path()).unwrap(), "log/1", b"one");
        disk.make_read_only();
        assert_reads_but_does_not_write(disk.0.path());
    } else {
        let root = tempfile::tempdir().unwrap();
        create(&Directory::open(root.path()).unwrap(), "log/1", b"one");
        for mode in [0o555, 0o755] {
            for directory in ["log", ""] {
                fs::set_permissions(root.path().join(directory), fs::Permissions::from_mode(mode)).unwrap();
            }
            if mode == 0o555 {
                assert_reads_but_does_not_write(root.path());
            }
        }
    }
}

#[test]
fn no_symbolic_link_is_followed() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "s").unwrap();
    for publish in [Publish::Link, Publish::Rename] {
        let root = tempfile::tempdir().unwrap();
        let store = Directory::open_with(root.path(), publish).unwrap();
        create(&store, "a/real", b"r");
        symlink(outside.path(), root.path().join("out")).unwrap();
        symlink(outside.path().join("secret"), root.path().join("a/link")).unwrap();
        symlink("nowhere", root.path().join("a/dangling")).unwrap();
        for name in ["out/secret", "out/new", "a/link", "a/dangling"] {
            let name = key(name);
            assert_eq!(store.get(&name).unwrap_err().kind(), ErrorKind::Unsupported, "{name}");
            assert_eq!(store.size(&name).unwrap_err().kind(), ErrorKind::Unsupported, "{name}");
            assert_eq!(store.delete(&name).unwrap_err().kind(), ErrorKind::Unsupported, "{name}");
            assert!(
                matches!(store.put_if_absent(&name, b"x"), Put::Failed { written: Written::No, .. }),
                "{name}"
            );
            assert!(
                matches!(store.replace(&name, b"x"), Replace::Failed { written: Written::No, .. }),
                "{name}"
            );
        }
        assert_eq!(names(&store, ""), ["a/real"]);
        assert_eq!(names(&store, "out/"), [""; 0]);
        assert_eq!(files(outside.path()), [outside.path().join("secret")]);
        assert_eq!(fs::read(outside.path().join("secret")).unwrap(), b"s");
    }
}

#[test]
fn foreign_files_are_passed_over() {
    let root = tempfile::tempdir().unwrap();
    let store = Directory::open(root.path()).unwrap();
    create(&store, "a/1", b"x");
    fs::create_dir(root.path().join("a/empty")).unwrap();
    fs::write(root.path().join("back\\slash"), "x").unwrap();
    fs::create_dir(root.path().join("line\nbreak")).unwrap();
    fs::write(root.path().join("line\nbreak/x"), "x").unwrap();
    {
        use std::os::unix::ffi::OsStrExt;
        fs::write(root.path().join(std::ffi::OsStr::from_bytes(b"a/\xff")), "x").unwrap();
    }
    let _socket = std::os::unix::net::UnixListener::bind(root.path().join("a/socket")).unwrap();
    assert_eq!(names(&store, ""), ["a/1"]);
    assert_eq!(store.get(&key("a/socket")).unwrap(), None);
    assert_eq!(store.get(&key("a/empty")).unwrap(), None);
    assert_eq!(store.size(&key("a/empty")).unwrap(), None);
    store.delete(&key("a/empty")).unwrap();
}

#[test]
fn what_a_crashed_writer_left_is_swept_and_what_is_being_written_is_not() {
    let root = tempfile::tempdir().unwrap();
    let reserved = root.path().join(Key::RESERVED);
    fs::create_dir(&reserved).unwrap();
    fs::write(reserved.join("1-0"), "dead").unwrap();
    let living = fs::File::create(reserved.join("1-1")).unwrap();
    flock(&living, FlockOperation::LockExclusive).unwrap();
    let store = Directory::open_with(root.path(), Publish::Rename).unwrap();
    assert_eq!(files(&reserved), [reserved.join("1-1")]);
    assert_eq!(names(&store, ""), [""; 0]);
    create(&store, "a", b"x");
    drop(living);
    Directory::open(root.path()).unwrap();
    assert_eq!(files(&reserved), [""; 0].map(PathBuf::from));
}

#[test]
fn handles_of_one_directory_race_like_threads_of_one_handle() {
    let root = tempfile::tempdir().unwrap();
    let handles: Vec<_> = (0..16)
        .map(|i| {
            Directory::open_with(root.path(), if i % 2 == 0 { Publish::Link } else { Publish::Rename })
                .unwrap()
        })
        .collect();
    let start = std::sync::Barrier::new(handles.len());
    for round in 0..4 {
        let name = key(&format!("new/{round}/object"));
        let created = std::thread::scope(|scope| {
            let racers: Vec<_> = handles
                .iter()
                .map(|store| {
                    scope.spawn(|| {
                        start.wait();
                        match store.put_if_absent(&name, b"x") {
                            Put::Created => 1,
                            Put::Exists => 0,
                            Put::Failed { error, .. } => panic!("{error}"),
                        }
                    })
                })
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).sum::<u32>()
        });
        assert_eq!(created, 1);
    }
}

#[test]
fn a_directory_an_operator_removed_is_made_again() {
    let root = tempfile::tempdir().unwrap();
    let store = Directory::open(root.path()).unwrap();
    create(&store, "a/b/c/1", b"x");
    fs::remove_dir_all(root.path().join("a")).unwrap();
    create(&store, "a/b/c/1", b"y");
    assert_eq!(names(&store, ""), ["a/b/c/1"]);
    fs::remove_dir_all(root.path()).unwrap();
    let Put::Failed { error, written } = store.put_if_absent(&key("a/b"), b"x") else {
        panic!("there is no store")
    };
    assert_eq!((error.kind(), written), (ErrorKind::Unavailable, Written::No), "{error}");
    assert_eq!(store.get(&key("a/b/c/1")).unwrap(), None);
}

#[test]
fn a_path_that_is_no_directory_is_refused() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("file"), "x").unwrap();
    assert_eq!(Directory::open(root.path().join("file")).unwrap_err().kind(), ErrorKind::InvalidArgument);
    let below = Directory::open(root.path().join("file/below")).unwrap_err();
    assert!(below.to_string().contains("file/below"), "{below}");
}

proptest::proptest! {
    #[test]
    fn a_directory_lists_what_a_map_would(
        keys in proptest::collection::vec("[ab./-]{1,6}", 0..12),
        prefix in "[ab./-]{0,3}",
        after in proptest::option::of("[ab./-]{0,4}"),
        limit in 1_usize..6,
    ) {
        let (root, map) = (tempfile::tempdir().unwrap(), Memory::new());
        for name in keys.into_iter().filter_map(|name| Key::parse(name).ok()) {
            if matches!(map.put_if_absent(&name, b"x"), Put::Created) {
                let path = root.path().join(name.as_str());
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "x").unwrap();
            }
        }
        let store = Directory::open(root.path()).unwrap();
        let wanted = map.list(&prefix, after.as_deref(), limit).unwrap();
        proptest::prop_assert_eq!(store.list(&prefix, after.as_deref(), limit).unwrap(), wanted);
    }
}
