//! A store in a directory: objects are files, put-if-absent is `linkat`.
//!
//! Safe between processes of one host. Objects are never seen in part: a file is written and fsynced
//! before it has a name, then linked, then its directory is fsynced. Directories, once made, stay when
//! their last object goes (see [`handle`]).

mod beneath;
mod draft;
mod errno;
mod handle;
mod parents;
mod walk;

pub use draft::Publish;
pub use handle::Directory;
