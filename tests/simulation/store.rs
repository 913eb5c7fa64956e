//! One process's front to the simulated store: every call passes the turnstile.
//!
//! A direct front skips it, and meets no faults: it is for looking at what is left when all is over.

use std::fmt;
use std::sync::{Arc, Mutex};

use vectord::error::Result;
use vectord::store::{Capabilities, Key, Page, Put, Replace, Store};

use super::call::{Answer, Call};
use super::turnstile::{ProcessId, Turnstile};
use super::world::World;

pub enum SimStore {
    Process(Arc<Turnstile>, ProcessId),
    Direct(Arc<Mutex<World>>),
}

impl SimStore {
    pub fn call(&self, call: Call) -> Answer {
        match self {
            Self::Process(turnstile, process) => turnstile.pass(*process, call),
            Self::Direct(world) => world.lock().unwrap().carry_out(&call),
        }
    }

    /// Whether its process was not killed.
    pub fn is_alive(&self) -> bool {
        match self {
            Self::Process(turnstile, process) => !turnstile.is_killed(*process),
            Self::Direct(_) => true,
        }
    }
}

impl fmt::Debug for SimStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(_, process) => write!(f, "{process:?}"),
            Self::Direct(_) => write!(f, "direct"),
        }
    }
}

/// The answer is of the call's own kind: the world matches on it.
macro_rules! answered {
    ($answer:expr, $kind:ident) => {
        match $answer {
            Answer::$kind(answer) => answer,
            other => unreachable!("{other:?} is no answer to this"),
        }
    };
}

impl Store for SimStore {
    fn put_if_absent(&self, key: &Key, bytes: &[u8]) -> Put {
        answered!(self.call(Call::Put(key.clone(), bytes.to_vec())), Put)
    }
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        answered!(self.call(Call::Get(key.clone())), Get)
    }
    fn size(&self, key: &Key) -> Result<Option<u64>> {
        answered!(self.call(Call::Size(key.clone())), Size)
    }
    fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Page> {
        let (prefix, after) = (prefix.to_owned(), start_after.map(str::to_owned));
        answered!(self.call(Call::List { prefix, after, limit }), List)
    }
    fn delete(&self, key: &Key) -> Result<()> {
        answered!(self.call(Call::Delete(key.clone())), Delete)
    }
    fn replace(&self, key: &Key, bytes: &[u8]) -> Replace {
        answered!(self.call(Call::Replace(key.clone(), bytes.to_vec())), Replace)
    }
    fn url(&self) -> String {
        "simulated:".to_owned()
    }
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            put_if_absent: true,
            durable: true,
            cheap_stat: true,
            max_object_bytes: isize::MAX as u64,
        }
    }
}
