//! The command line: flags, configuration, logging, signals.

mod announce;
mod args;
mod begin;
mod bind;
mod config;
mod logging;
mod run;
mod serve;
mod signals;
mod storaged;

pub use self::run::run;
