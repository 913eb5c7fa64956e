//! The command line: flags, configuration, logging, signals, the operator's commands.

mod announce;
mod args;
mod begin;
mod bind;
mod check;
mod config;
mod descriptors;
mod key;
mod logging;
mod operate;
mod run;
mod serve;
mod signals;
mod storaged;

pub use self::run::run;
