//! Rows in memory that somebody else provides, such as a mapped file.
//!
//! They are only read, and their owner is kept until the last view of them is gone.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Rows (f32, row-major) that stand elsewhere and never change. Cheap to clone.
#[derive(Clone)]
pub struct Base {
    /// What the owner answered when it was asked, once.
    values: *const [f32],
    seal: [u8; 16],
    /// Held, and never touched again, so that `values` stays.
    _owner: Arc<dyn AsRef<[f32]> + Send + Sync>,
}

// SAFETY: `values` is used as the `&[f32]` that it was made from, and the owner may be sent and shared.
unsafe impl Send for Base {}
// SAFETY: as above.
unsafe impl Sync for Base {}

impl Base {
    /// The rows that `owner` provides, which it is asked for once. `seal` is for whoever checks later that they
    /// are still the same: a digest of them, of the provider's choice.
    pub fn new(owner: impl AsRef<[f32]> + Send + Sync + 'static, seal: [u8; 16]) -> Self {
        let owner = Arc::new(owner);
        Self { values: (*owner).as_ref(), seal, _owner: owner }
    }

    /// What it was sealed with.
    pub fn seal(&self) -> [u8; 16] {
        self.seal
    }
}

impl Deref for Base {
    type Target = [f32];

    #[inline]
    fn deref(&self) -> &[f32] {
        // SAFETY: the owner lent it for as long as itself is borrowed. It stays where it is, in an `Arc` that
        // only clones of this `Base` hold; none of them hands it out, so nobody can move or change it.
        unsafe { &*self.values }
    }
}

impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Base").field("len", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_as_long_as_any_clone_and_go_with_the_last() {
        struct Owner(Vec<f32>, #[expect(dead_code, reason = "it counts")] Arc<()>);
        impl AsRef<[f32]> for Owner {
            fn as_ref(&self) -> &[f32] {
                &self.0
            }
        }
        let held = Arc::new(());
        let base = Base::new(Owner(vec![1.0, -0.0, f32::NAN], Arc::clone(&held)), [7; 16]);
        let clone = base.clone();
        let there = clone.as_ptr();
        drop(base);
        let moved = Box::new(clone);
        assert_eq!((moved.as_ptr(), moved.len(), moved[1].to_bits()), (there, 3, (-0.0_f32).to_bits()));
        assert_eq!((moved.seal(), Arc::strong_count(&held)), ([7; 16], 2));
        drop(moved);
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
