//! Every call to the disk fails once, and every one is the last before a kill: `strace` makes it so.
//!
//! The N-th call of a kind fails, or the process dies as it makes it, for N = 1, 2, .. until a run has no
//! N-th. The store is opened afterwards by a process in no trouble.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use vectord::error::{ErrorKind, Result};
use vectord::log;
use vectord::registry::{Registry, SearchOptions, Settings};
use vectord::store::{Directory, Key, Publish};

use super::child;
use super::one_thread::{BEFORE, OneThread};
use super::work::{
    NAME, assert_holds_exactly, assert_reopens_with, assert_whole_objects, batch, holds, params,
};
use crate::support::skip::skip;

const PUBLISH: &str = "VECTORD_TEST_PUBLISH";
const BATCHES: [usize; 4] = [1, 2, 3, 4];

/// An ingest job: it tells what it does, and goes on after an error as long as there is an index.
#[test]
#[ignore = "run by the tests below, under strace"]
fn an_ingest_job() {
    let Some(root) = child::root() else { return };
    let publish = if std::env::var(PUBLISH).unwrap() == "rename" { Publish::Rename } else { Publish::Link };
    // What libtest has written of its line.
    println!();
    let tell = |what: &str, done: Result<u64>| match done {
        Ok(seq) => println!("ack {what} {seq}"),
        Err(error) => println!("{:?} {what} {:?} {error}", error.outcome(), error.kind()),
    };
    let store = match OneThread::open(root, publish) {
        Ok(store) => store,
        Err(error) => return tell("open", Err(error)),
    };
    // A follower would make calls of its own, in no order.
    let log = log::Settings { give_up: Duration::from_millis(30), ..log::Settings::default() };
    let registry = Registry::on_with(Arc::new(store), Settings { log, follow: false, ..Settings::default() });
    let live = match registry.create(NAME, params()) {
        Ok(live) => live,
        Err(error) => return tell("create", Err(error)),
    };
    println!("ack create 1");
    for n in BATCHES {
        tell(&n.to_string(), live.add(batch(n, 0), None).map(|added| added.seq));
        live.search(&[1.0; 8], &SearchOptions::new(1)).unwrap();
        if n > 1 {
            tell("checkpoint", live.checkpoint());
        }
    }
    drop(live);
    tell("close", registry.close().map(|()| 0));
}

/// What became of each thing the job did.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Became {
    Acknowledged,
    /// It failed, and nothing was written.
    Refused,
    Unknown,
}

#[derive(Debug, Default)]
struct Run {
    became: BTreeMap<String, Became>,
    errors: Vec<String>,
    /// There was an N-th call.
    met: bool,
}

/// Whether there is a strace that may trace; if not, that is said.
pub fn may_trace() -> bool {
    let tried = Command::new("strace")
        .args(["-f", "--seccomp-bpf", "-qq", "-e", "trace=write", "-o", "/dev/null", "true"])
        .status();
    let may = tried.is_ok_and(|status| status.success());
    if !may {
        skip("strace", "not installed, or not allowed to trace");
    }
    may
}

/// Runs the job under strace with these options, and returns what it said and what was traced.
pub fn traced(root: &Path, publish: Publish, options: &[&str]) -> (Output, String) {
    let trace = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new("strace");
    command.env(PUBLISH, if publish == Publish::Rename { "rename" } else { "link" });
    // Stops at the traced calls only; strace 6.1 then forgets the signals it should inject.
    let quick = !options.iter().any(|option| option.contains("signal="));
    command
        .args(["-f", "-qq"])
        .args(quick.then_some("--seccomp-bpf"))
        .args(options)
        .arg("-o")
        .arg(trace.path());
    let output = child::run(&mut command, "disk::strace::an_ingest_job", root);
    (output, fs::read_to_string(trace.path()).unwrap())
}

/// Runs the job with `fault` at the `at`-th `call`.
fn run(root: &Path, publish: Publish, call: &str, fault: &str, at: usize) -> Run {
    let inject = format!("inject={call}:{fault}:when={at}");
    let (output, traced) = traced(root, publish, &["-e", &format!("trace={call}"), "-e", &inject]);
    let killed = fault.contains("KILL") && !output.status.success();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(killed || output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let mut run = Run { met: killed || traced.contains("(INJECTED)"), ..Run::default() };
    for line in said.lines() {
        let mut words = line.splitn(3, ' ');
        let became = match words.next() {
            Some("ack") => Became::Acknowledged,
            Some("Known") => Became::Refused,
            Some("Unknown") => Became::Unknown,
            Some(_) | None => continue,
        };
        if became != Became::Acknowledged {
            run.errors.push(line.to_owned());
        }
        run.became.insert(words.next().unwrap().to_owned(), became);
    }
    run
}

/// Whatever happened: what was acknowledged is there, what was refused is not, the rest is whole or absent.
fn assert_consistent(root: &Path, run: &Run) {
    drop(Directory::open(root).unwrap());
    let reserved = root.join(Key::RESERVED);
    assert!(!reserved.exists() || fs::read_dir(reserved).unwrap().next().is_none(), "left-overs are swept");
    assert_whole_objects(root, "");
    let registry = Registry::open_unshared(root.to_str().unwrap()).unwrap();
    let live = match registry.get(NAME) {
        Ok(live) => {
            assert_ne!(run.became.get("create"), Some(&Became::Refused));
            live
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
            assert_ne!(run.became.get("create"), Some(&Became::Acknowledged));
            registry.create(NAME, params()).unwrap()
        }
    };
    let mut there = std::collections::BTreeSet::new();
    for n in BATCHES {
        let here = holds(&live, n, 0);
        match run.became.get(&n.to_string()) {
            Some(Became::Acknowledged) => assert!(here, "batch {n} was acknowledged and is lost"),
            Some(Became::Refused) => assert!(!here, "batch {n} was refused and is there"),
            Some(Became::Unknown) | None => {}
        }
        if here {
            there.insert(n);
        }
    }
    assert_holds_exactly(&live, &there, 0);
    drop(live);
    registry.close().unwrap();
    assert_reopens_with(root, &there, 0);
}

/// For each N, the N-th `call` meets `fault`; `check` says what more must be true of such a run.
fn sweep(publish: Publish, call: &str, fault: &str, check: impl Fn(&Path, &Run)) {
    if !may_trace() {
        return;
    }
    let first = if ["openat", "read", "write"].contains(&call) { BEFORE } else { 0 };
    let mut tried = 0;
    loop {
        let root = tempfile::tempdir().unwrap();
        let run = run(root.path(), publish, call, fault, first + tried + 1);
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            assert_consistent(root.path(), &run);
            check(root.path(), &run);
        }));
        if let Err(panic) = told {
            eprintln!("{call} {} of {fault}: {run:#?}", tried + 1);
            std::panic::resume_unwind(panic);
        }
        if !run.met {
            assert_eq!(run.errors, [""; 0]);
            assert!(run.became.len() == BATCHES.len() + 3, "{run:?}");
            break;
        }
        tried += 1;
    }
    assert!(tried > 1, "strace injected nothing");
    // Past the capture of the tests' output: how much was proven is part of the result.
    let proven = format!("strace: {publish:?}, {call}: {fault}: {tried} points tried\n");
    std::io::stderr().write_all(proven.as_bytes()).unwrap();
}

