//! Exact search by codes against the plain scan: equal to the last bit, whatever the data, the codec and the
//! query do to the codes.

use proptest::prelude::*;

use super::{FloatRuler, start};
use crate::graph::bound::Most;
use crate::graph::codes::{Codes, CodesView};
use crate::graph::measure::Measure;
use crate::graph::tile::key;
use crate::graph::{Neighbour, Rows, RowsView, Threads, scan};
use crate::metric::{Codec, Distance, Space};

/// Numbers from a seed.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    /// In -1..1.
    fn value(&mut self) -> f32 {
        self.below(1 << 24) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// What vectors are like.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Even,
    Clustered,
    FewValues,
    Bytes,
    NearlyBytes,
    AllAlike,
    OneUlpApart,
    FarFromZero,
    Outliers,
    EveryScale,
    /// Sums are above the integers that f32 has.
    BlackAndWhite,
    /// Products are subnormal.
    Faint,
    /// Sums nearly overflow.
    Vast,
}

impl Kind {
    const ALL: [Self; 13] = [
        Self::Even,
        Self::Clustered,
        Self::FewValues,
        Self::Bytes,
        Self::NearlyBytes,
        Self::AllAlike,
        Self::OneUlpApart,
        Self::FarFromZero,
        Self::Outliers,
        Self::EveryScale,
        Self::BlackAndWhite,
        Self::Faint,
        Self::Vast,
    ];

    fn vectors(self, random: &mut Seeded, n: usize, dimension: usize) -> Vec<f32> {
        let centres: Vec<f32> = (0..4 * dimension).map(|_| random.value()).collect();
        let mut vectors = Vec::new();
        for _ in 0..n {
            let centre = &centres[random.below(4) * dimension..];
            let scale = [1e-45, 1e-39, 1e-20, 1e-15, 1.0, 1e10, 1e16][random.below(7)];
            vectors.extend((0..dimension).map(|at| match self {
                Self::Even => random.value(),
                Self::Clustered => centre[at] + 0.01 * random.value(),
                Self::FewValues => [-0.5, 0.0, 0.5][random.below(3)],
                Self::Bytes => random.below(256) as f32,
                Self::NearlyBytes => random.below(4) as f32 + if random.below(50) == 0 { 1e-7 } else { 0.0 },
                Self::AllAlike => centres[at],
                Self::OneUlpApart => f32::from_bits(centres[at].to_bits() ^ random.below(2) as u32),
                Self::FarFromZero => 1e6 + random.value(),
                Self::Outliers => random.value() * if random.below(40) == 0 { 1e3 } else { 1.0 },
                Self::EveryScale => random.value() * scale,
                Self::BlackAndWhite => 255.0 * random.below(2) as f32,
                Self::Faint => random.value() * 3e-19 / (dimension as f32).sqrt(),
                Self::Vast => centre[at] * 1.8e19 / (dimension as f32).sqrt(),
            }));
        }
        vectors
    }
}

/// Rows, queries and the codes of the rows below `coded`.
struct Case {
    rows: RowsView,
    codes: CodesView,
    queries: Vec<f32>,
    inverse_norms: Vec<f32>,
}

impl Case {
    fn new(
        random: &mut Seeded,
        space: Space,
        kinds: [Kind; 2],
        sizes: [usize; 3],
        codec: Option<f32>,
    ) -> Self {
        let [n, count, coded] = sizes;
        let dimension = space.dimension();
        let admitted = |vectors: Vec<f32>| -> Vec<f32> {
            let one = vec![1.0; dimension];
            let is_admitted = |vector: &[f32]| space.distance().admit(vector).is_ok();
            vectors.chunks(dimension).flat_map(|v| if is_admitted(v) { v } else { &one }.to_vec()).collect()
        };
        let vectors = admitted(kinds[0].vectors(random, n, dimension));
        let mut queries = admitted(kinds[1].vectors(random, count, dimension));
        for query in queries.chunks_mut(dimension) {
            if n > 0 && random.below(3) == 0 {
                query.copy_from_slice(&vectors[random.below(n) * dimension..][..dimension]);
            }
        }
        let mut rows = Rows::new(space);
        rows.push(&vectors).unwrap();
        let rows = rows.view();
        let centre: Vec<f32> = (0..dimension)
            .map(|at| match space.distance() {
                Distance::Dot => 0.0,
                Distance::Cosine | Distance::Euclidean if random.below(2) == 0 => random.value(),
                Distance::Cosine | Distance::Euclidean => vectors.get(at).copied().unwrap_or(0.0),
            })
            .collect();
        let codec = codec.map_or_else(|| Codec::lossless(dimension), |scale| Codec::new(scale, &centre));
        let mut codes = Codes::new(Measure::Bytes { codec, roof: 0 }, 0);
        codes.extend(&rows, coded, Threads::ONE);
        let inverse_norms = queries.chunks(dimension).map(|q| space.distance().admit(q).unwrap()).collect();
        Self { rows, codes: codes.view(), queries, inverse_norms }
    }

    fn check(&self, k: usize, threads: Threads, alive: impl Fn(u32) -> bool + Sync) {
        let Self { rows, codes, queries, inverse_norms } = self;
        let found = codes.scan_many(rows, queries, inverse_norms, k, &alive, threads);
        assert_eq!(found.len(), inverse_norms.len());
        let queries = queries.chunks(rows.space().dimension()).zip(inverse_norms);
        for (at, ((query, &inverse_norm), found)) in queries.zip(&found).enumerate() {
            let expected = scan(rows, query, inverse_norm, k, &alive);
            assert_eq!(bits(found), bits(&expected), "of query {at}");
            if at < 3 {
                self.check_bounds(at);
                let alone = codes.scan(rows, query, inverse_norm, k, &alive);
                assert_eq!(bits(&alone), bits(&expected), "of query {at}, alone");
            }
        }
    }
}

