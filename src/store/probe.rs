//! Whether a store keeps what it promises: races, reads after writes, listings, deletions, and how long a put takes.
//!
//! It writes under a prefix of its own, outside every index, and deletes what it wrote.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use super::{Key, Put, Replace, Store, list_all};
use crate::error::{Error, Result};

/// Where probing writes; no index has keys there.
const PREFIX: &str = "_vectord/doctor/";
/// Processes that race for one key.
const RACERS: usize = 32;
/// Keys raced for.
const ROUNDS: usize = 8;
/// Puts that are timed.
const TIMED: usize = 20;

/// What a store was found to do.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Each check, in the order it was made.
    pub checks: Vec<Check>,
    /// The median time of a put of 4 KiB, until it is as durable as the store makes it.
    pub put_p50: Duration,
    /// The longest of them.
    pub put_max: Duration,
    /// Whether several processes may write: every check held, and the store says that it decides races.
    pub several_writers: bool,
    /// Bytes free where the store is a directory.
    pub free_bytes: Option<u64>,
}

/// One promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its name, stable.
    pub name: &'static str,
    /// Whether it held.
    pub ok: bool,
    /// What that means.
    pub meaning: &'static str,
    /// What was seen, where it did not hold.
    pub seen: Option<String>,
}

/// Tries a store. An error means that it could not be tried at all; what it gets wrong is in the checks.
pub fn probe(store: &dyn Store) -> Result<Probe> {
    let prefix = format!("{PREFIX}{}/", uuid::Uuid::new_v4().simple());
    let probed = try_all(store, &prefix);
    let cleaned = clean(store, &prefix);
    let probe = probed?;
    cleaned.map(|()| probe)
}

/// Remembers a verdict on the store itself, in place of the last one.
pub fn remember(store: &dyn Store, verdict: &[u8]) -> Result<Key> {
    let key = Key::parse("_vectord/doctor.json")?;
    match store.replace(&key, verdict) {
        Replace::Created | Replace::Replaced => Ok(key),
        Replace::Failed { error, .. } => Err(error.within(key.as_str())),
    }
}

fn try_all(store: &dyn Store, prefix: &str) -> Result<Probe> {
    let key = |name: &str| Key::parse(format!("{prefix}{name}"));
    // A store that cannot be written at all is an error, not a check.
    let first = key("first")?;
    match store.put_if_absent(&first, b"first") {
        Put::Created => {}
        Put::Exists => return Err(Error::corrupt("a key drawn at random exists").within(first.as_str())),
        Put::Failed { error, .. } => return Err(error.within(first.as_str())),
    }
    let mut checks = vec![Check::of(
        "put_if_absent",
        "of 32 who create one key at once, one is told so, and its bytes stand",
        races(store, prefix),
    )];
    checks.push(Check::of(
        "never_overwrites",
        "creating a key that exists changes nothing",
        never_overwrites(store, &first),
    ));
    checks.push(Check::of(
        "read_after_write",
        "what was put is read back at once, whole, and its size is right",
        read_after_write(store, &key("read")?),
    ));
    checks.push(Check::of(
        "list_after_write",
        "what was put is listed at once, in order",
        list_after_write(store, prefix),
    ));
    checks.push(Check::of(
        "get_after_delete",
        "what was deleted is gone at once, and can be created again",
        get_after_delete(store, &key("deleted")?),
    ));
    let mut times =
        (0..TIMED).map(|i| timed(store, &key(&format!("timed-{i:02}"))?)).collect::<Result<Vec<_>>>()?;
    times.sort_unstable();
    let promised = store.capabilities().put_if_absent;
    Ok(Probe {
        several_writers: promised && checks.iter().all(|check| check.ok),
        checks,
        put_p50: times[TIMED / 2],
        put_max: times[TIMED - 1],
        free_bytes: free_bytes(&store.url()),
    })
}

impl Check {
    fn of(name: &'static str, meaning: &'static str, result: Result<Option<String>>) -> Self {
        let seen = result.unwrap_or_else(|error| Some(error.to_string()));
        Self { name, ok: seen.is_none(), meaning, seen }
    }
}

/// What is wrong, if something is.
type Seen = Result<Option<String>>;

