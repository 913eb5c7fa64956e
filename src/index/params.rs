//! What an index is created with.
//!
//! The name is not among them: an index in memory has none.

use std::ops::RangeInclusive;

use super::limits::MAX_DIMENSION;
use crate::error::{Error, Result};
use crate::metric::{Distance, Space};

/// The out-degree parameter M when none is given (Malkov & Yashunin 2016).
pub const DEFAULT_M: u32 = 16;

/// The parameters of an index; they never change after its creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// Components per vector, 1..=[`MAX_DIMENSION`].
    pub dimension: u32,
    /// M: every row links to at most 2M others, 2..=128.
    pub m: u32,
    /// The search's candidate list length; `None` lets vectord choose.
    pub ef_search: Option<u32>,
    /// What near means.
    pub distance: Distance,
}

impl Params {
    /// The dimensions there are.
    pub const DIMENSION: RangeInclusive<u32> = 1..=MAX_DIMENSION;
    /// The values of `m`.
    pub const M: RangeInclusive<u32> = 2..=128;
    /// The values of `ef_search`.
    pub const EF_SEARCH: RangeInclusive<u32> = 1..=65_536;

    /// Parameters with the defaults for everything but the dimension: cosine, M 16, automatic `ef_search`.
    pub fn new(dimension: u32) -> Self {
        Self { dimension, m: DEFAULT_M, ef_search: None, distance: Distance::Cosine }
    }

    /// The space the vectors live in.
    pub(super) fn space(&self) -> Space {
        Space::new(self.distance, self.dimension as usize)
    }

    /// Refuses `asked`, of an index that has these, if its vectors would not be alike; the error names both.
    pub fn agree(&self, asked: &Self) -> Result<()> {
        let Self { dimension, m: _, ef_search: _, distance } = self;
        if (*dimension, *distance) == (asked.dimension, asked.distance) {
            return Ok(());
        }
        let has = format!("has dimension {dimension} and distance {}", distance.name());
        let wants = format!("asked for dimension {} and distance {}", asked.dimension, asked.distance.name());
        Err(Error::invalid(format!("{has}, {wants}")))
    }

    /// Refuses what is outside the limits, naming limit and value.
    pub fn check(&self) -> Result<()> {
        let Self { dimension, m, ef_search, distance: _ } = *self;
        within("dimension", dimension.into(), Self::DIMENSION)?;
        within("m", m.into(), Self::M)?;
        ef_search.map_or(Ok(()), |ef| within("ef_search", ef.into(), Self::EF_SEARCH).map(drop))
    }
}

/// `given` if it is in `range`; else an error that names both.
pub fn within(name: &str, given: i64, range: RangeInclusive<u32>) -> Result<u32> {
    let (least, most) = (range.start(), range.end());
    let fits = u32::try_from(given).ok().filter(|value| range.contains(value));
    fits.ok_or_else(|| Error::invalid(format!("{name} must be {least}..={most}, got {given}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_outside_the_limits_are_refused_with_the_limit() {
        let good = Params::new(384);
        assert!(good.check().is_ok());
        for (bad, why) in [
            (Params { dimension: 0, ..good }, "dimension must be 1..=16384, got 0"),
            (Params { dimension: 20_000, ..good }, "got 20000"),
            (Params { m: 1, ..good }, "m must be 2..=128, got 1"),
            (Params { m: 129, ..good }, "got 129"),
            (Params { ef_search: Some(0), ..good }, "ef_search must be"),
        ] {
            assert!(bad.check().expect_err(why).to_string().contains(why));
        }
    }
}
