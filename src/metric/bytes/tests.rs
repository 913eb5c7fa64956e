//! Every instruction set against plain Rust, at the limits of the bytes.
//!
//! Those that the processor does not have fall back, and are tried all the same.

use super::{BLOCK, LANES, Packed, Products, Sums, TILE, Task, TileRows, TileSums, dispatch, scalar};
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

struct Tile<'a>(TileRows<'a>, &'a Packed);

impl Task for Tile<'_> {
    type Output = (TileSums<4>, TileSums<1>);

    #[inline(always)]
    fn run<P: Products>(self, products: P) -> Self::Output {
        let Self(rows, probes) = self;
        let (mut four, mut last) = ([[[7; LANES]; 4]; TILE], [[[7; LANES]; 1]; TILE]);
        products.tile(rows, [0, 1, 2, 3].map(|group| probes.group(group)), &mut four);
        products.tile(rows, [probes.group(4)], &mut last);
        (four, last)
    }
}

#[test]
fn every_product_of_a_tile_is_that_of_the_row_and_the_probe() {
    const PROBES: usize = 5 * LANES - 3;
    for isa in Isa::ALL {
        for length in [64, 128, 192, 384, 768, 1536, 16_384] {
            let at_its_limits = |byte: u8| match byte % 8 {
                0 => 0,
                1 => 255,
                2 => 128,
                3 => 127,
                4..=7 => byte,
                8.. => unreachable!("a remainder of 8"),
            };
            let rows: Vec<u8> = stream(length as u64).take(TILE * length).map(at_its_limits).collect();
            let probes = stream(length as u64 + 1).take(PROBES * length);
            let probes: Vec<i8> = probes.map(|byte| at_its_limits(byte) as i8).collect();
            let tile: TileRows<'_> = std::array::from_fn(|row| &rows[row * length..(row + 1) * length]);
            let (four, last) = dispatch(isa, Tile(tile, &Packed::new(&probes, length)));
            for (row, (four, last)) in tile.iter().zip(four.iter().zip(&last)) {
                let mut sums = four.iter().chain(last).flatten();
                for probe in probes.chunks(length) {
                    assert_eq!(sums.next(), Some(&scalar::dot(row, probe)), "{isa:?}, {length} bytes");
                }
                assert!(sums.eq(&[0; 3]), "no probe, no product");
            }
        }
    }
}

struct Within(i32, Sums, Sums, Sums);

impl Task for Within {
    type Output = u16;

    #[inline(always)]
    fn run<P: Products>(self, products: P) -> u16 {
        let Self(addend, bases, sums, limits) = self;
        products.within(addend, &bases, &sums, &limits)
    }
}

#[test]
fn a_key_is_within_its_limit_in_its_own_lane() {
    for isa in Isa::ALL {
        for lane in 0..LANES {
            let (mut bases, mut sums, mut limits) = ([1000; LANES], [-500; LANES], [1999; LANES]);
            assert_eq!(dispatch(isa, Within(0, bases, sums, limits)), 0, "{isa:?}");
            // Wraps on the way to its key, which is its limit.
            (bases[lane], sums[lane], limits[lane]) = (i32::MAX, 1 << 29, (1 << 30) + 1);
            assert_eq!(dispatch(isa, Within(2, bases, sums, limits)), 1 << lane, "{isa:?}, lane {lane}");
            limits[lane] -= 1;
            assert_eq!(dispatch(isa, Within(2, bases, sums, limits)), 0, "{isa:?}, lane {lane}");
        }
    }
}
