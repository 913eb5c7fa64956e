//! `vectord key new`: makes a key, and the lines that let a service know it.
//!
//! The key is shown this once; a service keeps its SHA-256 only.

use std::io::{Write, stdout};

use clap::{Args, Subcommand};

use crate::error::{Error, Result};
use crate::server::{Key, Role};

pub(super) const HELP: &str = "\
Examples:
  vectord key new --role read --name web
  VECTORD_KEYS=read:SHA256:web,admin:SHA256:ops vectord serve --bind 0.0.0.0:3215

A key of the role `read` searches and reads; `write` adds, changes and deletes rows, too; `admin` creates and deletes
indexes, too. Callers send it as the header `Authorization: Bearer KEY`.";

#[derive(Debug, Args)]
pub(super) struct KeyCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a key, and print it with the lines that let a service know it
    New(New),
}

#[derive(Debug, Args)]
struct New {
    /// What it allows: read, write or admin
    #[arg(long, value_parser = ["read", "write", "admin"])]
    role: String,
    /// What the log calls it [default: the beginning of its digest]
    #[arg(long)]
    name: Option<String>,
}

/// Prints a new key.
pub(super) fn key(KeyCommand { verb: Verb::New(New { role, name }) }: &KeyCommand) -> Result<()> {
    let (words, key) = Key::generate(Role::parse(role)?, name.as_deref())?;
    let (sha256, name) = (key.sha256(), key.name());
    writeln!(
        stdout().lock(),
        "{words}\n\n\
         It is shown this once. The service knows it by its digest, in the configuration:\n\n\
         [vectord]\nkeys = [{{ role = \"{role}\", sha256 = \"{sha256}\", name = \"{name}\" }}]\n\n\
         or in the environment:\n\nVECTORD_KEYS={role}:{sha256}:{name}"
    )
    .map_err(|error| Error::unavailable("the key could not be printed").caused_by(error))
}
