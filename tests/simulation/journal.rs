//! What was sent to the index, what its senders were told, and what was read.

use std::collections::BTreeMap;

use vectord::error::{Error, Outcome};

use super::passing::Passing;
use super::turnstile::ProcessId;

/// A row as it is sent: id, metadata, vector.
pub type Row = (String, Option<String>, Vec<f32>);

/// What a batch holds. Its number stands in its first item, so that it is known again in the log; but what
/// passed a filter is known by the rows alone.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    Rows(Vec<Row>),
    Ids(Vec<String>),
    Metadata(Vec<(String, Option<String>)>),
    Passing(Passing),
}

/// The answer to a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledged {
    pub seq: u64,
    pub count: usize,
    pub length: usize,
}

/// What the sender of a batch was told.
#[derive(Debug, Clone)]
pub enum Told {
    /// Nothing yet: a killed process never is.
    Nothing,
    Acknowledged(Acknowledged),
    /// It was queued, and a flush told that all that queued is in.
    Flushed,
    /// Nothing of it was written.
    Refused(Error),
    Unknown,
}

/// A batch, and the attempts to write it; one without an idempotency key is attempted once.
#[derive(Debug)]
pub struct Sent {
    /// Per dimension of the index it was made for.
    pub contents: BTreeMap<u32, Content>,
    pub keyed: bool,
    pub told: Vec<Told>,
}

/// An exact search for every row.
#[derive(Debug)]
pub struct Read {
    pub process: ProcessId,
    pub seq: u64,
    /// The newest acknowledgement that stood when it began, if it was a strong read.
    pub at_least: Option<u64>,
    /// Ids and their metadata.
    pub rows: BTreeMap<String, Option<String>>,
}

/// The digest of the state that a process had at an entry, when all was over.
#[derive(Debug, PartialEq, Eq)]
pub struct Digest {
    pub seq: u64,
    pub digest: String,
}

#[derive(Debug, Default)]
pub struct Journal {
    pub sent: BTreeMap<u64, Sent>,
    /// In the order in which they ended.
    pub reads: Vec<Read>,
    pub digests: Vec<Digest>,
    pub newest_acknowledged: u64,
    /// Calls that the protocol does not allow to fail as they did.
    pub broken: Option<String>,
}

impl Journal {
    /// Notes an attempt; returns its place.
    pub fn sends(&mut self, number: u64, dimension: u32, content: Content, keyed: bool) -> usize {
        let sent = self.sent.entry(number).or_insert_with(|| Sent {
            contents: BTreeMap::new(),
            keyed,
            told: Vec::new(),
        });
        sent.contents.insert(dimension, content);
        sent.told.push(Told::Nothing);
        sent.told.len() - 1
    }

    pub fn told(&mut self, number: u64, attempt: usize, answer: Result<Acknowledged, Error>) {
        let told = match answer {
            Ok(acknowledged) => {
                self.newest_acknowledged = self.newest_acknowledged.max(acknowledged.seq);
                Told::Acknowledged(acknowledged)
            }
            Err(error) => {
                self.expected(&error);
                match error.outcome() {
                    Outcome::Known => Told::Refused(error),
                    Outcome::Unknown => Told::Unknown,
                }
            }
        };
        self.sent.get_mut(&number).expect("sent before told").told[attempt] = told;
    }

    /// What a flush tells of a queued batch. It does not say which of them failed, nor at which entry they stand.
    pub fn flushed(&mut self, number: u64, attempt: usize, flushed: bool) {
        let told = if flushed { Told::Flushed } else { Told::Unknown };
        self.sent.get_mut(&number).expect("sent before told").told[attempt] = told;
    }

    /// Faults of the store are no reason for errors that speak of damage or of bugs.
    pub fn expected(&mut self, error: &Error) {
        use vectord::error::ErrorKind;
        match error.kind() {
            ErrorKind::NotFound
            | ErrorKind::AlreadyExists
            | ErrorKind::Conflict
            | ErrorKind::ResourceExhausted
            | ErrorKind::Unavailable => {}
            // A batch made for another dimension: the index was created again meanwhile.
            ErrorKind::InvalidArgument if error.message().contains("dimension") => {}
            ErrorKind::InvalidArgument
            | ErrorKind::Unauthenticated
            | ErrorKind::PermissionDenied
            | ErrorKind::Corrupt
            | ErrorKind::Unsupported
            | ErrorKind::Internal => {
                self.broken.get_or_insert_with(|| format!("a call failed with {:?}: {error}", error.kind()));
            }
        }
    }
}
