//! From an instruction set to code built for it.
//!
//! A value of a type that implements [`Products`] is the proof that the processor has what it needs: only
//! [`dispatch`] makes them.

use super::packed::{Step, Sums, TileRows, TileSums};
use super::scalar;
use crate::metric::Isa;

/// Bytes in a block: a cache line, and the widest register.
pub const BLOCK: usize = 64;

/// Products of byte rows on one instruction set.
pub trait Products: Copy + Send + Sync {
    /// The sum of `row[i] * probe[i]`. Both are of one length, a multiple of [`BLOCK`], at most 16,384.
    fn dot(self, row: &[u8], probe: &[i8]) -> i32;

    /// [`Products::dot`] of each row with each probe of each group, all of one length.
    fn tile<const G: usize>(self, rows: TileRows<'_>, groups: [&[Step]; G], sums: &mut TileSums<G>);

    /// The lanes, a bit each, where `addend + bases[i] - 2 * sums[i] <= limits[i]` in wrapping arithmetic.
    #[inline(always)]
    fn within(self, addend: i32, bases: &Sums, sums: &Sums, limits: &Sums) -> u16 {
        scalar::within(addend, bases, sums, limits)
    }
}

/// Work that needs many products.
pub trait Task {
    /// What it comes to.
    type Output;

    /// Does it. To be marked `inline(always)`, so that it is compiled for the instruction set of `products`.
    fn run<P: Products>(self, products: P) -> Self::Output;
}

/// Runs `task` on `isa`, or on the best the processor has below it.
#[inline]
pub fn dispatch<T: Task>(isa: Isa, task: T) -> T::Output {
    match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the features of on_avx512 were detected.
        Isa::Avx512 if has_vnni() => unsafe { on_avx512(task) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the feature of on_avx2 was detected.
        Isa::Avx512 | Isa::Avx2 if Isa::Avx2.is_available() => unsafe { on_avx2(task) },
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => task.run(Neon(())),
        Isa::Scalar | Isa::Neon | Isa::Avx2 | Isa::Avx512 => task.run(Scalar),
    }
}

#[inline]
fn check(row: &[u8], probe: &[i8]) {
    debug_assert_eq!(row.len(), probe.len());
    debug_assert!(row.len().is_multiple_of(BLOCK));
}

#[derive(Clone, Copy)]
struct Scalar;

impl Products for Scalar {
    #[inline(always)]
    fn dot(self, row: &[u8], probe: &[i8]) -> i32 {
        check(row, probe);
        scalar::dot(row, probe)
    }

    #[inline(always)]
    fn tile<const G: usize>(self, rows: TileRows<'_>, groups: [&[Step]; G], sums: &mut TileSums<G>) {
        scalar::tile(rows, groups, sums);
    }
}

#[cfg(target_arch = "aarch64")]
#[derive(Clone, Copy)]
struct Neon(());

#[cfg(target_arch = "aarch64")]
impl Products for Neon {
    #[inline(always)]
    fn dot(self, row: &[u8], probe: &[i8]) -> i32 {
        check(row, probe);
        super::neon::dot(row, probe)
    }

    #[inline(always)]
    fn tile<const G: usize>(self, rows: TileRows<'_>, groups: [&[Step]; G], sums: &mut TileSums<G>) {
        super::neon::tile(rows, groups, sums);
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::{avx2, avx512};
    use super::{Products, Step, Sums, Task, TileRows, TileSums, check};

    /// Whether the processor has all that [`on_avx512`] is compiled with.
    #[inline]
    pub(super) fn has_vnni() -> bool {
        std::is_x86_feature_detected!("avx512f")
            && std::is_x86_feature_detected!("avx512bw")
            && std::is_x86_feature_detected!("avx512vl")
            && std::is_x86_feature_detected!("avx512vnni")
            && std::is_x86_feature_detected!("bmi2")
            && std::is_x86_feature_detected!("lzcnt")
            && std::is_x86_feature_detected!("popcnt")
    }

    #[derive(Clone, Copy)]
    struct Avx512(());

    impl Products for Avx512 {
        #[inline(always)]
        fn dot(self, row: &[u8], probe: &[i8]) -> i32 {
            check(row, probe);
            // SAFETY: only on_avx512 makes a value of this type, and its callers detected the features.
            unsafe { avx512::dot(row, probe) }
        }

        #[inline(always)]
        fn tile<const G: usize>(self, rows: TileRows<'_>, groups: [&[Step]; G], sums: &mut TileSums<G>) {
            // SAFETY: as above.
            unsafe { avx512::tile(rows, groups, sums) };
        }

        #[inline(always)]
        fn within(self, addend: i32, bases: &Sums, sums: &Sums, limits: &Sums) -> u16 {
            // SAFETY: as above.
            unsafe { avx512::within(addend, bases, sums, limits) }
        }
    }

    /// Runs a task with AVX-512 VNNI.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,bmi2,lzcnt,popcnt")]
    pub(super) fn on_avx512<T: Task>(task: T) -> T::Output {
        task.run(Avx512(()))
    }

    #[derive(Clone, Copy)]
    struct Avx2(());

    impl Products for Avx2 {
        #[inline(always)]
        fn dot(self, row: &[u8], probe: &[i8]) -> i32 {
            check(row, probe);
            // SAFETY: only on_avx2 makes a value of this type, and its callers detected the feature.
            unsafe { avx2::dot(row, probe) }
        }

        #[inline(always)]
        fn tile<const G: usize>(self, rows: TileRows<'_>, groups: [&[Step]; G], sums: &mut TileSums<G>) {
            // SAFETY: as above.
            unsafe { avx2::tile(rows, groups, sums) };
        }
    }

    /// Runs a task with AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) fn on_avx2<T: Task>(task: T) -> T::Output {
        task.run(Avx2(()))
    }
}

#[cfg(target_arch = "x86_64")]
use x86::{has_vnni, on_avx2, on_avx512};