impl Case {
    /// Checks what is said of each coded row; returns the least that each exact key may be.
    fn check_bounds(&self, query: usize) -> Vec<f64> {
        let rows = &self.rows;
        let dimension = rows.space().dimension();
        let (query, inverse_norm) =
            (&self.queries[query * dimension..][..dimension], self.inverse_norms[query]);
        let (codec, coded) = self.codes.coded_rows(rows).unwrap();
        let mut probe = vec![0; codec.stride()];
        let (base, bound) = start(codec, FloatRuler { rows, query, inverse_norm }, &mut probe);
        let least = |slot: u32| {
            let row = coded.bytes.row(slot).iter().zip(&probe);
            let dot: i32 = row.map(|(&row, &probe)| i32::from(row) * i32::from(probe)).sum();
            let spread = coded.spread(slot);
            let key = key(coded.addend(spread.norm), base, dot);
            let (least, greatest) = bound.range(key, spread);
            let exact = rows.key_to(query, inverse_norm, slot);
            let wide = f64::from(exact);
            assert!(least <= wide && wide <= greatest, "{least} <= {exact} <= {greatest} of row {slot}");
            if let Some(known) = bound.exact(key, spread.residual) {
                assert_eq!(known.to_bits(), exact.to_bits(), "of row {slot}");
            }
            let limits = bound.limits(wide);
            let most = Most::of(coded.is_dot, &[spread.norm], &[spread.residual]);
            assert!(most.is_none_or(|most| key <= limits.key(most)), "row {slot} passes its own limit");
            least
        };
        (0..self.codes.len() as u32).map(least).collect()
    }
}

fn bits(found: &[Neighbour]) -> Vec<(u32, u32)> {
    found.iter().map(|near| (near.key.to_bits(), near.slot)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn answers_by_codes_are_those_of_the_plain_scan(
        seed in any::<u64>(),
        distance in prop::sample::select(Distance::ALL.to_vec()),
        kinds in prop::array::uniform2(prop::sample::select(Kind::ALL.to_vec())),
        is_alike in any::<bool>(),
        dimension in prop_oneof![1_usize..9, 60..70_usize, Just(300), Just(2000)],
        n in 0_usize..300,
        count in prop_oneof![0_usize..5, 40..60_usize],
        k in prop_oneof![0_usize..12, 0..310_usize],
        scale in prop_oneof![
            Just(None), Just(Some(1.0)), Just(Some(127.0)), Just(Some(1e-6)), Just(Some(1e4)), Just(Some(1e30))
        ],
        dead in 1_usize..5,
        coded in 0_usize..600,
    ) {
        let mut random = Seeded(seed);
        let space = Space::new(distance, dimension);
        // Under dot the centre is always zero.
        let scale = if distance == Distance::Dot { scale.or(Some(3.0)) } else { scale };
        let kinds = if is_alike { [kinds[0]; 2] } else { kinds };
        let case = Case::new(&mut random, space, kinds, [n, count, coded.min(n)], scale);
        case.check(k, Threads::ONE, |slot| dead == 1 || !(slot as usize).is_multiple_of(dead));
    }
}

#[test]
fn many_rows_as_good_as_the_last_wanted_are_told_apart_by_slot() {
    for distance in Distance::ALL {
        for kind in [Kind::AllAlike, Kind::FewValues, Kind::Even] {
            let space = Space::new(distance, 16);
            let case = Case::new(&mut Seeded(1), space, [kind; 2], [9000, 130, 8900], Some(100.0));
            for threads in [1, 4] {
                case.check(20, Threads::new(threads), |slot| slot % 7 != 3);
            }
        }
    }
}

#[test]
fn few_rows_are_measured_on_the_vectors() {
    let space = Space::new(Distance::Euclidean, 64);
    let case = Case::new(&mut Seeded(2), space, [Kind::Even; 2], [5000, 1, 5000], Some(60.0));
    let exact = scan(&case.rows, &case.queries, case.inverse_norms[0], 10, |_| true);
    let worst = f64::from(exact.last().unwrap().key);
    let close = case.check_bounds(0).into_iter().filter(|&least| least <= worst).count();
    assert!(close < 60, "{close} rows of 5,000 may be among the nearest 10");
}

#[test]
fn what_subnormal_products_lose_rules_no_row_out() {
    let space = Space::new(Distance::Cosine, 1024);
    for step in 0..20 {
        let vector = [4e-21 * (1.0 + step as f32 / 1000.0); 1024];
        let mut rows = Rows::new(space);
        rows.push(&vector).unwrap();
        let rows = rows.view();
        // Each component is a code, all but exactly.
        let codec = Codec::new(64.0, &[0.0; 1024]);
        let mut codes = Codes::new(Measure::Bytes { codec, roof: 0 }, 0);
        codes.extend(&rows, 1, Threads::ONE);
        let inverse_norms = vec![rows.inverse_norm(0)];
        Case { rows, codes: codes.view(), queries: vector.to_vec(), inverse_norms }.check_bounds(0);
    }
}
