//! Where a log stands, for readers that must not wait for its writer: is there anything newer on the store?
//!
//! Two questions to the store decide it: does the next entry exist, does the next floor? If neither does, all
//! that anybody acknowledged before the first question is applied here. The entry may have been deleted since,
//! but then a floor above this position was published before, and either it is known here or the second
//! question finds it.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::floor::Floors;
use crate::error::Result;
use crate::frame::{self, Digest};
use crate::store::{Bytes, Key, Store};

/// The place of a log, shared with its readers; the log itself moves it, after what it applied is visible.
#[derive(Debug)]
pub struct Mark {
    name: String,
    place: ArcSwap<Place>,
}

#[derive(Debug)]
struct Place {
    seq: u64,
    floors: Floors,
    next_entry: Key,
    next_floor: Key,
    /// An entry of this process that is on its way to `next_entry`, and of which nobody anywhere was told.
    sending: Option<(u64, Digest)>,
}

impl Place {
    fn new(name: &str, seq: u64, floors: Floors, sending: Option<(u64, Digest)>) -> Result<Self> {
        Ok(Self {
            seq,
            floors,
            next_entry: Key::parse(frame::log_key(name, seq + 1))?,
            next_floor: Key::parse(frame::floor_key(name, floors.number + 1))?,
            sending,
        })
    }
}

/// The digest in the trailer of an entry; where its file can be mapped, nothing else of it is read.
fn digest_there(store: &dyn Store, key: &Key) -> Result<Option<Digest>> {
    Ok(Bytes::of(store, key)?.and_then(|entry| frame::digest_of(&entry).ok()))
}

impl Mark {
    pub(super) fn new(name: &str, seq: u64, floors: Floors) -> Result<Arc<Self>> {
        let place = ArcSwap::from_pointee(Place::new(name, seq, floors, None)?);
        Ok(Arc::new(Self { name: name.to_owned(), place }))
    }

    pub(super) fn set(&self, seq: u64, floors: Floors, sending: Option<(u64, Digest)>) {
        // The keys of a name that one key could be made of can be made.
        if let Ok(place) = Place::new(&self.name, seq, floors, sending) {
            self.place.store(Arc::new(place));
        }
    }

    /// The seq of the newest floor known here: every snapshot below it is deleted, or about to be.
    pub fn floor(&self) -> u64 {
        self.place.load().floors.seq
    }

    /// Whether it tells readers of this place, and of nothing on its way.
    pub(super) fn stands_at(&self, seq: u64, floors: Floors) -> bool {
        let place = self.place.load();
        (place.seq, place.floors, place.sending) == (seq, floors, None)
    }

    /// Whether the store holds something that is not applied here and may have been acknowledged to somebody.
    ///
    /// `floor` says whether to look for the next floor too. Without, `false` proves nothing for a process that
    /// stood still while others checkpointed.
    pub fn behind(&self, store: &dyn Store, floor: bool) -> Result<bool> {
        let place = self.place.load();
        if place.floors.seq > place.seq {
            return Ok(true);
        }
        if let Some(size) = store.size(&place.next_entry)? {
            let ours = match place.sending {
                Some((bytes, digest)) if bytes == size => {
                    digest_there(store, &place.next_entry)?.is_some_and(|there| there == digest)
                }
                Some(_) | None => false,
            };
            // Behind an entry of ours, another process may have been acknowledged already.
            if !ours || store.size(&Key::parse(frame::log_key(&self.name, place.seq + 2))?)?.is_some() {
                return Ok(true);
            }
        }
        Ok(floor && store.size(&place.next_floor)?.is_some())
    }
}
