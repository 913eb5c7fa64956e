//! The floor chain: below which entry nothing of the log may count any more.
//!
//! Put-if-absent protects only names that still exist: an entry that was deleted could be created
//! again by a writer that slept. So a floor is published before anything is deleted (I2), floors are
//! never deleted (I3), and no entry counts unless the newest floor, looked for afterwards, is below it (I5).

use super::follow::READS;
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{self, Floor};
use crate::store::{Key, Put, Store, Written};

/// The floor at `key`, which is got again where it is damaged.
fn read(store: &dyn Store, key: &Key) -> Result<Option<Floor>> {
    let mut left = READS;
    loop {
        let Some(bytes) = store.get(key)? else { return Ok(None) };
        left -= 1;
        match frame::decode_floor(&bytes) {
            Err(error) if error.kind() == ErrorKind::Corrupt && left > 0 => {}
            floor => return floor.map(Some).map_err(|error| error.within(key.as_str())),
        }
    }
}

/// The newest floor this process has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Floors {
    /// Its number in the chain; 0 before the first.
    pub number: u64,
    /// Entries up to this one may be deleted.
    pub seq: u64,
}

impl Floors {
    /// Follows the chain to its end (I4).
    pub(super) fn advance(&mut self, store: &dyn Store, name: &str) -> Result<()> {
        loop {
            let key = Key::parse(frame::floor_key(name, self.number + 1))?;
            let Some(floor) = read(store, &key)? else { return Ok(()) };
            if floor.n != self.number + 1 || floor.floor_seq < self.seq {
                return Err(Error::corrupt(format!(
                    "a floor goes back: number {} at entry {}, after entry {}",
                    floor.n, floor.floor_seq, self.seq
                ))
                .within(key.as_str()));
            }
            *self = Self { number: floor.n, seq: floor.floor_seq };
        }
    }

    /// Whether entry `seq` counts: it stands above the newest floor.
    pub(super) fn verify(&mut self, store: &dyn Store, name: &str, seq: u64) -> Result<bool> {
        self.advance(store, name)?;
        Ok(seq > self.seq)
    }

    /// Raises the floor to `seq`; the caller has verified a snapshot at or above it.
    pub(super) fn raise(&mut self, store: &dyn Store, name: &str, seq: u64) -> Result<()> {
        self.advance(store, name)?;
        while self.seq < seq {
            let floor = Floor { n: self.number + 1, floor_seq: seq, required_features: 0 };
            let key = Key::parse(frame::floor_key(name, floor.n))?;
            match store.put_if_absent(&key, &frame::encode_floor(&floor)) {
                Put::Created | Put::Exists => {}
                Put::Failed { error, written: Written::No | Written::Unknown } => {
                    return Err(error.within(key.as_str()));
                }
            }
            self.advance(store, name)?;
        }
        Ok(())
    }
}
