//! The index beside a plain map: thousands of random operations, with reopens, must agree with it.

use std::collections::BTreeMap;

use vectord::registry::{Batch, Distance, LiveIndex, Params, Registry, SearchOptions};

use crate::support::numbers::Seeded;

type Model = BTreeMap<String, (Vec<f32>, Option<String>)>;

const DIMENSION: usize = 12;

fn distance(kind: Distance, a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    match kind {
        Distance::Cosine => 1.0 - dot(a, b) / (dot(a, a).sqrt() * dot(b, b).sqrt()),
        Distance::Euclidean => (dot(a, a) + dot(b, b) - 2.0 * dot(a, b)).max(0.0).sqrt(),
        Distance::Dot => 1.0 - dot(a, b),
    }
}

fn agrees(live: &LiveIndex, model: &Model, kind: Distance, random: &mut Seeded) {
    assert_eq!(live.validate().unwrap(), Vec::<String>::new());
    assert_eq!(live.len().unwrap(), model.len());
    let ids: Vec<&str> = model.keys().map(String::as_str).collect();
    for (row, (id, (vector, metadata))) in live.get(&ids).unwrap().into_iter().zip(model) {
        let row = row.unwrap_or_else(|| panic!("{id} is missing"));
        assert_eq!((&*row.id, row.metadata.as_deref()), (id.as_str(), metadata.as_deref()));
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&row.vector), bits(vector), "{id}");
    }
    let query = random.vector(DIMENSION);
    let mut expected: Vec<_> =
        model.iter().map(|(id, (vector, _))| (distance(kind, &query, vector), id)).collect();
    expected.sort_by(|a, b| a.0.total_cmp(&b.0));
    let hits =
        live.search(&query, &SearchOptions { ef: None, exact: true, ..SearchOptions::new(10) }).unwrap();
    assert_eq!(hits.len(), model.len().min(10));
    for (at, (near, _)) in expected.iter().take(10).enumerate() {
        assert!(
            (f64::from(hits.distances[at]) - near).abs() < 1e-4,
            "{at}: {} is not {near}",
            hits.distances[at]
        );
        let (vector, metadata) = &model[&hits.ids[at]];
        assert!(
            (distance(kind, &query, vector) - near).abs() < 1e-4,
            "{at}: {} is not so near",
            &hits.ids[at]
        );
        assert_eq!(hits.metadata[at].as_deref(), metadata.as_deref());
    }
}

fn random_operations(kind: Distance, seed: u64, operations: usize) {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().to_str().unwrap();
    let mut random = Seeded(seed);
    let mut model = Model::new();
    let mut registry = Registry::open_unshared(url).unwrap();
    let params = Params { distance: kind, ..Params::new(DIMENSION as u32) };
    let mut live = registry.create("model", params).unwrap();
    for step in 0..operations {
        let id = |random: &mut Seeded| format!("row-{}", random.below(400));
        match random.below(20) {
            0..=9 => {
                let n = 1 + random.below(8);
                let mut batch = Batch::builder(n, DIMENSION as u32);
                for _ in 0..n {
                    let (id, vector) = (id(&mut random), random.vector(DIMENSION));
                    let text = (random.below(2) == 0).then(|| format!("{{\"step\":{step}, \"x\": 1.0}}"));
                    batch.push_row(&id, text.as_deref(), &vector).unwrap();
                    let kept = text.map(|_| format!("{{\"step\":{step},\"x\":1.0}}"));
                    let old = model.remove(&id).and_then(|(_, text)| text);
                    model.insert(id, (vector, kept.or(old)));
                }
                let added = live.add(batch.finish().unwrap(), None).unwrap();
                assert_eq!((added.added, added.length), (n, model.len()));
            }
            10..=13 => {
                let ids: Vec<_> = (0..=random.below(5)).map(|_| id(&mut random)).collect();
                let deleted = live.delete(&ids).unwrap().deleted;
                assert_eq!(deleted, ids.iter().filter(|id| model.remove(*id).is_some()).count());
            }
            14..=17 if !model.is_empty() => {
                let id = model.keys().nth(random.below(model.len())).unwrap().clone();
                let text = (random.below(3) > 0).then(|| format!("[{step}]"));
                live.set_metadata(&[(id.clone(), text.clone())]).unwrap();
                model.get_mut(&id).unwrap().1 = text;
            }
            18 => {
                live.checkpoint().unwrap();
            }
            _ => {
                drop(live);
                registry.close().unwrap();
                registry = Registry::open_unshared(url).unwrap();
                live = registry.get("model").unwrap();
                assert_eq!(live.params(), params);
            }
        }
        agrees(&live, &model, kind, &mut random);
    }
}

#[test]
fn two_thousand_random_operations_agree_with_a_map_under_cosine() {
    random_operations(Distance::Cosine, 1, 2_000);
}

#[test]
fn two_thousand_random_operations_agree_with_a_map_under_euclidean() {
    random_operations(Distance::Euclidean, 2, 2_000);
}

#[test]
fn two_thousand_random_operations_agree_with_a_map_under_dot() {
    random_operations(Distance::Dot, 3, 2_000);
}
