//! The remote face: the registry and the indexes of a `vectord serve`, over HTTP.
//!
//! It says what `registry` says, with the same words and errors, and knows nothing of it: what it has in
//! common with it are the bytes of `frame` and the plain values of `index`. It blocks, and must not be called on
//! a thread of an async runtime.

mod answer;
mod call;
mod index;
mod link;
mod pace;
mod pool;
mod read;
mod registry;
mod search;
mod settings;
mod write;

pub use self::answer::Refusal;
pub use self::index::{Fresh, RemoteIndex};
pub use self::registry::RemoteRegistry;
pub use self::search::{Found, MAX_K, Question};
pub use self::settings::Settings;
pub use self::write::{Added, Deleted, MetadataSet};
