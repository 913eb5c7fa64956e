//! `vectord recall`.
//!
//! What is measured stands in the index; here it is shown.

use clap::Args;

use super::output::{Output, lines};
use crate::error::Result;
use crate::registry::operate::{self, Measured};
use crate::registry::{Filter, RecallOptions};
use crate::store;

pub(in crate::cli) const HELP: &str = "\
Measures how good the answers of an index are: some of its rows ask, each as if it were about to be added, and what
they find is compared with an exact search. Recall@k is the share of the true k nearest rows that were found; the
interval holds that of all rows 19 times of 20.

The store is only read, and others may write meanwhile: it is measured on a copy in memory, as the index was at one
moment. Rows that no snapshot has in its graph yet are put into the copy's first, which takes about as long as adding
them did.

Exit status: 0 if it was measured, 1 if not, 2 for wrong flags.

JSON: {name, rows, recall, low, high, sample, k, ef, seq}

Examples:
  vectord recall ./vectors docs
  vectord recall ./vectors docs --sample 1000 --k 100 --ef 200
  vectord recall ./vectors docs --filter '{\"lang\": \"en\"}' --json";

#[derive(Debug, Args)]
pub(in crate::cli) struct Recall {
    /// A directory or file:// URL, or the http:// or https:// address of a storaged
    #[arg(value_name = "STORE")]
    store: String,
    /// The index
    #[arg(value_name = "NAME")]
    name: String,
    /// How many rows ask; all of them if there are fewer
    #[arg(long, value_name = "ROWS", default_value_t = 200)]
    sample: usize,
    /// How many neighbours are sought
    #[arg(long, value_name = "ROWS", default_value_t = 10)]
    k: usize,
    /// The candidate list's length [default: the index's]
    #[arg(long, value_name = "ROWS")]
    ef: Option<usize>,
    /// Which rows may be found, as in a search
    #[arg(long, value_name = "JSON")]
    filter: Option<String>,
    /// Which rows ask
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    output: Output,
}

/// Always true, or an error.
pub(in crate::cli) fn recall(recall: &Recall) -> Result<bool> {
    let &Recall { ref store, ref name, sample, k, ef, ref filter, seed, ref output } = recall;
    output.begin()?;
    let filter = filter.as_deref().map(Filter::parse).transpose()?;
    let options = RecallOptions { sample, k, ef, filter, queries: None, seed };
    let measured = operate::recall(&*store::open_existing(store)?, name, &options)?;
    output.print(&measured, || text(&measured));
    Ok(true)
}

fn text(measured: &Measured) -> String {
    let Measured { name, rows, recall, low, high, sample, k, ef, seq } = measured;
    format!("{name}: recall@{k} is {recall:.4}\n")
        + &lines([
            ("interval", format!("{low:.4} to {high:.4}, 19 times of 20")),
            ("asked", format!("{sample} of {rows} rows, at entry {seq}")),
            ("ef", ef.to_string()),
        ])
}
