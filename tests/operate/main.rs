//! The operator's commands, through the registry and through the binary: doctor, verify, log, repair, backup,
//! import, export. Damage is done to files of a directory store, as a disk would.

#![allow(clippy::unwrap_used, reason = "a test fails where it is surprised")]

#[path = "../service/mod.rs"]
mod service;

mod command;
mod commands;
mod copies;
mod damage;
mod doctor;
mod exchange;
mod place;
