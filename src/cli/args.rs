//! The flags and their help.
//!
//! Defaults stand in `config.rs` and beside the commands, because the configuration file comes between.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::check::{self, ConfigCommand};
use super::key::{self, KeyCommand};
use super::operate::{backup, doctor, export, import, log, recall, repair, verify};

/// The vector index that a notebook, an ingest job and an HTTP service can open at the same time.
#[derive(Debug, Parser)]
#[command(name = "vectord", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  vectord serve                                   serve ./vectors on http://127.0.0.1:3215
  vectord serve --store /srv/vectors --bind 127.0.0.1:8080
  vectord storaged --dir /srv/objects             a store for several machines, on http://127.0.0.1:3211
  vectord serve --store http://127.0.0.1:3211     serve what is in that store
  vectord verify ./vectors                        check everything in a store
  vectord backup ./vectors /mnt/backup            copy it while others write

Flags come before the environment (VECTORD_STORE, VECTORD_BIND, VECTORD_KEYS, VECTORD_STORAGED_BIND,
VECTORD_STORAGED_KEYS, VECTORD_TLS_CERT, VECTORD_TLS_KEY, VECTORD_CONFIG, VECTORD_LOG, VECTORD_LOG_FORMAT), the environment before the configuration file, and that before the defaults.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve the indexes of a store over HTTP
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(Serve),
    /// Serve a directory as a store over HTTP, for `vectord serve --store http://...` and vectord.open()
    #[command(after_help = STORAGED_EXAMPLES)]
    Storaged(Storaged),
    /// Check the configuration
    #[command(after_help = check::HELP)]
    Config(ConfigCommand),
    /// Make a key for a service
    #[command(after_help = key::HELP)]
    Key(KeyCommand),
    /// Try whether a store keeps the promises that several writers rely on
    #[command(after_help = doctor::HELP)]
    Doctor(doctor::Doctor),
    /// Read and check everything of the indexes of a store
    #[command(after_help = verify::HELP)]
    Verify(verify::Verify),
    /// Measure how good the answers of an index are
    #[command(after_help = recall::HELP)]
    Recall(recall::Recall),
    /// List the log of an index
    #[command(after_help = log::HELP)]
    Log(log::Log),
    /// Say what is wrong with an index, and give up a damaged entry
    #[command(after_help = repair::HELP)]
    Repair(repair::Repair),
    /// Copy indexes to another store, while others write
    #[command(after_help = backup::HELP)]
    Backup(backup::Backup),
    /// Make an index of a file
    #[command(after_help = import::HELP)]
    Import(import::Import),
    /// Write an index in another program's format
    #[command(after_help = export::HELP)]
    Export(export::Export),
}

const SERVE_EXAMPLES: &str = "\
Examples:
  vectord serve
  curl http://127.0.0.1:3215/vectors/index

  vectord serve --store memory:                   keep nothing
  vectord serve --config lakehouse.toml           the configuration of the Go service
  VECTORD_LOG=debug vectord serve                 a line on standard error for each request

lakehouse.toml works as it is, but for a bind of all interfaces (as :3215), which needs keys, or --insecure.
SIGTERM and Ctrl-C end it in order: what was accepted is answered, and the status is 0.";

const STORAGED_EXAMPLES: &str = "\
Examples:
  vectord storaged --dir /srv/objects
  curl 'http://127.0.0.1:3211/v1/storage?prefix=_vectors/'";

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// A directory or file:// URL, memory:, or the http:// or https:// address of a storaged [default: ./vectors]
    #[arg(long, value_name = "URL", env = "VECTORD_STORE")]
    pub(super) store: Option<String>,
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:3215]
    #[arg(long, value_name = "ADDR", env = "VECTORD_BIND")]
    pub(super) bind: Option<String>,
    /// The keys that are asked for, as role:sha256:name, separated by commas; `vectord key new` makes one
    #[arg(long, value_name = "KEYS", env = "VECTORD_KEYS", hide_env_values = true)]
    pub(super) keys: Option<String>,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Debug, Args)]
pub(super) struct Storaged {
    /// The directory that holds the objects; created if missing
    #[arg(long, value_name = "DIR")]
    pub(super) dir: PathBuf,
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:3211]
    #[arg(long, value_name = "ADDR", env = "VECTORD_STORAGED_BIND")]
    pub(super) bind: Option<String>,
    /// The keys that are asked for, as role:sha256:name, separated by commas; `vectord key new` makes one
    #[arg(long, value_name = "KEYS", env = "VECTORD_STORAGED_KEYS", hide_env_values = true)]
    pub(super) keys: Option<String>,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Debug, Args)]
pub(super) struct Common {
    /// A TOML file with the sections [vectord], [storaged] and [log]
    #[arg(long, value_name = "FILE", env = "VECTORD_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// Names that a service without keys answers to beside its addresses and localhost, separated by commas
    #[arg(long, value_name = "NAMES", env = "VECTORD_HOSTS", value_delimiter = ',')]
    pub(super) hosts: Option<Vec<String>>,
    /// Listen on an address that other machines can reach without asking for keys: anyone there may read and write
    #[arg(long)]
    pub(super) insecure: bool,
    /// Speak TLS with the certificate in this PEM file, followed by those it was signed with; SIGHUP reads it again
    #[arg(long, value_name = "FILE", env = "VECTORD_TLS_CERT")]
    pub(super) tls_cert: Option<PathBuf>,
    /// The private key of the certificate, PEM
    #[arg(long, value_name = "FILE", env = "VECTORD_TLS_KEY")]
    pub(super) tls_key: Option<PathBuf>,
    /// What to log to standard error: error, warn, info, debug, trace, or a filter of `tracing` [default: info]
    #[arg(long, value_name = "LEVEL", env = "VECTORD_LOG")]
    pub(super) log: Option<String>,
    /// How to log: text for people, json for programs, one document a line [default: text]
    #[arg(long, value_name = "FORMAT", env = "VECTORD_LOG_FORMAT")]
    pub(super) log_format: Option<String>,
}
