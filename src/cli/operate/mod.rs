//! The operator's commands: each file holds one, with its flags and its help.

pub(super) mod backup;
pub(super) mod doctor;
pub(super) mod export;
pub(super) mod import;
pub(super) mod log;
mod output;
pub(super) mod recall;
pub(super) mod repair;
pub(super) mod verify;
