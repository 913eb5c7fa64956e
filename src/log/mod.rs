//! The total order of batches on a store: append, follow, checkpoint, floor, deletion.
//!
//! It knows entries and objects, not what operations do to an index. The protocol is described in
//! ARCHITECTURE.md; its rules I1..I6 are named where they are kept.

mod append;
mod checkpoint;
mod clock;
mod floor;
mod follow;
mod inventory;
mod ledger;
mod mark;
mod settings;
mod state;
mod tail;

pub use self::append::{Append, Verdict};
pub use self::checkpoint::{Keep, delete_below, publish_snapshot};
pub use self::clock::{Clock, SystemClock};
pub use self::floor::Floors;
pub use self::follow::{Apply, Followed, READS, check_alone};
pub use self::inventory::Inventory;
pub use self::ledger::{Known, Ledger, Outcome};
pub use self::mark::Mark;
pub use self::settings::{Bug, Settings};
pub use self::state::{Log, Position};
