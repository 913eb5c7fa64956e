//! Whole numbers among the arguments: an int of any size, which its range then refuses by name.
//!
//! pyo3's own conversion raises a bare `OverflowError`, which names neither the argument nor its limits.

use std::fmt;
use std::ops::RangeInclusive;

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;

use crate::error::{Error, Result};

/// An int, or whatever has `__index__`.
pub(super) enum Whole {
    Fits(i64),
    /// Beyond i64, as Python writes it.
    Beyond(String),
}

impl Whole {
    /// The number, if it is in `range`.
    pub(super) fn within<T>(self, name: &str, range: RangeInclusive<T>) -> Result<T>
    where
        T: TryFrom<i64> + PartialOrd + fmt::Display,
    {
        let number = self.number().filter(|number| range.contains(number));
        let (least, most) = (range.start(), range.end());
        number.ok_or_else(|| Error::invalid(format!("{name} must be {least}..={most}, got {self}")))
    }

    fn number<T: TryFrom<i64>>(&self) -> Option<T> {
        match self {
            Self::Fits(number) => T::try_from(*number).ok(),
            Self::Beyond(_) => None,
        }
    }

    /// The number of rows or candidates, at least one.
    pub(super) fn count(self, name: &str) -> Result<usize> {
        let least = || Error::invalid(format!("{name} must be at least 1, got {self}"));
        match &self {
            Self::Fits(number) => usize::try_from(*number).ok().filter(|&n| n > 0).ok_or_else(least),
            Self::Beyond(text) if text.starts_with('-') => Err(least()),
            Self::Beyond(_) => Err(Error::invalid(format!("{name} must be 1..={}, got {self}", i64::MAX))),
        }
    }
}

impl fmt::Display for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fits(number) => number.fmt(f),
            Self::Beyond(text) => text.fmt(f),
        }
    }
}

impl From<i64> for Whole {
    fn from(number: i64) -> Self {
        Self::Fits(number)
    }
}

impl<'py> FromPyObject<'_, 'py> for Whole {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match given.extract::<i64>() {
            Ok(number) => Ok(Self::Fits(number)),
            Err(error) if error.is_instance_of::<PyOverflowError>(given.py()) => {
                // Python refuses to write out a number of thousands of digits.
                let text = given.str().map_or_else(|_| "far more".to_owned(), |text| text.to_string());
                Ok(Self::Beyond(text))
            }
            Err(error) => Err(error),
        }
    }
}
