//! From candidates to results: copies beside them, and keys measured again on the vectors.
//!
//! What candidates are, and which rows pass, is decided by the search that asks.

use super::asked::Precision;
use super::floatwise::FloatRuler;
use super::neighbour::{Near, Neighbour};
use super::scan::Nearest;
use super::search::GraphView;

/// Rows measured again beyond k, at most, or half of k.
const SPARE: usize = 10;

/// Rounding to codes moves the squared distance of two rows by a normal deviate of sqrt(2/3) times the
/// distance: what lies six of them behind the k-th need not be measured again.
const DOUBT: f32 = 5.0;

impl GraphView {
    /// Offers to `nearest` the rows among `candidates`, sorted by key, and their copies that `passes` says yes to.
    ///
    /// `found` is memory to work in.
    #[inline]
    pub(super) fn answer(
        &self,
        query: FloatRuler<'_>,
        precision: Precision,
        candidates: impl Iterator<Item = Near>,
        passes: impl Fn(u32) -> bool,
        found: &mut Vec<Near>,
        nearest: &mut Nearest,
    ) {
        let rows = query.rows;
        let k = nearest.k;
        let end = rows.len() as u32;
        let coded = self.codes.len().min(rows.len());
        let most = if precision.is_exact() { k } else { k + (k / 2).max(SPARE) };
        let has_pending = self.attached < coded;
        let mut farthest = u32::MAX;
        found.clear();
        for near in candidates {
            if near.key > farthest || found.len() >= most {
                break;
            }
            // What is neither held nor coded was scanned.
            let is_found = |&slot: &u32| (self.holds(slot) || (slot as usize) < coded) && passes(slot);
            // Copies have one key and ascending slots: no more than k of a chain are results.
            for slot in self.links.copies(near.slot, end).filter(is_found).take(k) {
                // A copy still pending is met twice.
                if !has_pending || found.iter().all(|near| near.slot != slot) {
                    found.push(Near { key: near.key, slot });
                }
            }
            if found.len() >= k && farthest == u32::MAX && precision == Precision::Square {
                farthest = near.key.saturating_add((DOUBT * (near.key as f32).sqrt()) as u32);
            }
        }
        let whole = |near: &Near| precision.exact_key(near.key);
        for near in found.iter().filter(|near| whole(near).is_none()) {
            rows.prefetch(near.slot);
        }
        for near in found.iter() {
            let key = whole(near).unwrap_or_else(|| query.exact(near.slot));
            nearest.offer(Neighbour { key, slot: near.slot });
        }
    }
}
