//! The operator's work on a store: look, check, repair, copy, bring in and take out.
//!
//! What reads only never creates, adopts or deletes anything, also where opening would.

mod backup;
mod diagnose;
mod export;
mod import;
mod journal;
mod mesh;
mod objects;
mod read;
mod recall;
mod repair;
mod report;
mod state;
mod verify;
mod walk;

pub use self::backup::{Copied, backup};
pub use self::diagnose::{Damage, Diagnosis, diagnose};
pub use self::export::{Exported, export_lhv1_go};
pub use self::import::{Imported, import};
pub use self::journal::{Entry, Journal, Operation, Snapshot, Writer, journal};
pub use self::objects::names;
pub use self::recall::{Measured, recall};
pub use self::repair::{Quarantine, quarantine};
pub use self::report::{Entries, Finding, FloorReport};
pub use self::verify::{SnapshotReport, Verified, verify};
