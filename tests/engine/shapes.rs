//! Data that is hard on codes or on graphs; each is a function of a seed and a number of rows.

use crate::support::numbers::Seeded;

/// Components per row.
pub const D: usize = 24;

/// Around a centre for each 50 rows.
pub fn clustered(random: &mut Seeded, n: usize) -> Vec<Vec<f32>> {
    random.clustered(n, D)
}

fn changed(mut rows: Vec<Vec<f32>>, change: impl Fn(usize, usize, f32) -> f32) -> Vec<Vec<f32>> {
    for (at, row) in rows.iter_mut().enumerate() {
        row.iter_mut().enumerate().for_each(|(component, value)| *value = change(at, component, *value));
    }
    rows
}

/// Three components a hundred times as large as the others.
pub fn outlier_components(random: &mut Seeded, n: usize) -> Vec<Vec<f32>> {
    changed(clustered(random, n), |_, component, value| value * if component % 9 == 4 { 100.0 } else { 1.0 })
}

/// Norms from a hundredth to a hundred.
pub fn wild_norms(random: &mut Seeded, n: usize) -> Vec<Vec<f32>> {
    let scales: Vec<f32> = (0..n).map(|_| 10_f32.powf(2.0 * random.float())).collect();
    changed(clustered(random, n), |row, _, value| value * scales[row])
}

/// All components of a row are one value.
pub fn constant_rows(random: &mut Seeded, n: usize) -> Vec<Vec<f32>> {
    (0..n).map(|_| vec![random.float(); D]).collect()
}

/// One row a million times as long as the others.
pub fn one_huge_row(random: &mut Seeded, n: usize) -> Vec<Vec<f32>> {
    changed(clustered(random, n), |row, _, value| value * if row == n / 2 { 1e6 } else { 1.0 })
}

/// Every value times 1e15.
pub fn large_values(random: &mut Seeded, n: usize) -> Vec<Vec<f32>> {
    changed(clustered(random, n), |_, _, value| value * 1e15)
}

/// Values around 1e-15, whose squares are still numbers.
pub fn small_values(random: &mut Seeded, n: usize) -> Vec<Vec<f32>> {
    changed(clustered(random, n), |_, _, value| value * 1e-15)
}

/// Half the components around 1e-30, half around 1e15.
pub fn small_beside_large(random: &mut Seeded, n: usize) -> Vec<Vec<f32>> {
    changed(clustered(random, n), |_, component, value| value * if component % 2 == 0 { 1e-30 } else { 1e15 })
}

/// Five of eight rows are one vector.
pub fn copies(random: &mut Seeded, n: usize) -> Vec<Vec<f32>> {
    let copied = random.vector(D);
    let rows = clustered(random, n).into_iter().enumerate();
    rows.map(|(at, row)| if at % 8 < 5 { copied.clone() } else { row }).collect()
}

/// Few distances: components are 0.5 or 1.5.
pub fn ties(random: &mut Seeded, n: usize) -> Vec<Vec<f32>> {
    (0..n).map(|_| (0..D).map(|_| 0.5 + random.below(2) as f32).collect()).collect()
}

/// All rows on one line.
pub fn a_line(random: &mut Seeded, n: usize) -> Vec<Vec<f32>> {
    let (from, along) = (random.vector(D), random.vector(D));
    let place = |at: f32| from.iter().zip(&along).map(|(from, along)| from + at * along).collect();
    (0..n).map(|_| place(random.float())).collect()
}

/// All rows on one plane.
pub fn a_plane(random: &mut Seeded, n: usize) -> Vec<Vec<f32>> {
    let (right, up) = (random.vector(D), random.vector(D));
    let place = |x: f32, y: f32| right.iter().zip(&up).map(|(right, up)| x * right + y * up).collect();
    (0..n).map(|_| place(random.float(), random.float())).collect()
}

/// Most rows around one centre, then rows elsewhere at `scale` times the size.
pub fn drifting(random: &mut Seeded, first: usize, then: usize, scale: f32) -> Vec<Vec<f32>> {
    let (here, there) = (random.vector(D), random.vector(D));
    let mut rows = Vec::new();
    for at in 0..first + then {
        let (centre, size) = if at < first { (&here, 1.0) } else { (&there, scale) };
        rows.push(centre.iter().map(|centre| (centre * 3.0 + random.float()) * size).collect());
    }
    rows
}
