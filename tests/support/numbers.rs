//! Seeded numbers and vectors: the same on every machine.

/// splitmix64 (Steele, Lea & Flood 2014).
pub struct Seeded(pub u64);

impl Seeded {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// In -1..1.
    pub fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    pub fn vector(&mut self, dimension: usize) -> Vec<f32> {
        (0..dimension).map(|_| self.float()).collect()
    }

    /// `n` rows around `n / 50 + 1` centres.
    pub fn clustered(&mut self, n: usize, dimension: usize) -> Vec<Vec<f32>> {
        let centres: Vec<_> = (0..=n / 50).map(|_| self.vector(dimension)).collect();
        (0..n)
            .map(|_| {
                let centre = &centres[self.below(centres.len())];
                centre.iter().map(|c| c + 0.3 * self.float()).collect()
            })
            .collect()
    }
}
