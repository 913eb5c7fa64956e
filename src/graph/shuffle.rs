//! A seeded permutation: the same everywhere, for ever. It decides the order rows are attached in.
//!
//! It is no source of randomness: seeds are constants mixed with row counts.

/// From one state of splitmix64 to the next.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Shuffles `slots` by Fisher and Yates with a splitmix64 stream.
pub fn shuffle(slots: &mut [u32], seed: u64) {
    let mut state = seed;
    for last in (1..slots.len()).rev() {
        state = state.wrapping_add(STEP);
        let z = mix(state);
        // The high word of z * (last + 1) is below last + 1.
        let other = (u128::from(z) * (last as u128 + 1)) >> 64;
        slots.swap(last, other as usize);
    }
}

/// Number `at` of the splitmix64 stream that begins at 0.
pub fn draw(at: u64) -> u64 {
    mix(at.wrapping_add(1).wrapping_mul(STEP))
}

/// What splitmix64 (Steele, Lea and Flood 2014) makes of a state: a number that looks as if it were drawn.
fn mix(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_is_a_permutation_fixed_for_ever() {
        let mut slots: Vec<u32> = (0..10).collect();
        shuffle(&mut slots, 1);
        assert_eq!(slots, [9, 0, 1, 4, 8, 2, 3, 7, 6, 5]);
        slots.sort_unstable();
        assert_eq!(slots, (0..10).collect::<Vec<u32>>());
    }
}
