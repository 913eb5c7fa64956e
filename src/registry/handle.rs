//! The registry: open, create, get, delete, list.
//!
//! An index is loaded when it is first asked for. One that cannot be loaded is reported by name and never
//! keeps the others from opening.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::follower::Follower;
use super::keeper::Keeper;
use super::live::LiveIndex;
use super::load::{Opened, Stands, open};
use super::settings::Settings;
use super::{convert, names, shared};
use crate::error::{Error, Result};
use crate::frame::{self, Frame};
use crate::index::{Index, Params};
use crate::log::{Append, Log, Outcome};
use crate::store::{self, Store};

/// The indexes of one store, for one user of it; clones are the same registry.
#[derive(Clone)]
pub struct Registry {
    shelf: Arc<Shelf>,
}

/// What the registries of one URL share in a process.
pub(super) struct Shelf {
    pid: u32,
    store: Arc<dyn Store>,
    settings: Settings,
    /// A slot per name, so that loading one index waits for no other.
    live: Mutex<BTreeMap<String, Slot>>,
    /// Held while an index is created: names that differ only in case have different slots.
    creating: Mutex<()>,
    /// Started with the first live index; `None` if none is wanted, or there is no thread to be had.
    follower: OnceLock<Option<Follower>>,
}

/// One index of [`Registry::load_all`]: its name, and the index or why it could not be opened.
pub type Listed = (String, Result<LiveIndex>);

/// Where the index of one name stands, once it is loaded.
type Slot = Arc<Mutex<Option<LiveIndex>>>;

impl Shelf {
    pub(super) fn new(store: Arc<dyn Store>, settings: Settings) -> Self {
        Self {
            pid: std::process::id(),
            store,
            settings,
            live: Mutex::default(),
            creating: Mutex::default(),
            follower: OnceLock::new(),
        }
    }

    /// An index that was opened or created, followed from now on.
    fn live(&self, name: &str, opened: Opened) -> Result<LiveIndex> {
        let keeper = Keeper::new(name, opened, self.settings.clone());
        let live = LiveIndex::new(Arc::clone(&self.store), keeper)?;
        let follower = self
            .follower
            .get_or_init(|| if self.settings.follow { Follower::start(&self.store) } else { None });
        if let Some(follower) = follower {
            follower.add(&live.core()?);
        }
        Ok(live)
    }

    fn slot(&self, name: &str) -> Slot {
        Arc::clone(self.live.lock().entry(name.to_owned()).or_default())
    }

    /// Removes the slot of a name that was asked for in vain, unless another call holds it too: it may be
    /// about to put an index there.
    fn forget(&self, name: &str, slot: &Slot) {
        let mut live = self.live.lock();
        if Arc::strong_count(slot) == 2 {
            live.remove(name);
        }
    }
}

impl Registry {
    /// Opens the registry on the store at `url`: a directory, `memory:`, or `http://` of a storaged.
    ///
    /// Opening a URL that this process has open gives the same live indexes, as long as one registry of it
    /// is held: keep it beside its indexes.
    pub fn open(url: &str) -> Result<Self> {
        Ok(Self { shelf: shared::shelf(url)? })
    }

    /// Opens a registry that shares nothing with others of the same URL in this process.
    pub fn open_unshared(url: &str) -> Result<Self> {
        Ok(Self::on(store::open(url)?))
    }

    /// A registry on a store at hand.
    pub fn on(store: Arc<dyn Store>) -> Self {
        Self::on_with(store, Settings::default())
    }

    /// A registry on a store at hand, whose indexes behave as `settings` say.
    pub fn on_with(store: Arc<dyn Store>, settings: Settings) -> Self {
        Self { shelf: Arc::new(Shelf::new(store, settings)) }
    }

    /// What [`open`](Self::open) takes to reach the same store.
    pub fn url(&self) -> String {
        self.shelf.store.url()
    }

    /// The shelf of this process: in a forked child the parent's threads and connections are gone.
    fn shelf(&self) -> Result<Arc<Shelf>> {
        if self.shelf.pid == std::process::id() {
            return Ok(Arc::clone(&self.shelf));
        }
        let url = self.shelf.store.url();
        if url == "memory:" {
            return Err(Error::unsupported("a memory: store cannot be used in a forked child"));
        }
        shared::shelf(&url)
    }

