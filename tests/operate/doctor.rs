//! `doctor` tells stores that decide races from those that do not.

use std::sync::Arc;

use vectord::error::Result;
use vectord::store::{Capabilities, Key, Memory, Page, Put, Replace, Store, list_all, probe};

use crate::place::{Place, json, text};
use crate::service::Service;

/// A store that looks, then writes, as several S3 look-alikes do: two may be told that they created a key.
#[derive(Debug, Default)]
struct LooksThenWrites {
    inner: Memory,
}

impl Store for LooksThenWrites {
    fn put_if_absent(&self, key: &Key, bytes: &[u8]) -> Put {
        match self.inner.size(key) {
            Ok(Some(_)) => return Put::Exists,
            Ok(None) => std::thread::yield_now(),
            Err(_) => {}
        }
        // Long enough for every racer to have looked.
        std::thread::sleep(std::time::Duration::from_millis(5));
        match self.inner.replace(key, bytes) {
            Replace::Created | Replace::Replaced => Put::Created,
            Replace::Failed { error, written } => Put::Failed { error, written },
        }
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        self.inner.get(key)
    }

    fn size(&self, key: &Key) -> Result<Option<u64>> {
        self.inner.size(key)
    }

    fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Page> {
        self.inner.list(prefix, start_after, limit)
    }

    fn delete(&self, key: &Key) -> Result<()> {
        self.inner.delete(key)
    }

    fn replace(&self, key: &Key, bytes: &[u8]) -> Replace {
        self.inner.replace(key, bytes)
    }

    fn url(&self) -> String {
        self.inner.url()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
}

#[test]
fn a_store_that_looks_and_then_writes_fails_the_race_and_nothing_is_left() {
    let store = Arc::new(LooksThenWrites::default());
    let probed = probe(&*store).unwrap();
    let failed: Vec<_> = probed.checks.iter().filter(|check| !check.ok).map(|check| check.name).collect();
    assert_eq!((failed, probed.several_writers), (vec!["put_if_absent"], false));
    let race = probed.checks.iter().find(|check| check.name == "put_if_absent").unwrap();
    assert!(race.seen.as_ref().unwrap().contains("of 32 were told that they created it"), "{race:?}");
    assert_eq!(list_all(&*store, "").unwrap(), []);
}

#[test]
fn a_directory_may_have_several_writers_and_keeps_the_verdict() {
    let place = Place::with_docs(false);
    let before = place.files();
    let verdict = json(&["doctor", place.path()], 0);
    assert_eq!((&verdict["several_writers"], &verdict["durable"]), (&true.into(), &true.into()));
    assert!(verdict["checks"].as_array().unwrap().iter().all(|check| check["ok"] == true), "{verdict}");
    assert!(
        verdict["free_bytes"].as_u64().unwrap() > 0 && verdict["put_p50_seconds"].as_f64().unwrap() > 0.0
    );
    let kept = std::fs::read(place.join("_vectord/doctor.json")).unwrap();
    let mut left = place.files();
    left.retain(|(path, _)| !path.ends_with("_vectord/doctor.json"));
    assert!(before == left, "nothing else is left");
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&kept).unwrap(), verdict);
    json(&["verify", place.path()], 0);
    assert!(text(&["doctor", place.path()], 0).ends_with("several writers: yes\n"));
}

#[test]
fn a_storaged_may_have_several_writers() {
    let place = Place::new();
    let storaged = Service::storaged(std::path::Path::new(place.path()));
    assert_eq!(json(&["doctor", &storaged.url], 0)["several_writers"], true);
}
