//! A store behind HTTP: the client of `vectord storaged`, or of any server that speaks its few calls.
//!
//! The server's side is `server/storaged.rs`; the calls are described in FORMAT.md.

mod answer;
mod client;
mod courier;
mod requests;

pub use client::Storaged;
