//! Which of many candidates a row links to: near ones, in different directions.
//!
//! A candidate is dropped when a nearer one already chosen is, by a margin, nearer to it than the row
//! is (the diversity rule of HNSW and Vamana). Ties drop, so that copies of one vector never fill a list.

use super::neighbour::Neighbour;
use super::rows::RowsView;

/// The margin, on squared distances: 1.1 gave the best recall per evaluation on text.
const ALPHA: f32 = 1.1;

/// Chooses at most `limit` of `candidates` (sorted, keys from one row) into `chosen`, nearest first.
///
/// Those `is_kept` names are always chosen; there must be at most `limit` of them.
pub(super) fn prune(
    rows: &RowsView,
    candidates: &[Neighbour],
    limit: usize,
    is_kept: impl Fn(u32) -> bool,
    chosen: &mut Vec<Neighbour>,
) {
    chosen.clear();
    let mut room = limit - candidates.iter().filter(|candidate| is_kept(candidate.slot)).count();
    for &candidate in candidates {
        if is_kept(candidate.slot) {
            chosen.push(candidate);
        } else if room > 0 {
            let (row, inverse_norm) = (rows.row(candidate.slot), rows.inverse_norm(candidate.slot));
            let is_covered =
                chosen.iter().any(|near| ALPHA * rows.key_to(row, inverse_norm, near.slot) <= candidate.key);
            if !is_covered {
                chosen.push(candidate);
                room -= 1;
            }
        }
    }
}
