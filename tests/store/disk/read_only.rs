//! A directory that may not be written, by the mount or by its mode: it opens and answers, and says why it
//! takes nothing.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use vectord::error::ErrorKind;
use vectord::registry::{Batch, Params, Registry, SearchOptions};

use super::child;
use super::work::{
    NAME, assert_holds_exactly, assert_reopens_with, assert_says, assert_whole_objects, batch, params,
};
use crate::support::skip::skip;

/// An ordinary user's id, for tests run by root, who may write whatever the mode says.
const NOBODY: u32 = 65_534;

#[test]
fn a_disk_mounted_read_only_is_searched_and_written_again_when_it_may_be() {
    child::run_on_a_small_disk("disk::read_only::on_a_disk_that_is_remounted");
}

#[test]
#[ignore = "run by the test above, on a small disk of its own"]
fn on_a_disk_that_is_remounted() {
    let Some(root) = child::root() else { return };
    let remount = |how: &str| {
        let status = Command::new("mount").args(["-o", how]).arg(&root).status().unwrap();
        assert!(status.success());
    };
    closed_and_open_again(&root, "Read-only file system", |open| {
        remount(if open { "remount,bind,rw" } else { "remount,bind,ro" });
    });
    searched_from_a_map(&root, || remount("remount,bind,ro"));
}

/// An index with a snapshot that is worth mapping.
fn searched_from_a_map(root: &Path, close: impl Fn()) {
    const D: usize = 1_024;
    let vector = |row: usize| (0..D).map(|at| (row * D + at) as f32).collect::<Vec<_>>();
    let mut rows = Batch::builder(300, D as u32);
    (0..300).for_each(|row| rows.push_row(&row.to_string(), None, &vector(row)).unwrap());
    let registry = Registry::open_unshared(root.to_str().unwrap()).unwrap();
    let live = registry.create("large", Params::new(D as u32)).unwrap();
    live.add(rows.finish().unwrap(), None).unwrap();
    live.checkpoint().unwrap();
    drop(live);
    registry.close().unwrap();
    close();
    let registry = Registry::open_unshared(root.to_str().unwrap()).unwrap();
    let live = registry.get("large").unwrap();
    let mapped = if cfg!(target_os = "linux") { 300 * D * 4 } else { 0 };
    assert_eq!(live.stats().unwrap().index.bytes_mapped, mapped);
    assert_eq!(&live.search(&vector(7), &SearchOptions::new(1)).unwrap().ids[0], "7");
    let all: Vec<String> = (0..300).map(|row| row.to_string()).collect();
    let all = live.get(&all.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    assert!(all.iter().enumerate().all(|(row, found)| *found.as_ref().unwrap().vector == vector(row)));
}

#[test]
fn a_directory_without_permission_to_write_is_searched_and_written_again_when_there_is() {
    let root = tempfile::tempdir().unwrap();
    // `env` only starts what follows.
    let mut command = Command::new("env");
    if rustix::process::geteuid().is_root() {
        chown(root.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        command.uid(NOBODY).gid(NOBODY).current_dir("/");
        let mut may_run = Command::new("test");
        let may_run = may_run.uid(NOBODY).gid(NOBODY).arg("-x").arg(std::env::current_exe().unwrap());
        if !may_run.status().is_ok_and(|status| status.success()) {
            return skip("user", "the tests stand where no user but root may run them");
        }
    }
    child::assert_passed(&child::run(
        &mut command,
        "disk::read_only::on_directories_of_another_mode",
        root.path(),
    ));
}

#[test]
#[ignore = "run by the test above, as an ordinary user"]
fn on_directories_of_another_mode() {
    let Some(root) = child::root() else { return };
    let store = root.join("store");
    closed_and_open_again(&store, "Permission denied", |open| {
        for folder in ["_vectors/docs/log", "_vectors/docs", "_vectors", ""] {
            let mode = fs::Permissions::from_mode(if open { 0o755 } else { 0o555 });
            fs::set_permissions(store.join(folder), mode).unwrap();
        }
    });
}

fn closed_and_open_again(root: &Path, cause: &str, set: impl Fn(bool)) {
    let url = root.to_str().unwrap();
    let mut acknowledged = BTreeSet::from([1]);
    let before = Registry::open_unshared(url).unwrap();
    before.create(NAME, params()).unwrap().add(batch(1, 0), None).unwrap();

    set(false);
    let after = Registry::open_unshared(url).unwrap();
    for registry in [&before, &after] {
        let live = registry.get(NAME).unwrap();
        for error in [
            live.add(batch(2, 0), None).unwrap_err(),
            live.delete(&["1-0"]).unwrap_err(),
            live.checkpoint().unwrap_err(),
            registry.create("another", params()).err().unwrap(),
            registry.delete(NAME).unwrap_err(),
        ] {
            assert_says(&error, ErrorKind::PermissionDenied, root, cause);
        }
        assert_holds_exactly(&live, &acknowledged, 0);
        assert_eq!(registry.names().unwrap(), [NAME]);
    }
    set(true);
    for (n, registry) in [(3, &before), (4, &after), (5, &before)] {
        let live = registry.get(NAME).unwrap();
        // Each is the other's other process.
        live.refresh().unwrap();
        live.add(batch(n, 0), None).unwrap();
        acknowledged.insert(n);
    }
    assert_whole_objects(root, "");
    drop((before, after));
    assert_reopens_with(root, &acknowledged, 0);
}
