//! What a machine cannot prove is said aloud, or is a failure where it was required.

use std::fs::OpenOptions;
use std::io::Write;

/// Reports that a test was not run because `what` is missing, in the list at the end of `make test`.
///
/// Panics if the environment's VECTORD_REQUIRE, a list with commas, names `what`.
pub fn skip(what: &str, why: &str) {
    let required = std::env::var("VECTORD_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == what), "{what} is required, but {why}");
    eprintln!("skipped: {what}: {why}");
    if let Some(list) = std::env::var_os("VECTORD_SKIPS") {
        let mut list = OpenOptions::new().create(true).append(true).open(list).unwrap();
        list.write_all(format!("{what}: {why}\n").as_bytes()).unwrap();
    }
}
