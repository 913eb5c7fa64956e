//! A query's codes, for rulers and tiles to measure from: those of a row, but under dot of a scale of their own.
//!
//! What they tell of the query's neighbours is said elsewhere (`bytewise.rs`, `bound.rs`).

use super::floatwise::FloatRuler;
use crate::metric::{Codec, Coded, Distance};

/// How a query was coded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Aim {
    pub(super) coded: Coded,
    /// Codes per unit.
    pub(super) scale: f64,
}

/// Codes `query` into `probe`, next to rows coded by `codec`.
#[inline(always)]
pub(super) fn aim(codec: &Codec, query: FloatRuler<'_>, probe: &mut [i8]) -> Aim {
    let FloatRuler { rows, query, inverse_norm } = query;
    match rows.space().distance() {
        Distance::Euclidean | Distance::Cosine => {
            Aim { coded: codec.probe(query, inverse_norm, probe), scale: f64::from(codec.scale()) }
        }
        // Only the query's direction matters, and it may be of any length.
        Distance::Dot => {
            let (coded, scale) = codec.direction(query, probe);
            Aim { coded, scale }
        }
    }
}
