//! The bytes of a body, counted in the budget for the bodies of all requests at once.
//!
//! They count until the body is dropped, also where its caller has gone away.

use std::ops::Deref;
use std::sync::Arc;

use super::budget::{Budget, Held};
use super::problem::Problem;

/// A body, whole or growing, whose bytes count until it is dropped.
#[derive(Debug)]
pub(super) struct Payload {
    bytes: Vec<u8>,
    held: Held,
}

impl Payload {
    /// An empty body that expects to become `capacity` bytes long.
    pub(super) fn new(budget: &Arc<Budget>, capacity: usize) -> Result<Self, Problem> {
        let mut held = Held::none(budget);
        held.grow(capacity)?;
        Ok(Self { bytes: Vec::with_capacity(capacity), held })
    }

    /// Gives the memory back, while its bytes go on counting: for what was made of them.
    pub(super) fn forget(&mut self) {
        self.bytes = Vec::new();
    }

    /// Appends `data`; 503 where that is too much beside the bodies of others.
    pub(super) fn extend(&mut self, data: &[u8]) -> Result<(), Problem> {
        let wanted = self.bytes.len() + data.len();
        self.held.grow(wanted)?;
        if wanted > self.bytes.capacity() {
            self.bytes.reserve_exact(self.held.bytes() - self.bytes.len());
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }
}

impl Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::metrics::Refusal;

    #[test]
    fn bodies_beyond_the_budget_are_refused_and_those_that_ended_make_room() {
        let budget = Budget::new(Refusal::Bodies, 100, None);
        let mut one = Payload::new(&budget, 0).unwrap();
        one.extend(&[1; 40]).unwrap();
        one.extend(&[2; 10]).unwrap();
        let mut two = Payload::new(&budget, 20).unwrap();
        assert!(two.extend(&[3; 21]).is_err(), "80 of the first, which doubled, and 20");
        two.extend(&[3; 20]).unwrap();
        one.forget();
        assert!(two.extend(&[3; 1]).is_err(), "what was read counts until it is done with");
        drop(one);
        two.extend(&[4; 30]).unwrap();
        assert!(Payload::new(&budget, 51).is_err(), "50 of the other");
        assert_eq!((two.len(), &two[19..21]), (50, &[3, 4][..]));
        drop(two);
        assert_eq!(budget.held(), 0);
    }
}
