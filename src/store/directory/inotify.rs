//! A watch on directories: inotify(7). How its wait is ended by another thread stands in `poke.rs`.
//!
//! Watched are the directory of each prefix and all above it up to the root. Those above tell when one on
//! the way is made, moved or removed; then what was known of it and of what is below is dropped and looked
//! up again from the root, and its prefixes count as changed. A directory is watched before the next one
//! is opened, so none can be made unnoticed in between.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::{Errno, Result};

use super::poke::Poke;
use super::{beneath, errno};
use crate::error;
use crate::store::{Watch, watch};

/// An object gets its name by `linkat` or by a rename.
const APPEARS: WatchFlags = WatchFlags::CREATE.union(WatchFlags::MOVED_TO);
/// What may put another directory in the place of one on the way, or none.
const ON_THE_WAY: WatchFlags = APPEARS.union(WatchFlags::DELETE).union(WatchFlags::MOVED_FROM);

/// Prefixes watched through the kernel.
#[derive(Debug)]
pub(super) struct Inotify {
    /// For messages.
    url: String,
    root: File,
    queue: OwnedFd,
    poke: Arc<Poke>,
    prefixes: BTreeSet<String>,
    /// Those whose place could not be watched again. Each wait tries anew.
    unwatched: BTreeSet<String>,
    places: BTreeMap<String, Watched>,
    /// The place of each watch descriptor. The kernel does not use one twice.
    descriptors: HashMap<i32, String>,
}

#[derive(Debug, Clone, Copy)]
struct Watched {
    descriptor: i32,
    flags: WatchFlags,
}

impl Inotify {
    /// A watch on nothing yet. `EMFILE` at the limit of inotify instances or of descriptors.
    pub(super) fn new(root: &File, url: &str) -> Result<Self> {
        let root = root.try_clone().map_err(|error| errno::errno(&error))?;
        let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let poke = Arc::new(Poke::new()?);
        Ok(Self {
            url: url.to_owned(),
            root,
            queue,
            poke,
            prefixes: BTreeSet::new(),
            unwatched: BTreeSet::new(),
            places: BTreeMap::new(),
            descriptors: HashMap::new(),
        })
    }

