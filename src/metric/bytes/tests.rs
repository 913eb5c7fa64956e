//! Every instruction set against plain Rust, at the limits of the bytes.
//!
//! Those that the processor does not have fall back, and are tried all the same.

use super::{BLOCK, Products, Task, dispatch, scalar};
use crate::metric::Isa;

struct Dot<'a>(&'a [u8], &'a [i8]);

impl Task for Dot<'_> {
    type Output = i32;

    #[inline(always)]
    fn run<P: Products>(self, products: P) -> i32 {
        products.dot(self.0, self.1)
    }
}

fn stream(seed: u64) -> impl Iterator<Item = u8> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
}

#[test]
fn every_instruction_set_gives_the_sum_of_plain_rust() {
    for isa in Isa::ALL {
        for length in (0..=130).chain([384, 768, 1536, 16_384]) {
            let padded = usize::next_multiple_of(length, BLOCK);
            let mut row: Vec<u8> = stream(length as u64).take(length).collect();
            let mut probe: Vec<i8> = stream(length as u64 + 1).take(length).map(|byte| byte as i8).collect();
            row.resize(padded, 128);
            probe.resize(padded, 0);
            let expected: i64 = row.iter().zip(&probe).map(|(&r, &p)| i64::from(r) * i64::from(p)).sum();
            assert_eq!(i64::from(scalar::dot(&row, &probe)), expected);
            assert_eq!(i64::from(dispatch(isa, Dot(&row, &probe))), expected, "{isa:?}, {length} bytes");
        }
    }
}

#[test]
fn the_largest_sums_do_not_saturate() {
    for isa in Isa::ALL {
        for (r, p) in [(255, 127), (255, -128), (0, -128), (128, -127)] {
            let (row, probe) = (vec![r; 16_384], vec![p; 16_384]);
            let expected = 16_384 * i32::from(r) * i32::from(p);
            assert_eq!(dispatch(isa, Dot(&row, &probe)), expected, "{isa:?}, {r} times {p}");
        }
    }
}
