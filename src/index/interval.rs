//! How far a share measured on a sample can be from that of all.
//!
//! It knows of shares alone; who drew them, and from what, is another's business.

/// A share, and the interval that holds the true one 19 times of 20.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The share measured.
    pub share: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The normal deviate that 19 of 20 stay within.
const Z: f64 = 1.959_964;

/// Misses come together: parts of one query are worth no more than half as many independent ones.
const PARTS_PER_TRIAL: f64 = 2.0;

impl Interval {
    /// Of the mean of `shares`, each of `parts` equal parts, drawn without repetition from `population`: Wilson's
    /// score interval (1927) for as many trials as have the variance that was seen.
    ///
    /// Of no shares, everything is possible.
    pub fn of(shares: &[f64], parts: usize, population: usize) -> Self {
        let n = shares.len() as f64;
        if shares.is_empty() {
            return Self { share: 1.0, low: 0.0, high: 1.0 };
        }
        let share = shares.iter().sum::<f64>() / n;
        if shares.len() >= population {
            return Self { share, low: share, high: share };
        }
        let variance = shares.iter().map(|one| (one - share).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        let most = (n * parts as f64 / PARTS_PER_TRIAL).max(n);
        let seen = share * (1.0 - share) * n / variance;
        // Nothing varies where all are the same: then as many as there can be.
        let trials = if seen.is_finite() { seen.clamp(1.0, most) } else { most };
        // What was drawn is not drawn again.
        let trials = trials * (population as f64 - 1.0) / (population as f64 - n);
        let spread = Z * Z / trials;
        let middle = (share + spread / 2.0) / (1.0 + spread);
        let half = (share * (1.0 - share) * spread + spread * spread / 4.0).sqrt() / (1.0 + spread);
        // Rounding may lose the ends at 0 and 1.
        Self { share, low: (middle - half).clamp(0.0, share), high: (middle + half).clamp(share, 1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_holds_its_share_and_narrows_with_the_sample() {
        let near = |a: f64, b: f64| (a - b).abs() < 5e-4;
        let Interval { share, low, high } = Interval::of(&[1.0; 200], 10, 1_000_000);
        assert!(near(share, 1.0) && near(low, 0.9962) && near(high, 1.0), "{low} {high}");
        // Yes or no, nine times of ten: the textbook's interval.
        let half: Vec<f64> = (0..100).map(|at| f64::from(u8::from(at % 10 != 0))).collect();
        let Interval { share, low, high } = Interval::of(&half, 1, 1_000_000_000);
        assert!(near(share, 0.9) && near(low, 0.8256) && near(high, 0.9448), "{low} {high}");
        let more = Interval::of(&half.repeat(10), 1, 1_000_000_000);
        assert!(more.low > low && more.high < high);
        // Who asks everyone knows.
        assert_eq!(Interval::of(&half, 1, 100), Interval { share: 0.9, low: 0.9, high: 0.9 });
        assert_eq!(Interval::of(&[], 10, 5), Interval { share: 1.0, low: 0.0, high: 1.0 });
    }

    #[test]
    fn nineteen_of_twenty_hold_the_truth() {
        let mut state = 7_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / (1_u64 << 24) as f64
        };
        // One query in five is hard and finds six of ten on average, the others nearly all.
        let population: Vec<f64> = (0..20_000)
            .map(|_| {
                let chance = if random() < 0.2 { 0.6 } else { 0.995 };
                (0..10).filter(|_| random() < chance).count() as f64 / 10.0
            })
            .collect();
        let truth = population.iter().sum::<f64>() / population.len() as f64;
        let mut holds = |_| {
            let sample: Vec<f64> =
                (0..200).map(|_| population[(random() * population.len() as f64) as usize]).collect();
            let Interval { low, high, .. } = Interval::of(&sample, 10, population.len());
            (low..=high).contains(&truth)
        };
        let held = (0..400).filter(|at| holds(*at)).count();
        assert!((368..=396).contains(&held), "{held} of 400");
    }
}
