//! What a machine cannot prove is said aloud, or is a failure where it was required.

/// Reports that a test was not run because `what` is missing.
///
/// Panics if the environment's VECTORD_REQUIRE, a list with commas, names `what`.
pub fn skip(what: &str, why: &str) {
    let required = std::env::var("VECTORD_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == what), "{what} is required, but {why}");
    eprintln!("skipped: {what}: {why}");
}
