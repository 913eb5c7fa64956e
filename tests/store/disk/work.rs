//! The rows that are sent, and what must be true of an index and of its files whatever happened.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use vectord::error::{Error, ErrorKind, Outcome};
use vectord::frame;
use vectord::registry::{Batch, LiveIndex, Params, Registry, SearchOptions};

/// The index that is written.
pub const NAME: &str = "docs";
const DIMENSION: u32 = 8;
const ROWS: usize = 3;

pub fn params() -> Params {
    Params::new(DIMENSION)
}

fn id(n: usize, row: usize) -> String {
    format!("{n}-{row}")
}

/// Different for each row, with components that only survive as bits.
fn vector(n: usize, row: usize) -> [f32; DIMENSION as usize] {
    let seed = (n * ROWS + row) as f32;
    [seed.cos(), seed.sin(), -0.0, f32::MIN_POSITIVE / 2.0, 1.0 / (3.0 + seed), -0.1, seed * 1e-30, 0.3]
}

fn metadata(n: usize, row: usize, padding: usize) -> String {
    format!("{{\"n\":{n},\"row\":{row},\"padding\":\"{}\"}}", "x".repeat(padding))
}

/// Batch `n`, each row with so many bytes of padding.
pub fn batch(n: usize, padding: usize) -> Batch {
    let mut rows = Batch::builder(ROWS, DIMENSION);
    for row in 0..ROWS {
        rows.push_row(&id(n, row), Some(&metadata(n, row, padding)), &vector(n, row)).unwrap();
    }
    rows.finish().unwrap()
}

/// Whether batch `n` is there, bit for bit; part of it is a failure.
pub fn holds(live: &LiveIndex, n: usize, padding: usize) -> bool {
    let ids: Vec<_> = (0..ROWS).map(|row| id(n, row)).collect();
    let found = live.get(&ids.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    for (row, found) in found.iter().enumerate() {
        let Some(found) = found else { continue };
        let (there, wanted) = (found.vector.iter().map(|x| x.to_bits()), vector(n, row));
        assert!(there.eq(wanted.iter().map(|x| x.to_bits())), "batch {n}, row {row}: {:?}", found.vector);
        assert_eq!(found.metadata.as_deref(), Some(&*metadata(n, row, padding)), "batch {n}, row {row}");
    }
    let there = found.iter().flatten().count();
    assert!(there == 0 || there == ROWS, "{there} of {ROWS} rows of batch {n}");
    there == ROWS
}

/// The index holds these batches, finds them, and holds nothing else.
pub fn assert_holds_exactly(live: &LiveIndex, batches: &BTreeSet<usize>, padding: usize) {
    for &n in batches {
        assert!(holds(live, n, padding), "batch {n} is lost");
        let hits =
            live.search(&vector(n, 0), &SearchOptions { exact: true, ..SearchOptions::new(ROWS) }).unwrap();
        assert!(hits.ids.iter().any(|found| *found == *id(n, 0)), "batch {n}: {:?}", hits.ids);
    }
    assert_eq!(live.len().unwrap(), batches.len() * ROWS, "nothing that was not sent");
    assert_eq!(live.validate().unwrap(), [""; 0]);
}

/// Every file below `root`, except `beside`.
pub fn files(root: &Path, beside: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path(), beside));
        } else if entry.file_name() != beside {
            found.push(entry.path());
        }
    }
    found
}

/// Every file of the store is a whole object, but for `beside`.
pub fn assert_whole_objects(root: &Path, beside: &str) {
    for path in files(root, beside) {
        let bytes = fs::read(&path).unwrap();
        let whole = match frame::parse_key(path.strip_prefix(root).unwrap().to_str().unwrap()) {
            Some(frame::Key::Log { .. }) => frame::decode_entry(&bytes).map(drop),
            Some(frame::Key::Snapshot { .. }) => frame::decode_snapshot(&bytes).map(drop),
            Some(frame::Key::Floor { .. }) => frame::decode_floor(&bytes).map(drop),
            Some(
                frame::Key::Legacy { .. }
                | frame::Key::Quarantined { .. }
                | frame::Key::QuarantineRecord { .. },
            )
            | None => panic!("{} is no object", path.display()),
        };
        whole.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

/// An error a caller can act on: its kind, the place it happened at, and the system's words; nothing was written.
pub fn assert_says(error: &Error, kind: ErrorKind, root: &Path, cause: &str) {
    let said = error.to_string();
    assert_eq!((error.kind(), error.outcome()), (kind, Outcome::Known), "{said}");
    assert!(said.contains(root.to_str().unwrap()) && said.contains(cause), "{said:?} has no {cause:?}");
}

/// Opens the store again as a process that comes later does, and finds exactly these batches; writing works.
pub fn assert_reopens_with(root: &Path, batches: &BTreeSet<usize>, padding: usize) {
    let registry = Registry::open_unshared(root.to_str().unwrap()).unwrap();
    let live = registry.get(NAME).unwrap();
    assert_holds_exactly(&live, batches, padding);
    let later = 1 + batches.last().copied().unwrap_or(0);
    live.add(batch(later, padding), None).unwrap();
    assert!(holds(&live, later, padding));
}
