//! A store in a directory: objects are files, put-if-absent is `linkat`.
//!
//! Safe between processes of one host. Objects are never seen in part: a file is written and fsynced
//! before it has a name, then linked, then its directory is fsynced.

mod beneath;
mod draft;
mod errno;
mod handle;
mod held;
#[cfg(target_os = "linux")]
mod inotify;
mod parents;
#[cfg(target_os = "linux")]
mod poke;
mod read;
mod walk;
mod write;

pub use draft::Publish;
pub use handle::Directory;
