//! Tests that run in a process of their own, and what is needed to start it: this very binary, told to run
//! one ignored test in the trouble that the command before it made.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::skip::skip;

const ROOT: &str = "VECTORD_TEST_ROOT";

/// The store's directory, in a child; `None` if somebody runs ignored tests by hand.
pub fn root() -> Option<PathBuf> {
    std::env::var_os(ROOT).map(PathBuf::from)
}

/// Adds to `command` the words that run the ignored test `name` over `root`.
pub fn run(command: &mut Command, name: &str, root: &Path) -> Output {
    // In a thread of its own or not, it must be the only test: limits are the process's.
    command.arg(std::env::current_exe().unwrap()).args(["--ignored", "--exact", "--nocapture", name]);
    command.env(ROOT, root).env_remove("RUST_BACKTRACE").output().unwrap()
}

/// Fails if the child did, with what it said.
pub fn assert_passed(output: &Output) {
    let said = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// Runs the ignored test `name` over a new tmpfs of 4 MiB that goes when it ends; skipped where that is not allowed.
pub fn run_on_a_small_disk(name: &str) {
    let root = tempfile::tempdir().unwrap();
    let namespace = || {
        let mut command = Command::new("unshare");
        command.arg(if rustix::process::geteuid().is_root() { "-m" } else { "-rm" });
        let mount = r#"mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@""#;
        command.args(["sh", "-c", mount]).arg(root.path());
        command
    };
    if !namespace().arg("true").output().is_ok_and(|output| output.status.success()) {
        return skip("tmpfs", "no namespace of our own to mount one in");
    }
    assert_passed(&run(&mut namespace(), name, root.path()));
}
