//! The total order of batches on a store: append, follow, checkpoint, floor, deletion.
//!
//! It knows entries and objects, not what operations do to an index. The protocol is described in
//! ARCHITECTURE.md; its rules I1..I6 are named where they are kept.

mod append;
mod checkpoint;
mod floor;
mod follow;
mod inventory;
mod ledger;
mod state;

pub use self::append::Append;
pub use self::checkpoint::Keep;
pub use self::floor::Floors;
pub use self::follow::{Apply, Followed};
pub use self::inventory::Inventory;
pub use self::ledger::{Known, Ledger, Outcome};
pub use self::state::{Log, Position, Settings};
