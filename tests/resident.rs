//! What an index takes of its process's own memory, which is why this binary holds one test at a time.
//!
//! Counted is what is allocated, and anonymous memory (`RssAnon`): pages of a mapped file are the kernel's.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use support::numbers::Seeded;
use vectord::registry::{Batch, LiveIndex, Params, Registry, SearchOptions};

const ROWS: usize = 4_000;
const D: usize = 1_024;
const VECTORS: usize = ROWS * D * 4;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call goes to `System` unchanged, and counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(ALLOCATED.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: the caller keeps `alloc`'s contract, which is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: `pointer` came from `System` with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes of anonymous memory in use.
fn anonymous() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

fn search(live: &LiveIndex) {
    let mut random = Seeded(7);
    for _ in 0..50 {
        assert_eq!(live.search(&random.vector(D), &SearchOptions::new(10)).unwrap().ids.len(), 10);
    }
}

/// The store's directory, in a process that runs one of the tests below and nothing else.
const ROOT: &str = "VECTORD_TEST_ROOT";

fn run_alone(test: &str, root: &Path) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "--nocapture", test]).env(ROOT, root);
    let output = command.output().unwrap();
    let said = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn vectors_that_a_snapshot_holds_take_no_memory_of_the_process() {
    let root = tempfile::tempdir().unwrap();
    run_alone("a_checkpoint_copies_no_vectors_and_gives_their_memory_back", root.path());
    run_alone("opening_copies_no_vectors", root.path());
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn a_checkpoint_copies_no_vectors_and_gives_their_memory_back() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    let registry = Registry::open_unshared(root.to_str().unwrap()).unwrap();
    let live = registry.create("docs", Params::new(D as u32)).unwrap();
    let mut random = Seeded(6);
    for first in (0..ROWS).step_by(1_000) {
        let mut batch = Batch::builder(1_000, D as u32);
        (first..first + 1_000)
            .for_each(|id| batch.push_row(&format!("r{id}"), None, &random.vector(D)).unwrap());
        live.add(batch.finish().unwrap(), None).unwrap();
    }
    // All rows are attached then, and the memory that took is given back.
    live.digest().unwrap();
    let before = ALLOCATED.load(Relaxed);
    MOST.store(before, Relaxed);
    live.checkpoint().unwrap();
    let most = MOST.load(Relaxed) - before;
    assert!(most < VECTORS / 2, "{most} bytes more for {VECTORS} of vectors");
    let after = ALLOCATED.load(Relaxed);
    assert!(after + VECTORS * 9 / 10 < before, "{before} bytes before, {after} after");
    search(&live);
    drop(live);
    registry.close().unwrap();
}

#[test]
#[ignore = "run by a test above, in a process of its own"]
fn opening_copies_no_vectors() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    let (resident, allocated) = (anonymous(), ALLOCATED.load(Relaxed));
    MOST.store(allocated, Relaxed);
    let registry = Registry::open_unshared(root.to_str().unwrap()).unwrap();
    let live = registry.get("docs").unwrap();
    search(&live);
    let grown = anonymous().saturating_sub(resident);
    assert!(grown < VECTORS / 2, "{grown} bytes of anonymous memory for {VECTORS} of vectors");
    let most = MOST.load(Relaxed) - allocated;
    // Codes take a quarter of what the vectors would.
    assert!(most < VECTORS * 3 / 4, "{most} bytes allocated for {VECTORS} of vectors");
    let stats = live.stats().unwrap().index;
    assert_eq!(stats.bytes_mapped, VECTORS);
    assert!(stats.bytes_memory < VECTORS / 2, "{} bytes", stats.bytes_memory);
}