/// Errors are of a kind, with the place and the system's words.
fn assert_told(root: &Path, run: &Run, kind: &str, cause: &str) {
    for said in &run.errors {
        // Opening fsyncs the directories above as well.
        let placed = said.contains(root.to_str().unwrap())
            || said.contains("open Unavailable cannot fsync /")
            || said.contains("open ResourceExhausted cannot open /");
        let known = said.contains(&format!(" {kind} ")) && placed;
        assert!(known && said.contains(cause), "{said}");
    }
}

fn assert_later_batches_are_in(run: &Run) {
    let refused = run.became.values().filter(|became| **became != Became::Acknowledged).count();
    assert!(refused <= 1, "one failure is one error, and the next call goes well: {:?}", run.errors);
}

macro_rules! sweeps {
    ($($name:ident => $publish:ident, $call:literal, $fault:literal, $check:expr;)*) => {$(
        #[test]
        fn $name() {
            sweep(Publish::$publish, $call, $fault, $check);
        }
    )*};
}

const EIO: &str = "Input/output error";

sweeps! {
    a_kill_at_any_fsync => Link, "fsync", "signal=KILL", |_, _| {};
    a_kill_at_any_fsync_of_a_renamed_file => Rename, "fsync", "signal=KILL", |_, _| {};
    a_kill_at_any_link => Link, "linkat", "signal=KILL", |_, _| {};
    a_kill_at_any_rename => Rename, "renameat2", "signal=KILL", |_, _| {};
    a_kill_at_any_write => Link, "write", "signal=KILL", |_, _| {};
    a_kill_at_any_new_directory => Link, "mkdirat", "signal=KILL", |_, _| {};
    a_kill_at_any_deletion => Link, "unlinkat", "signal=KILL", |_, _| {};
    any_fsync_may_fail => Link, "fsync", "error=EIO", |root, run| assert_told(root, run, "Unavailable", EIO);
    any_fsync_of_a_renamed_file_may_fail => Rename, "fsync", "error=EIO", |root, run| assert_told(root, run, "Unavailable", EIO);
    any_link_may_fail => Link, "linkat", "error=EIO", |root, run| {
        assert_told(root, run, "Unavailable", EIO);
        assert_later_batches_are_in(run);
    };
    any_rename_may_fail => Rename, "renameat2", "error=EIO", |root, run| {
        assert_told(root, run, "Unavailable", EIO);
        assert_later_batches_are_in(run);
    };
    any_write_may_find_no_space => Link, "write", "error=ENOSPC", |root, run| {
        assert_told(root, run, "ResourceExhausted", "No space left on device");
        assert_later_batches_are_in(run);
    };
    any_file_may_not_be_opened => Link, "openat", "error=EMFILE", |root, run| {
        assert_told(root, run, "ResourceExhausted", "Too many open files");
        assert_later_batches_are_in(run);
    };
    any_directory_or_object_may_not_be_opened => Link, "openat2", "error=EMFILE", |root, run| {
        assert_told(root, run, "ResourceExhausted", "Too many open files");
        assert_later_batches_are_in(run);
    };
    any_read_may_fail => Link, "read", "error=EIO", |root, run| {
        assert_told(root, run, "Unavailable", EIO);
        assert_later_batches_are_in(run);
    };
    any_listing_may_fail => Link, "getdents64", "error=EIO", |root, run| {
        assert_told(root, run, "Unavailable", EIO);
        assert_later_batches_are_in(run);
    };
    any_new_directory_may_fail => Link, "mkdirat", "error=EIO", |root, run| {
        assert_told(root, run, "Unavailable", EIO);
        assert_later_batches_are_in(run);
    };
    any_deletion_may_fail => Link, "unlinkat", "error=EIO", |root, run| {
        assert_told(root, run, "Unavailable", EIO);
        assert_later_batches_are_in(run);
    };
}
