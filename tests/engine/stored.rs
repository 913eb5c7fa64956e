//! The part `codes` of a snapshot: an index stored before there was one, and one whose part is damaged.

use std::path::Path;

use vectord::error::ErrorKind;
use vectord::index::{Distance, Index, Parts, SearchOptions};
use vectord::registry::{Batch, Registry};

use crate::fed::Fed;
use crate::shapes;
use crate::support::numbers::Seeded;

/// Written by the build before codes: `rows()` under euclidean with M 4; of every seventh row, from the first, the id is deleted.
const GOLDEN: &str = "tests/data/without_codes.lhv1";

fn rows() -> Vec<Vec<f32>> {
    Seeded(2026).clustered(2_100, 4)
}

#[test]
fn a_snapshot_from_before_codes_opens_searches_and_grows() {
    let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN)).unwrap();
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("_vectors/old/snap");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("00000000000000000003.lhv1"), bytes).unwrap();
    let registry = Registry::open_unshared(root.path().to_str().unwrap()).unwrap();
    let live = registry.get("old").unwrap();
    let stats = live.stats().unwrap().index;
    assert_eq!((stats.rows, stats.codec, stats.ef_search), (1_800, "f32", 64));
    assert!(stats.degree > 1.0, "the graph is there, and was not built again");
    assert_eq!(live.validate().unwrap(), Vec::<String>::new());
    let finds = |rows: &[Vec<f32>]| {
        let found = |row: &Vec<f32>| {
            let hits = live.search(row, &SearchOptions::new(5)).unwrap();
            assert_eq!(hits.len(), 5);
            hits.distances[0] == 0.0
        };
        rows.iter().filter(|row| found(row)).count()
    };
    let living: Vec<Vec<f32>> =
        rows().into_iter().enumerate().filter(|(id, _)| id % 7 != 0).map(|(_, row)| row).collect();
    assert!(finds(&living) >= 1_780);
    // Past the next growth point, where rows are coded.
    let more = Seeded(1).clustered(7_000, 4);
    for (at, rows) in more.chunks(1_000).enumerate() {
        let mut batch = Batch::builder(rows.len(), 4);
        for (id, row) in rows.iter().enumerate() {
            batch.push_row(&format!("m{}", at * 1_000 + id), None, row).unwrap();
        }
        live.add(batch.finish().unwrap(), None).unwrap();
    }
    live.checkpoint().unwrap();
    assert_eq!(live.validate().unwrap(), Vec::<String>::new());
    assert!(finds(&more) >= 6_900 && finds(&living) >= 1_780);
    let (digest, stats) = (live.digest().unwrap(), live.stats().unwrap().index);
    drop(live);
    registry.close().unwrap();
    let again = Registry::open_unshared(root.path().to_str().unwrap()).unwrap().get("old").unwrap();
    assert_eq!(again.digest().unwrap(), digest);
    let reopened = again.stats().unwrap().index;
    assert_eq!((reopened.codec, reopened.ef_search), (stats.codec, stats.ef_search));
}

#[test]
fn a_damaged_part_is_corrupt_or_another_measure() {
    for distance in [Distance::Cosine, Distance::Dot] {
        let fed = Fed::with(distance, &shapes::clustered(&mut Seeded(2), 2_500), 2_500);
        assert_eq!(fed.index.stats().codec, "sq8");
        fed.index.with_parts(|parts| {
            let whole = parts.codes.clone().unwrap();
            let load = |codes: Vec<u8>| {
                let parts = Parts { codes: Some(codes), ..parts.clone() };
                Index::from_parts(*fed.index.params(), 1, &parts)
            };
            assert!(load(whole.clone()).is_ok());
            for end in 0..whole.len() {
                let error = load(whole[..end].to_vec()).err().unwrap();
                assert_eq!(error.kind(), ErrorKind::Corrupt);
                assert!(error.to_string().contains("codes"), "{error}");
            }
            // Version, kind and a scale that is no number; what is left may be another codec, but is one.
            for (at, flip) in [(0, 2), (8, 2), (9, 1), (19, 0x80)] {
                let mut damaged = whole.clone();
                damaged[at] ^= flip;
                let error = load(damaged).err().unwrap_or_else(|| panic!("byte {at}"));
                assert_eq!(error.kind(), ErrorKind::Corrupt);
            }
            let mut random = Seeded(3);
            for _ in 0..12 {
                let mut damaged = whole.clone();
                let at = random.below(damaged.len());
                damaged[at] ^= 1 << random.below(8);
                match load(damaged) {
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt),
                    Ok(index) => {
                        let hits = index.search(&fed.rows[9], &SearchOptions::new(20)).unwrap();
                        assert_eq!(hits.len(), 20);
                        assert!(hits.distances.is_sorted());
                    }
                }
            }
        });
    }
}
