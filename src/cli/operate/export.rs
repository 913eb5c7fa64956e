//! `vectord export`.
//!
//! The blob is the registry's; here it gets a file, whole or not at all.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::output::{Output, print, size};
use crate::error::{Error, Result};
use crate::registry::operate::{self, Exported};
use crate::store;

pub(in crate::cli) const HELP: &str = "\
Writes an index in another program's format. lhv1-go is the blob of the Go service: coder/hnsw v0.6.1 loads it and
searches it, as /vectors/index/NAME of that service does. Ids, vectors bit for bit, metadata and parameters are kept;
deleted rows, idempotency keys and the log are not in it. The Go service has no distance dot: such an index is refused.

The store is only read, and others may write meanwhile: the file holds the index as it was at one moment. The file is
written under a temporary name beside it and then named, so it is whole or not there; one that exists is kept unless
--force is given.

Exit status: 0 if it was written, 1 if not, 2 for wrong flags.

JSON: {name, rows, seq, dimension, distance, links, bytes, output}; not together with --output -

Examples:
  vectord export ./vectors docs --format lhv1-go
  vectord export ./vectors docs --format lhv1-go --output - | ssh old-host 'cat > docs.lhv1'";

#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    /// A directory or file:// URL, or the http:// or https:// address of a storaged
    #[arg(value_name = "STORE")]
    store: String,
    /// The index
    #[arg(value_name = "NAME")]
    name: String,
    /// The format to write
    #[arg(long, value_enum)]
    format: Format,
    /// The file to write, or - for standard output [default: NAME.lhv1 here]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    report: Output,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// The blob of the Go service, for coder/hnsw v0.6.1
    #[value(name = "lhv1-go")]
    Lhv1Go,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    exported: Exported,
    output: String,
}

/// Always true, or an error.
pub(in crate::cli) fn export(export: &Export) -> Result<bool> {
    let Export { store, name, format, output, force, report } = export;
    report.begin()?;
    let to_stdout = output.as_deref() == Some(Path::new("-"));
    if to_stdout && report.is_json() {
        return Err(Error::invalid("the file and the JSON document cannot both go to standard output"));
    }
    let file = output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.lhv1")));
    if !to_stdout && !force && file.exists() {
        return Err(exists(&file));
    }
    let store = store::open_existing(store)?;
    let (blob, exported) = match format {
        Format::Lhv1Go => operate::export_lhv1_go(&*store, name)?,
    };
    if to_stdout {
        print(&blob);
        return Ok(true);
    }
    write(&file, &blob, *force)?;
    let written = Report { exported, output: file.display().to_string() };
    report.print(&written, || {
        let Exported { name, rows, seq, bytes, .. } = &written.exported;
        format!("{name}: {rows} rows at entry {seq}, {} to {}\n", size(*bytes), written.output)
    });
    Ok(true)
}

fn exists(file: &Path) -> Error {
    Error::already_exists(format!("{} exists: give --force to replace it", file.display()))
}

/// Puts `bytes` at `file`, whole or not at all.
fn write(file: &Path, bytes: &[u8], force: bool) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::unavailable(format!("cannot write {}: {error}", file.display())).caused_by(error)
    };
    let name = file.file_name().ok_or_else(|| Error::invalid(format!("{} names no file", file.display())))?;
    let mut draft = name.to_owned();
    draft.push(format!(".{}.part", std::process::id()));
    let draft = file.with_file_name(draft);
    let written = File::create_new(&draft).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let named = written.and_then(|()| {
        if force {
            return fs::rename(&draft, file);
        }
        // Unlike a rename, a link refuses a name that somebody took meanwhile.
        fs::hard_link(&draft, file)
    });
    drop(fs::remove_file(&draft));
    named.map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists { exists(file) } else { failed(error) }
    })
}