fn races(store: &dyn Store, prefix: &str) -> Seen {
    for round in 0..ROUNDS {
        let key = Key::parse(format!("{prefix}race-{round}"))?;
        let start = Barrier::new(RACERS);
        let race = |racer: usize| {
            let bytes = format!("round {round}, racer {racer}").into_bytes();
            start.wait();
            (store.put_if_absent(&key, &bytes), bytes)
        };
        let answers: Vec<_> = std::thread::scope(|scope| {
            let race = &race;
            let running: Vec<_> = (0..RACERS).map(|racer| scope.spawn(move || race(racer))).collect();
            running.into_iter().filter_map(|racer| racer.join().ok()).collect()
        });
        let mut winners = Vec::new();
        for (answer, bytes) in answers {
            match answer {
                Put::Created => winners.push(bytes),
                Put::Exists => {}
                Put::Failed { error, .. } => {
                    return Ok(Some(format!("round {round}: a create failed: {error}")));
                }
            }
        }
        let there = store.get(&key)?;
        if winners.len() != 1 {
            return Ok(Some(format!(
                "round {round}: {} of {RACERS} were told that they created it",
                winners.len()
            )));
        }
        if there.as_ref() != winners.first() {
            return Ok(Some(format!("round {round}: the bytes that stand are not the winner's")));
        }
    }
    Ok(None)
}

fn never_overwrites(store: &dyn Store, first: &Key) -> Seen {
    let answer = store.put_if_absent(first, b"second");
    let there = store.get(first)?;
    Ok(match (answer, there.as_deref()) {
        (Put::Exists, Some(b"first")) => None,
        (Put::Failed { error, .. }, _) => Some(error.to_string()),
        (answer, there) => {
            Some(format!("answered {answer:?}; {} bytes stand there", there.map_or(0, <[u8]>::len)))
        }
    })
}

fn read_after_write(store: &dyn Store, key: &Key) -> Seen {
    let bytes: Vec<u8> = (0..100_000_u32).map(|i| (i % 251) as u8).collect();
    put(store, key, &bytes)?;
    let (there, size) = (store.get(key)?, store.size(key)?);
    if there.as_ref() != Some(&bytes) {
        let got = there.map_or(0, |there| there.len());
        return Ok(Some(format!("put {} bytes, read {got} or others", bytes.len())));
    }
    if size != Some(bytes.len() as u64) {
        return Ok(Some(format!("put {} bytes, the size is told as {size:?}", bytes.len())));
    }
    Ok(None)
}

fn list_after_write(store: &dyn Store, prefix: &str) -> Seen {
    let mut wanted = Vec::new();
    for i in 0..10 {
        let key = Key::parse(format!("{prefix}list/{i:020}"))?;
        put(store, &key, b"x")?;
        wanted.push(key);
        let listed: Vec<Key> =
            list_all(store, &format!("{prefix}list/"))?.into_iter().map(|object| object.key).collect();
        if listed != wanted {
            return Ok(Some(format!(
                "{} keys put, {} listed or in another order",
                wanted.len(),
                listed.len()
            )));
        }
    }
    Ok(None)
}

fn get_after_delete(store: &dyn Store, key: &Key) -> Seen {
    put(store, key, b"x")?;
    store.delete(key)?;
    if store.get(key)?.is_some() || store.size(key)?.is_some() {
        return Ok(Some("it is still read".to_owned()));
    }
    if list_all(store, key.as_str())?.iter().any(|object| object.key == *key) {
        return Ok(Some("it is still listed".to_owned()));
    }
    Ok(match store.put_if_absent(key, b"y") {
        Put::Created => None,
        Put::Exists => Some("it counts as there when it is created again".to_owned()),
        Put::Failed { error, .. } => Some(error.to_string()),
    })
}

fn timed(store: &dyn Store, key: &Key) -> Result<Duration> {
    let begun = Instant::now();
    put(store, key, &[7; 4096])?;
    Ok(begun.elapsed())
}

fn put(store: &dyn Store, key: &Key, bytes: &[u8]) -> Result<()> {
    match store.put_if_absent(key, bytes) {
        Put::Created => Ok(()),
        Put::Exists => Err(Error::corrupt("the store says that a new key exists").within(key.as_str())),
        Put::Failed { error, .. } => Err(error.within(key.as_str())),
    }
}

fn clean(store: &dyn Store, prefix: &str) -> Result<()> {
    list_all(store, prefix)?.iter().try_for_each(|object| store.delete(&object.key))
}

fn free_bytes(url: &str) -> Option<u64> {
    let path = std::path::Path::new(url);
    let figures = path.is_absolute().then(|| rustix::fs::statvfs(path).ok())??;
    Some(figures.f_bavail * figures.f_frsize)
}
