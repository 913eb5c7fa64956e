//! Nanoseconds per kernel call and per admitted row, for every instruction set of this processor.
//!
//! `cargo bench --bench kernels`; both vectors stay in the first-level cache.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use vectord::metric::{Distance, Isa, Kernels};

fn vector(dimension: usize, step: usize) -> Vec<f32> {
    (0..dimension).map(|i| (i * step % 101) as f32 / 50.0 - 1.0).collect()
}

fn kernels(criterion: &mut Criterion) {
    for dimension in [128, 384, 1536] {
        let (a, b) = (vector(dimension, 37), vector(dimension, 53));
        let mut group = criterion.benchmark_group(format!("{dimension}d"));
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
            let kernels = Kernels::best(isa);
            group.bench_function(BenchmarkId::new("dot", isa.name()), |bencher| {
                bencher.iter(|| kernels.dot(black_box(&a), black_box(&b)));
            });
            group.bench_function(BenchmarkId::new("squared_euclidean", isa.name()), |bencher| {
                bencher.iter(|| kernels.squared_euclidean(black_box(&a), black_box(&b)));
            });
        }
        for distance in Distance::ALL {
            group.bench_function(BenchmarkId::new("admit", distance.name()), |bencher| {
                bencher.iter(|| distance.admit(black_box(&a)));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, kernels);
criterion_main!(benches);
