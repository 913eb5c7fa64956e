//! What an index is created with.
//!
//! The name is not among them: an index in memory has none.

use super::limits::{M_RANGE, MAX_DIMENSION, MAX_EF_SEARCH};
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
    /// Parameters with the defaults for everything but the dimension: cosine, M 16, automatic `ef_search`.
    pub fn new(dimension: u32) -> Self {
        Self { dimension, m: DEFAULT_M, ef_search: None, distance: Distance::Cosine }
    }

    /// The space the vectors live in.
    pub(super) fn space(&self) -> Space {
        Space::new(self.distance, self.dimension as usize)
    }

    /// Refuses what is outside the limits, naming limit and value.
    pub fn check(&self) -> Result<()> {
        let Self { dimension, m, ef_search, distance: _ } = *self;
        if !(1..=MAX_DIMENSION).contains(&dimension) {
            return Err(Error::invalid(format!("dimension must be 1..={MAX_DIMENSION}, got {dimension}")));
        }
        if !M_RANGE.contains(&m) {
            return Err(Error::invalid(format!(
                "m must be {}..={}, got {m}",
                M_RANGE.start(),
                M_RANGE.end()
            )));
        }
        match ef_search {
            Some(ef) if !(1..=MAX_EF_SEARCH).contains(&ef) => {
                Err(Error::invalid(format!("ef_search must be 1..={MAX_EF_SEARCH}, got {ef}")))
            }
            Some(_) | None => Ok(()),
        }
    }
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
