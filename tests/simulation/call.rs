//! A call to the store and its answer, as plain values.

use std::time::Duration;

use vectord::error::{Error, Result};
use vectord::store::{Key, Page, Put, Replace, Written};

#[derive(Debug, Clone)]
pub enum Call {
    Put(Key, Vec<u8>),
    Get(Key),
    Size(Key),
    List {
        prefix: String,
        after: Option<String>,
        limit: usize,
    },
    Delete(Key),
    Replace(Key, Vec<u8>),
    /// Not to the store: the process waits this long.
    Sleep(Duration),
}

#[derive(Debug)]
pub enum Answer {
    Put(Put),
    Get(Result<Option<Vec<u8>>>),
    Size(Result<Option<u64>>),
    List(Result<Page>),
    Delete(Result<()>),
    Replace(Replace),
    Slept,
}

/// What a pause counts as. The shortest are drawn from the number of the operating system's process, which no
/// seed decides.
pub fn counted(pause: Duration) -> Duration {
    const SHORT: Duration = Duration::from_millis(25);
    if pause < SHORT { SHORT / 5 } else { pause }
}

/// The connection broke; for a write it is not known when.
pub fn broken() -> Error {
    Error::unavailable("connection lost").outcome_unknown()
}

pub fn unanswered() -> Put {
    Put::Failed { error: broken(), written: Written::Unknown }
}

impl Call {
    /// The answer of a store that cannot be reached.
    pub fn refused(&self) -> Answer {
        match self {
            Self::Put(..) => Answer::Put(unanswered()),
            // Nothing was to be written.
            Self::Get(_) => Answer::Get(Err(Error::unavailable("connection lost"))),
            Self::Size(_) => Answer::Size(Err(Error::unavailable("connection lost"))),
            Self::List { .. } => Answer::List(Err(Error::unavailable("connection lost"))),
            Self::Delete(_) => Answer::Delete(Err(broken())),
            Self::Replace(..) => {
                Answer::Replace(Replace::Failed { error: broken(), written: Written::Unknown })
            }
            Self::Sleep(_) => Answer::Slept,
        }
    }

    /// In few words, for a trace.
    pub fn told(&self) -> String {
        let short =
            |key: &Key| key.as_str().trim_start_matches("_vectors/docs/").replace("00000000000000", "");
        match self {
            Self::Put(key, bytes) => format!("put {} ({} bytes)", short(key), bytes.len()),
            Self::Get(key) => format!("get {}", short(key)),
            Self::Size(key) => format!("size {}", short(key)),
            Self::List { prefix, .. } => format!("list {prefix}"),
            Self::Delete(key) => format!("delete {}", short(key)),
            Self::Replace(key, bytes) => format!("replace {} ({} bytes)", short(key), bytes.len()),
            Self::Sleep(pause) => format!("sleep {:?}", counted(*pause)),
        }
    }
}

impl Answer {
    pub fn told(&self) -> String {
        match self {
            Self::Put(Put::Created) => "created".to_owned(),
            Self::Put(Put::Exists) => "exists".to_owned(),
            Self::Put(Put::Failed { error, .. }) | Self::Replace(Replace::Failed { error, .. }) => {
                error.to_string()
            }
            Self::Get(Ok(found)) => {
                found.as_ref().map_or("none".to_owned(), |bytes| format!("{} bytes", bytes.len()))
            }
            Self::Size(Ok(found)) => format!("{found:?}"),
            Self::List(Ok(page)) => format!("{} objects", page.objects.len()),
            Self::Get(Err(error))
            | Self::Size(Err(error))
            | Self::List(Err(error))
            | Self::Delete(Err(error)) => error.to_string(),
            Self::Delete(Ok(())) | Self::Slept | Self::Replace(Replace::Created | Replace::Replaced) => {
                "done".to_owned()
            }
        }
    }
}
