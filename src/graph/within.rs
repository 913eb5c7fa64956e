//! Range search: every row within a distance of a query, exactly.
//!
//! It is a scan that knows from the start how far rows may be.

use super::among::Among;
use super::floatwise::FloatRuler;
use super::gather::Sought;
use super::neighbour::Neighbour;
use super::rows::RowsView;
use super::ruler::{ordered, value};
use super::search::GraphView;
use crate::metric::{Distance, Space};

impl GraphView {
    /// The rows of `among` whose distance (`Space::finish` of the key) to `query` is at most `distance`: the
    /// `limit` nearest of them, sorted by key, then slot.
    ///
    /// `inverse_norm` is what `Distance::admit` returned for the query. `rows` must be taken from the same rows as
    /// the graph, not before it.
    pub fn within(
        &self,
        rows: &RowsView,
        query: &[f32],
        inverse_norm: f32,
        distance: f32,
        limit: usize,
        among: Among<'_>,
    ) -> Vec<Neighbour> {
        let Some(reach) = reach(rows.space(), distance) else { return Vec::new() };
        let query = FloatRuler { rows, query, inverse_norm };
        self.codes.gather(Sought { query, k: limit, reach }, among)
    }
}

/// The largest key of which `Space::finish` makes at most `distance`; `None` if there is none.
fn reach(space: Space, distance: f32) -> Option<f32> {
    let least = match space.distance() {
        Distance::Cosine | Distance::Euclidean => 0.0,
        Distance::Dot => f32::MIN,
    };
    let is_within = |key: u32| space.finish(value(key)) <= distance;
    let (mut low, mut high) = (ordered(least), ordered(f32::MAX));
    if !is_within(low) {
        return None;
    }
    while low < high {
        let middle = high - (high - low) / 2;
        if is_within(middle) { low = middle } else { high = middle - 1 }
    }
    Some(value(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reach_ends_where_the_distance_does() {
        for distance in Distance::ALL {
            let space = Space::new(distance, 3);
            for radius in [0.0, 1e-30, 0.3, 1.0, 1.5, 12_345.678, 1e18, f32::MAX, f32::INFINITY] {
                let reach = reach(space, radius).unwrap();
                assert!(space.finish(reach) <= radius);
                assert!(
                    reach.to_bits() == f32::MAX.to_bits() || space.finish(reach.next_up()) > radius,
                    "{distance:?} {radius}"
                );
            }
            assert_eq!(reach(space, -1.0).is_some(), distance == Distance::Dot);
            assert_eq!(reach(space, f32::NAN), None);
        }
    }
}