    /// Creates the index `name`. `AlreadyExists` if there is one; names that differ only in case are one.
    pub fn create(&self, name: &str, params: Params) -> Result<LiveIndex> {
        frame::check_name(name)?;
        params.check()?;
        let shelf = self.shelf()?;
        let _creating = shelf.creating.lock();
        let slot = shelf.slot(name);
        let mut live = slot.lock();
        if live.as_ref().is_some_and(LiveIndex::is_current) {
            return Err(taken(name));
        }
        if let Some(other) = names::list(&*shelf.store, |other| other.eq_ignore_ascii_case(name))?.first() {
            return Err(taken(other));
        }
        let Stands::Nothing(log) = open(&shelf.store, name, &shelf.settings)? else {
            return Err(taken(name));
        };
        Ok(live.insert(shelf.live(name, create(name, params, *log)?)?).clone())
    }

    /// The index `name`; a miss looks at the store again.
    pub fn get(&self, name: &str) -> Result<LiveIndex> {
        frame::check_name(name).map_err(|_| absent(name))?;
        let shelf = self.shelf()?;
        let slot = shelf.slot(name);
        let mut live = slot.lock();
        if let Some(live) = live.as_ref().filter(|live| live.is_current()) {
            return Ok(live.clone());
        }
        *live = None;
        match open(&shelf.store, name, &shelf.settings)? {
            Stands::Index(opened) => Ok(live.insert(shelf.live(name, *opened)?).clone()),
            Stands::Nothing(_) => {
                drop(live);
                shelf.forget(name, &slot);
                Err(absent(name))
            }
        }
    }

    /// The index `name`, created if there is none. One of another dimension or distance is
    /// `InvalidArgument`, naming both.
    pub fn get_or_create(&self, name: &str, params: Params) -> Result<LiveIndex> {
        params.check()?;
        let live = match self.create(name, params) {
            Err(error) if error.kind() == crate::error::ErrorKind::AlreadyExists => self.get(name)?,
            other => return other,
        };
        live.params().agree(&params).map_err(|error| unlike(name, &error))?;
        Ok(live)
    }

    /// Deletes the index `name` and gives its disk back but for a tombstone and the floors.
    pub fn delete(&self, name: &str) -> Result<()> {
        let live = self.get(name)?;
        live.drop_index()?;
        // Its rows go with it, unless the name means a new index already.
        self.shelf()?.slot(name).lock().take_if(|live| live.is_stale());
        Ok(())
    }

    /// The names of the indexes on the store, sorted.
    pub fn names(&self) -> Result<Vec<String>> {
        names::list(&*self.shelf()?.store, |_| true)
    }

    /// Loads every index; one that cannot be loaded stands there with its error.
    pub fn load_all(&self) -> Result<Vec<Listed>> {
        let load = |name: String| {
            let live = self.get(&name);
            (name, live)
        };
        Ok(self.names()?.into_iter().map(load).collect())
    }

    /// The store it stands on.
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.shelf.store)
    }

    /// Gives the registry up. The last of its URL in the process closes the indexes: waits for their
    /// writes and writes snapshots where they are worth their bytes.
    pub fn close(self) -> Result<()> {
        let Some(shelf) = Arc::into_inner(self.shelf) else { return Ok(()) };
        let mut result = Ok(());
        if shelf.pid == std::process::id() {
            for slot in shelf.live.into_inner().into_values() {
                if let Some(live) = slot.lock().take() {
                    result = result.and(live.close());
                }
            }
        }
        result
    }
}

fn create(name: &str, params: Params, mut log: Log) -> Result<Opened> {
    log.begin(uuid::Uuid::new_v4().into_bytes());
    let frame = Frame::Create(convert::params_to_frame(name, &params));
    match log.append(&[frame.into()], &mut |_, _| Ok(vec![Outcome::default()]))? {
        Append::Committed(seq) => Ok(Opened { params, index: Index::new(params, seq)?, log, damage: None }),
        Append::Taken => Err(taken(name)),
        Append::Overtaken => {
            Err(Error::conflict(format!("index {name:?} is being created elsewhere: retry"))
                .outcome_unknown())
        }
    }
}

fn unlike(name: &str, error: &Error) -> Error {
    Error::invalid(format!("index {name:?} {}", error.message()))
}

fn taken(name: &str) -> Error {
    Error::already_exists(format!("index {name:?} exists"))
}

fn absent(name: &str) -> Error {
    Error::not_found(format!("no index is named {name:?}"))
}
