//! One log, one state: on every instruction set, by any number of threads, with huge pages or without.
//!
//! The instruction set is chosen once in a process, so each is a process of its own: this very binary, told to
//! run the ignored test at the end.

use std::process::Command;

use vectord::index::{Distance, Params, SearchOptions};
use vectord::metric::{Isa, Kernels};
use vectord::registry::{Batch, Registry};

use crate::fed::Fed;
use crate::support::numbers::Seeded;
use crate::support::skip::skip;

const CASE: &str = "VECTORD_TEST_CASE";
const PAGES: &str = "VECTORD_TEST_SMALL_PAGES";
const D: usize = 20;

/// What the child says of `case`.
fn said(case: &str, isa: Isa, threads: usize, small_pages: bool) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "--nocapture", "processors::a_process_of_its_own"]);
    command.env(CASE, case).env("VECTORD_ISA", isa.name()).env("VECTORD_THREADS", threads.to_string());
    if small_pages {
        command.env(PAGES, "1");
    }
    let output = command.output().unwrap();
    let said = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    assert!(output.status.success(), "{case} on {}: {said}", isa.name());
    let (_, line) = said.split_once("digest ").unwrap_or_else(|| panic!("{said}"));
    line.lines().next().unwrap().to_owned()
}

fn one_state(case: &str) {
    let first = said(case, Isa::Scalar, 1, false);
    for (isa, threads, small_pages) in
        [(Isa::Avx2, 2, false), (Isa::Avx512, 4, false), (Isa::Avx512, 1, true)]
    {
        if Kernels::best(isa).isa() == isa {
            assert_eq!(
                said(case, isa, threads, small_pages),
                first,
                "{case} on {}, {threads} threads",
                isa.name()
            );
        } else {
            skip(isa.name(), "this processor does not have it");
        }
    }
}

#[test]
fn cosine_is_one_state() {
    one_state("cosine");
}

#[test]
fn euclidean_is_one_state() {
    one_state("euclidean");
}

#[test]
fn bytes_are_one_state() {
    one_state("bytes");
}

#[test]
fn dot_is_one_state() {
    one_state("dot");
}

#[test]
fn a_mapped_index_is_searched_by_one_thread_without_huge_pages() {
    said("mapped", Kernels::best(Isa::Avx512).isa(), 1, true);
    said("mapped", Isa::Scalar, 1, true);
}

#[test]
#[ignore = "run by the tests above, in a process of its own"]
fn a_process_of_its_own() {
    let Ok(case) = std::env::var(CASE) else { return };
    if std::env::var_os(PAGES).is_some() {
        without_huge_pages();
    }
    assert_eq!(std::env::var("VECTORD_ISA").unwrap(), Kernels::get().isa().name());
    if case == "mapped" {
        return mapped();
    }
    let distance = match case.as_str() {
        "bytes" => Distance::Euclidean,
        name => Distance::parse(name).unwrap(),
    };
    let mut random = Seeded(7);
    let mut rows = random.clustered(9_000, D);
    if case == "bytes" {
        rows.iter_mut().flatten().for_each(|value| *value = (value.clamp(-1.2, 1.2) * 100.0 + 125.0).round());
    }
    let mut fed = Fed::new(Params { distance, ..Params::new(D as u32) });
    // Past the growth point at 8,192 rows, with copies, replaced rows, deleted rows and a compaction.
    fed.add(&rows[..2_600]);
    fed.delete(&(0..2_600).step_by(3).collect::<Vec<_>>());
    fed.put(&[0, 3, 6, 7, 8]);
    fed.compact();
    let copies: Vec<Vec<f32>> = rows[..300].to_vec();
    fed.add(&copies);
    rows[2_600..].chunks(1_300).for_each(|rows| fed.add(rows));
    fed.put(&(5_000..5_400).collect::<Vec<_>>());
    assert!(fed.index.slots() > 8_192);
    println!("digest {:032x} {}", fed.digest(), fed.index.stats().codec);
}

#[cfg(target_os = "linux")]
fn without_huge_pages() {
    rustix::thread::disable_transparent_huge_pages(true).unwrap();
}

#[cfg(not(target_os = "linux"))]
fn without_huge_pages() {}

/// Vectors read from the snapshot's file, which is mapped read-only.
fn mapped() {
    let root = tempfile::tempdir().unwrap();
    let rows = Seeded(8).clustered(3_000, 128);
    let params = Params::new(128);
    let fill = |registry: Registry| {
        let live = registry.create("docs", params).unwrap();
        let mut batch = Batch::builder(rows.len(), 128);
        rows.iter().enumerate().for_each(|(id, row)| batch.push_row(&format!("{id}"), None, row).unwrap());
        live.add(batch.finish().unwrap(), None).unwrap();
        live.checkpoint().unwrap();
        registry.close().unwrap();
    };
    fill(Registry::open_unshared(root.path().to_str().unwrap()).unwrap());
    let registry = Registry::open_unshared(root.path().to_str().unwrap()).unwrap();
    let live = registry.get("docs").unwrap();
    let stats = live.stats().unwrap().index;
    assert_eq!((stats.codec, stats.bytes_mapped), ("sq8", 3_000 * 128 * 4));
    for (id, row) in rows.iter().enumerate().step_by(37) {
        let [near, exact] = [false, true]
            .map(|exact| live.search(row, &SearchOptions { exact, ..SearchOptions::new(10) }).unwrap());
        assert_eq!((&near.ids[0], near.len()), (id.to_string().as_str(), 10));
        assert_eq!(near.distances[0].to_bits(), exact.distances[0].to_bits());
    }
    println!("digest {:?}", live.digest().unwrap());
}
