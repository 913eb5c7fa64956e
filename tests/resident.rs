//! What an index takes of this process's own memory, which is why this binary holds one test.
//!
//! Anonymous memory is counted (`RssAnon`): pages of a mapped file are the kernel's, and shared.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use support::numbers::Seeded;
use vectord::registry::{Batch, LiveIndex, Params, Registry, SearchOptions};

const ROWS: usize = 4_000;
const D: usize = 1_024;
const VECTORS: usize = ROWS * D * 4;

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

#[test]
fn an_opened_index_holds_less_than_half_of_its_vectors_bytes_in_memory_of_its_own() {
    let root = tempfile::tempdir().unwrap();
    let url = root.path().to_str().unwrap();
    // Another process writes it: what an allocator keeps after that would be counted here.
    if let Some(url) = std::env::var_os("VECTORD_TEST_WRITE") {
        let registry = Registry::open_unshared(url.to_str().unwrap()).unwrap();
        let live = registry.create("docs", Params::new(D as u32)).unwrap();
        let mut random = Seeded(6);
        for first in (0..ROWS).step_by(1_000) {
            let mut batch = Batch::builder(1_000, D as u32);
            (first..first + 1_000)
                .for_each(|id| batch.push_row(&format!("r{id}"), None, &random.vector(D)).unwrap());
            live.add(batch.finish().unwrap(), None).unwrap();
        }
        live.digest().unwrap();
        let before = anonymous();
        live.checkpoint().unwrap();
        println!("checkpoint: {} to {} KiB", before >> 10, anonymous() >> 10);
        drop(live);
        registry.close().unwrap();
        return;
    }
    let mut writer = std::process::Command::new(std::env::current_exe().unwrap());
    assert!(writer.arg("--nocapture").env("VECTORD_TEST_WRITE", url).status().unwrap().success());

    let before = anonymous();
    let registry = Registry::open_unshared(url).unwrap();
    let live = registry.get("docs").unwrap();
    search(&live);
    let grown = anonymous().saturating_sub(before);
    println!("opened: {} KiB for {} KiB of vectors", grown >> 10, VECTORS >> 10);
    assert!(grown < VECTORS / 2, "{grown} bytes for {VECTORS} of vectors");
    let stats = live.stats().unwrap().index;
    assert_eq!(stats.bytes_mapped, VECTORS);
    assert!(stats.bytes_memory < VECTORS / 2, "{} bytes", stats.bytes_memory);
}
