//! When rows are attached, and in what pieces: a function of row counts at entries of the log only.
//!
//! An entry that leaves few rows unattached waits for more; when enough pend, all of them are
//! attached, in shuffled order. Rows of one piece do not see each other, so pieces start at 32 rows
//! and may double: a batch that is a cluster of its own still links to itself.

/// Rows below which there is no graph: an exact scan is faster.
pub(super) const BIRTH: usize = 2048;

/// Rows that pend before they are attached to a graph of `rows` rows in all.
///
/// Every search scans them: a thousand would cost it more than its walk through the graph.
pub(super) fn patience(rows: usize) -> usize {
    if rows < 4096 { 32 } else { 256 }
}

/// Rows of a build of `rows` that form its skeleton.
pub(super) fn skeleton(rows: usize) -> usize {
    (rows / 16).clamp(512, 2048).min(rows)
}

/// Rows of the next piece, after `done` rows of the same batch, when the graph links `linked`.
///
/// At most a quarter of the graph, so that a piece never outweighs what it attaches to; at most 5 %
/// of it beyond 1,024 rows, and 8,192.
pub(super) fn piece(done: usize, linked: usize) -> usize {
    done.min(linked / 4).max(32).min((linked / 20).max(1024)).min(8192)
}

/// The row count at which entry points are added and the oldest lists chosen again, after `last`.
pub(super) fn next_growth(last: usize) -> usize {
    last.saturating_mul(4)
}

/// Entry points of a graph whose last growth point was at `growth` rows.
///
/// Each costs every search one row; on text 128 gave the recall of 256.
pub(super) fn entries(growth: usize) -> usize {
    let growths = (growth / BIRTH).ilog(4) as usize;
    64 + 16 * growths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_start_small_double_and_keep_their_bounds() {
        assert_eq!(piece(0, 50_000), 32);
        assert_eq!(piece(64, 50_000), 64);
        assert_eq!(piece(100_000, 40_000), 2000);
        assert_eq!(piece(100_000, 2000), 500);
        assert_eq!(piece(100_000, 1), 32);
        assert_eq!(piece(1 << 30, 1 << 30), 8192);
    }
}
