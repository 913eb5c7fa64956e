//! The kernels in plain Rust: the definition every other instruction set must match bit for bit.
//!
//! Blocks of 16 components go in turn to four chains of 16 partial sums, each product rounded
//! before it is added (no FMA). The last, partial block is padded with zeros. The chains are added
//! as (0+1)+(2+3), then lane i to lane i+8, i+4, i+2 and i+1.

const LANES: usize = 16;
const CHAINS: usize = 4;

fn sum(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let mut chains = [[0.0_f32; LANES]; CHAINS];
    for (block, (a, b)) in a.chunks(LANES).zip(b.chunks(LANES)).enumerate() {
        let chain = &mut chains[block % CHAINS];
        for (lane, sum) in chain.iter_mut().enumerate() {
            let x = a.get(lane).copied().unwrap_or(0.0);
            let y = b.get(lane).copied().unwrap_or(0.0);
            *sum += term(x, y);
        }
    }
    let mut lanes: [f32; LANES] =
        std::array::from_fn(|lane| (chains[0][lane] + chains[1][lane]) + (chains[2][lane] + chains[3][lane]));
    for half in [8, 4, 2, 1] {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
    }
    lanes[0]
}

/// The sum of `a[i] * b[i]`.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    sum(a, b, |x, y| x * y)
}

/// The sum of `(a[i] - b[i])^2`.
pub(super) fn squared_euclidean(a: &[f32], b: &[f32]) -> f32 {
    sum(a, b, |x, y| (x - y) * (x - y))
}
