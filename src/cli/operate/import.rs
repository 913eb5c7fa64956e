//! `vectord import`.
//!
//! It reads the file; the registry makes an index of it.

use std::path::PathBuf;

use clap::Args;

use super::output::Output;
use crate::error::{Error, Result};
use crate::registry::Registry;
use crate::registry::operate::{self, Imported};

pub(in crate::cli) const HELP: &str = "\
Makes a new index of a file: the blob of the Go service (_vectors/NAME.lhv1, or what `vectord export` wrote), or a
snapshot of vectord itself (_vectors/NAME/snap/*.lhv1). Ids, vectors bit for bit, metadata and parameters are taken; the
graph is built anew. An index of that name is never touched: choose another with --name. The file is only read, and the
rows are durable when the command ends. A directory store that is not there is made. If a row is refused, the new index
is deleted again.

A store of the Go service needs no import: vectord adopts _vectors/NAME.lhv1 when the index is first opened.

Exit status: 0 if the index is there, 1 if not, 2 for wrong flags.

JSON: {name, rows, dimension, distance, seq, format}, where format is lhv1-go or lhv1

Examples:
  vectord import ./vectors docs.lhv1
  vectord import http://127.0.0.1:3211 docs.lhv1 --name docs-2026";

#[derive(Debug, Args)]
pub(in crate::cli) struct Import {
    /// A directory or file:// URL, or the http:// or https:// address of a storaged
    #[arg(value_name = "STORE")]
    store: String,
    /// The file to read
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The index's name [default: as the file says]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    output: Output,
}

/// Always true, or an error.
pub(in crate::cli) fn import(import: &Import) -> Result<bool> {
    let Import { store, file, name, output } = import;
    output.begin()?;
    let shown = file.display();
    let bytes = std::fs::read(file)
        .map_err(|error| Error::invalid(format!("cannot read {shown}: {error}")).caused_by(error))?;
    let registry = Registry::open(store)?;
    let imported =
        operate::import(&registry, &bytes, name.as_deref()).map_err(|error| error.within(shown))?;
    registry.close()?;
    output.print(&imported, || {
        let Imported { name, rows, dimension, distance, seq, format } = &imported;
        format!("{name}: {rows} rows of {dimension} ({distance}) from {format}, at entry {seq}\n")
    });
    Ok(true)
}
