//! A directory store with indexes in it, its files, and the commands run on it.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;
use vectord::registry::{Batch, LiveIndex, Params, Registry};
use vectord::store::{Store, open};

use crate::service::vectord;

pub struct Place {
    folder: TempDir,
}

/// Rows `prefix0`, `prefix1`, .. of four values each.
pub fn batch(prefix: &str, rows: usize) -> Batch {
    let mut batch = Batch::builder(rows, 4);
    for i in 0..rows {
        let metadata = format!("{{\"i\":{i}}}");
        batch
            .push_row(&format!("{prefix}{i}"), Some(&metadata), &[1.0, i as f32, 0.5, prefix.len() as f32])
            .unwrap();
    }
    batch.finish().unwrap()
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    pub fn join(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub fn store(&self) -> Arc<dyn Store> {
        open(self.path()).unwrap()
    }

    pub fn registry(&self) -> Registry {
        Registry::open_unshared(self.path()).unwrap()
    }

    /// An index `docs` of entries 1 (create), 2 (20 rows), 3 (5 deleted), 4 (10 rows), 5 (10 rows, with a key).
    pub fn docs(&self) -> (Registry, LiveIndex) {
        let registry = self.registry();
        let live = registry.create("docs", Params::new(4)).unwrap();
        live.add(batch("a", 20), None).unwrap();
        live.delete(&["a0", "a1", "a2", "a3", "a4"]).unwrap();
        live.add(batch("bb", 10), None).unwrap();
        live.add(batch("ccc", 10), Some("key-1")).unwrap();
        (registry, live)
    }

    /// The same, and closed; with snapshots after entries 3 and 4 where `checkpoints`.
    pub fn with_docs(checkpoints: bool) -> Self {
        let place = Self::new();
        if checkpoints {
            let registry = place.registry();
            let live = registry.create("docs", Params::new(4)).unwrap();
            live.add(batch("a", 20), None).unwrap();
            live.delete(&["a0", "a1", "a2", "a3", "a4"]).unwrap();
            live.checkpoint().unwrap();
            live.add(batch("bb", 10), None).unwrap();
            live.checkpoint().unwrap();
            live.add(batch("ccc", 10), Some("key-1")).unwrap();
        } else {
            drop(place.docs());
        }
        place
    }

    pub fn file(&self, key: &str) -> PathBuf {
        self.folder.path().join("_vectors").join(key)
    }

    pub fn entry(&self, seq: u64) -> PathBuf {
        self.file(&format!("docs/log/{seq:020}.lhl1"))
    }

    pub fn snapshot(&self, seq: u64) -> PathBuf {
        self.file(&format!("docs/snap/{seq:020}.lhv1"))
    }

    /// Every file below the store and its bytes, sorted.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut folders = vec![self.folder.path().to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push((path.clone(), std::fs::read(path).unwrap()));
                }
            }
        }
        files.sort();
        files
    }
}

/// Turns one bit of a file, in the middle.
pub fn damage(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

pub fn run(args: &[&str]) -> Output {
    vectord(args).output().unwrap()
}

/// The document a command prints with `--json`, after checking its exit status.
pub fn json(args: &[&str], status: i32) -> Value {
    let output = run(&[args, &["--json"]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{args:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}: {said}"))
}

/// What a command prints, after checking its exit status.
pub fn text(args: &[&str], status: i32) -> String {
    let output = run(args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a command that fails says on standard error; it prints nothing else.
pub fn refused(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(output.status.code(), Some(1), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
    assert!(output.stdout.is_empty(), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}