    /// Watches the way from the root to the place of `prefix`, as far as it exists.
    fn arm(&mut self, prefix: &str) -> Result<()> {
        let place = prefix.trim_end_matches('/');
        for above in above(place) {
            match self.watch(above, if above == place { APPEARS } else { ON_THE_WAY }) {
                Ok(()) => {}
                Err(Errno::NOENT | Errno::NOTDIR) => break,
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    fn watch(&mut self, place: &str, flags: WatchFlags) -> Result<()> {
        if self.places.get(place).is_some_and(|watched| watched.flags.contains(flags)) {
            return Ok(());
        }
        // Opened first: inotify takes a path, and would follow links out of the root.
        let directory = beneath::open_directory(self.root.as_fd(), place)?;
        let path = format!("/proc/self/fd/{}", directory.as_raw_fd());
        let how = WatchFlags::MASK_ADD | WatchFlags::ONLYDIR;
        let descriptor = match inotify::add_watch(&self.queue, path, flags | how) {
            // The directory is open, so it is /proc that is missing.
            Err(Errno::NOENT | Errno::NOTDIR) => return Err(Errno::NOSYS),
            answer => answer?,
        };
        let flags = flags | self.places.get(place).map_or(WatchFlags::empty(), |watched| watched.flags);
        self.places.insert(place.to_owned(), Watched { descriptor, flags });
        self.descriptors.insert(descriptor, place.to_owned());
        Ok(())
    }

    /// Drops what is known of `place` and of all below it.
    fn forget(&mut self, place: &str) {
        let gone: Vec<_> = self.places.keys().filter(|other| is_below(other, place)).cloned().collect();
        for place in &gone {
            self.unwatch(place);
        }
    }

    fn unwatch(&mut self, place: &str) {
        let Some(Watched { descriptor, .. }) = self.places.remove(place) else { return };
        // A directory that was moved is known under its later name.
        if self.descriptors.get(&descriptor).is_some_and(|now| now == place) {
            self.descriptors.remove(&descriptor);
            let _ = inotify::remove_watch(&self.queue, descriptor);
        }
    }

    /// The directory at `place` is another one now, or none: looks it up again. All its prefixes have changed.
    fn renew(&mut self, place: &str, changed: &mut BTreeSet<String>) {
        let prefixes: Vec<_> = self
            .prefixes
            .iter()
            .filter(|prefix| is_below(prefix.trim_end_matches('/'), place))
            .cloned()
            .collect();
        if prefixes.is_empty() {
            return;
        }
        self.forget(place);
        for prefix in prefixes {
            match self.arm(&prefix) {
                Ok(()) => self.unwatched.remove(&prefix),
                Err(_) => self.unwatched.insert(prefix.clone()),
            };
            changed.insert(prefix);
        }
    }

    /// Takes the events that are there, and says which prefixes they concern.
    fn drain(&mut self, changed: &mut BTreeSet<String>) -> Result<()> {
        loop {
            let mut buffer = [MaybeUninit::uninit(); 4096];
            let mut events = Vec::new();
            let mut reader = Reader::new(&self.queue, &mut buffer);
            loop {
                match reader.next() {
                    Ok(event) => {
                        let name = event.file_name().map(|name| name.to_string_lossy().into_owned());
                        events.push((event.wd(), event.events(), name.unwrap_or_default()));
                    }
                    Err(Errno::AGAIN) => return Ok(()),
                    Err(Errno::INTR) => continue,
                    Err(errno) => return Err(errno),
                }
                if reader.is_buffer_empty() {
                    break;
                }
            }
            for (descriptor, event, name) in events {
                self.handle(descriptor, event, &name, changed);
            }
        }
    }

    fn handle(&mut self, descriptor: i32, event: ReadFlags, name: &str, changed: &mut BTreeSet<String>) {
        if event.contains(ReadFlags::QUEUE_OVERFLOW) {
            return self.renew("", changed);
        }
        let Some(place) = self.descriptors.get(&descriptor) else { return };
        if event.contains(ReadFlags::IGNORED) {
            let place = place.clone();
            self.renew(&place, changed);
        } else if event.contains(ReadFlags::ISDIR) {
            let below = if place.is_empty() { name.to_owned() } else { format!("{place}/{name}") };
            self.renew(&below, changed);
        } else if event.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
            let prefix = if place.is_empty() { String::new() } else { format!("{place}/") };
            if self.prefixes.contains(&prefix) {
                changed.insert(prefix);
            }
        }
    }

    fn wait_until(&mut self, end: Option<Instant>) -> Result<BTreeSet<String>> {
        let mut changed = BTreeSet::new();
        for prefix in self.unwatched.clone() {
            if self.arm(&prefix).is_ok() {
                self.unwatched.remove(&prefix);
                changed.insert(prefix);
            }
        }
        loop {
            self.drain(&mut changed)?;
            if !changed.is_empty() {
                return Ok(changed);
            }
            let poked = self.poke.sleep_beside(&self.queue, end)?;
            self.drain(&mut changed)?;
            if poked || !changed.is_empty() {
                return Ok(changed);
            }
            if end.is_some_and(|end| end <= Instant::now()) {
                return Ok(self.unwatched.clone());
            }
        }
    }
}

impl Watch for Inotify {
    fn add(&mut self, prefix: &str) -> error::Result<()> {
        watch::place(prefix)?;
        match self.arm(prefix) {
            Ok(()) => {
                self.unwatched.remove(prefix);
                self.prefixes.insert(prefix.to_owned());
                Ok(())
            }
            Err(errno) => {
                self.remove(prefix);
                Err(errno::error(errno, "watch", format_args!("{}/{prefix}", self.url)))
            }
        }
    }

    fn remove(&mut self, prefix: &str) {
        self.prefixes.remove(prefix);
        self.unwatched.remove(prefix);
        for place in above(prefix.trim_end_matches('/')) {
            if !self.prefixes.iter().any(|other| is_below(other.trim_end_matches('/'), place)) {
                self.unwatch(place);
            }
        }
    }

    fn wait(&mut self, timeout: Duration) -> Vec<String> {
        let end = Instant::now().checked_add(timeout);
        let changed = self.wait_until(end).unwrap_or_else(|_| {
            // The kernel could not wait (no memory): as slow as asking, but no slower, and never a spin.
            std::thread::sleep(timeout);
            self.prefixes.clone()
        });
        changed.into_iter().collect()
    }

    fn waker(&self) -> Waker {
        Waker::from(self.poke.clone())
    }
}

/// The root, the places on the way to `place`, and itself.
fn above(place: &str) -> impl Iterator<Item = &str> {
    let way = place.match_indices('/').map(|(at, _)| &place[..at]);
    std::iter::once("").chain(way).chain((!place.is_empty()).then_some(place))
}

fn is_below(place: &str, above: &str) -> bool {
    above.is_empty() || place.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
