//! Which of many candidates a row links to: near ones, in different directions.
//!
//! A candidate is dropped when a nearer one already chosen is, by a margin, nearer to it than the row
//! is (the diversity rule of HNSW and Vamana). Ties drop, so that copies of one vector never fill a list.

use super::neighbour::Near;
use super::ruler::{Gauge, Probe, Ruler};

/// Chooses at most `limit` of `candidates` (sorted, keys from one row) into `chosen`, nearest first.
///
/// Those `is_kept` names are always chosen; there must be at most `limit` of them. Rulers stand at the chosen, of
/// which there are few, and need a probe each.
#[inline(always)]
pub(super) fn prune<G: Gauge>(
    gauge: G,
    probes: &mut Vec<Probe>,
    candidates: &[Near],
    limit: usize,
    is_kept: impl Fn(u32) -> bool,
    chosen: &mut Vec<Near>,
) {
    chosen.clear();
    if probes.len() < limit {
        probes.resize_with(limit, Probe::default);
    }
    let mut probes = probes.iter_mut();
    let mut rulers: Vec<G::Ruler<'_>> = Vec::with_capacity(limit);
    let mut room = limit - candidates.iter().filter(|candidate| is_kept(candidate.slot)).count();
    for &candidate in candidates {
        if !is_kept(candidate.slot) {
            let covers = |ruler: &G::Ruler<'_>| gauge.covers(ruler.key(candidate.slot), candidate.key);
            if room == 0 || rulers.iter().any(covers) {
                continue;
            }
            room -= 1;
        }
        chosen.push(candidate);
        rulers.push(gauge.at(candidate.slot, probes.next().expect("no more than `limit` are chosen")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::floatwise::FloatGauge;
    use crate::graph::rows::Rows;
    use crate::metric::{Distance, Space};

    #[test]
    fn rows_behind_a_chosen_one_and_ties_are_dropped_unless_kept() {
        let mut rows = Rows::new(Space::new(Distance::Euclidean, 2));
        // The row itself, one to its right, one behind that, two at one place on its left, one above.
        rows.push(&[0.0, 0.0, 1.0, 0.0, 2.0, 0.0, -1.5, 0.0, -1.5, -0.0, 0.0, 3.0]).unwrap();
        let rows = rows.view();
        let gauge = FloatGauge { rows: &rows };
        let probes = &mut Vec::new();
        let key = |slot| gauge.at(0, &mut Probe::default()).key(slot);
        let mut candidates: Vec<_> = (1..6).map(|slot| Near { key: key(slot), slot }).collect();
        candidates.sort_unstable();
        let mut slots = |limit: usize, kept: u32| {
            let mut chosen = Vec::new();
            prune(gauge, probes, &candidates, limit, |slot| slot == kept, &mut chosen);
            chosen.iter().map(|near| near.slot).collect::<Vec<_>>()
        };
        assert_eq!(slots(8, 0), [1, 3, 5]);
        assert_eq!(slots(2, 0), [1, 3]);
        assert_eq!(slots(2, 4), [1, 4]);
    }
}
