//! The registry as its users meet it: names, lifetimes, errors, and what is on disk after.

use std::path::Path;

use vectord::error::{ErrorKind, Part};
use vectord::registry::{Added, Batch, Distance, LiveIndex, Params, Registry, SearchOptions, operate};

use crate::support::numbers::Seeded;

fn batch(rows: &[(&str, &[f32])]) -> Batch {
    let mut batch = Batch::builder(rows.len(), rows[0].1.len() as u32);
    for (id, vector) in rows {
        batch.push_row(id, None, vector).unwrap();
    }
    batch.finish().unwrap()
}

fn fill(live: &LiveIndex, from: usize, n: usize, random: &mut Seeded) {
    let dimension = live.params().dimension;
    let mut rows = Batch::builder(n, dimension);
    for i in from..from + n {
        rows.push_row(&format!("r{i}"), Some(&format!("{{\"i\":{i}}}")), &random.vector(dimension as usize))
            .unwrap();
    }
    live.add(rows.finish().unwrap(), None).unwrap();
}

fn files(folder: &Path) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.push((name, entry.metadata().unwrap().len()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_deletion_under_a_key_never_meets_rows_that_came_after_its_first_try() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().to_str().unwrap();
    let registry = Registry::open_unshared(url).unwrap();
    let docs = registry.create("docs", Params::new(2)).unwrap();
    let filter = r#"{"$id": {"$prefix": "old"}}"#;
    let nothing = docs.delete_where_keyed(filter, "clean").unwrap();
    assert_eq!((nothing.deleted, nothing.length), (0, 0));
    docs.add(batch(&[("old 1", &[1.0, 0.0])]), None).unwrap();
    // Another process, which reads what was logged of it.
    let other = Registry::open_unshared(url).unwrap().get("docs").unwrap();
    let again = other.delete_where_keyed(filter, "clean").unwrap();
    assert_eq!((again.deleted, again.seq), (0, nothing.seq));
    assert!(other.contains("old 1").unwrap());
    assert_eq!(other.delete_where_keyed(filter, "later").unwrap().deleted, 1);
    assert!(other.validate().unwrap().is_empty());
}

#[test]
fn an_index_is_created_once_found_listed_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().to_str().unwrap();
    let registry = Registry::open_unshared(url).unwrap();
    let docs = registry.create("docs", Params::new(2)).unwrap();
    docs.add(batch(&[("a", &[1.0, 0.0])]), None).unwrap();
    for name in ["docs", "DOCS"] {
        assert_eq!(
            registry.create(name, Params::new(2)).err().unwrap().kind(),
            ErrorKind::AlreadyExists,
            "{name}"
        );
    }
    for name in ["", "../x", "a/b", "a..b", "x.lhv1", &"x".repeat(129)] {
        assert_eq!(
            registry.create(name, Params::new(2)).err().unwrap().kind(),
            ErrorKind::InvalidArgument,
            "{name}"
        );
        assert_eq!(registry.get(name).err().unwrap().kind(), ErrorKind::NotFound, "{name}");
    }
    let bad = registry.create("docs", Params::new(0)).err().unwrap();
    assert_eq!(bad.kind(), ErrorKind::InvalidArgument, "bad parameters are told before a taken name");
    assert_eq!(registry.names().unwrap(), ["docs"]);

    let other =
        registry.get_or_create("docs", Params { distance: Distance::Dot, ..Params::new(3) }).err().unwrap();
    assert!(
        other.to_string().contains("dimension 2 and distance cosine, asked for dimension 3 and distance dot")
    );
    assert_eq!(registry.get_or_create("docs", Params::new(2)).unwrap().len().unwrap(), 1);

    registry.delete("docs").unwrap();
    assert_eq!(docs.search(&[1.0, 0.0], &SearchOptions::new(1)).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(registry.get("docs").err().unwrap().kind(), ErrorKind::NotFound);
    assert_eq!(registry.delete("docs").err().unwrap().kind(), ErrorKind::NotFound);
    assert!(registry.names().unwrap().is_empty());
}

#[test]
fn a_deleted_index_gives_its_disk_back_and_its_name_can_be_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().to_str().unwrap();
    let registry = Registry::open_unshared(url).unwrap();
    let mut random = Seeded(1);
    for round in 0..3 {
        let docs = registry.create("docs", Params::new(8 + round)).unwrap();
        fill(&docs, 0, 500, &mut random);
        docs.checkpoint().unwrap();
        fill(&docs, 500, 100, &mut random);
        registry.delete("docs").unwrap();
        let left = files(folder.path());
        let (floors, rest): (Vec<_>, Vec<_>) = left.iter().partition(|(name, _)| name.contains("/floor/"));
        assert!(floors.iter().all(|(_, bytes)| *bytes < 256));
        assert!(rest.len() == 1 && rest[0].0.contains("/snap/") && rest[0].1 < 1_024, "{rest:?}");
        let again = Registry::open_unshared(url).unwrap();
        assert!(again.names().unwrap().is_empty());
        assert!(again.get("docs").is_err());
    }
}

#[test]
fn what_was_acknowledged_is_there_after_reopening_with_the_same_answers() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().to_str().unwrap();
    let mut random = Seeded(2);
    let query = random.vector(24);
    let options = SearchOptions::new(25);
    let registry = Registry::open_unshared(url).unwrap();
    let docs = registry.create("docs", Params { distance: Distance::Euclidean, ..Params::new(24) }).unwrap();
    for at in 0..7 {
        fill(&docs, at * 500, 500, &mut random);
        if at == 4 {
            docs.checkpoint().unwrap();
        }
        docs.delete(&[format!("r{}", at * 7)]).unwrap();
    }
    let before = docs.search(&query, &options).unwrap();
    assert!(!before.exact, "3,500 rows are searched by graph");
    for closed in [false, true, true] {
        let second = Registry::open_unshared(url).unwrap();
        let docs = second.get("docs").unwrap();
        assert_eq!(docs.search(&query, &options).unwrap(), before);
        assert_eq!(docs.validate().unwrap(), Vec::<String>::new());
        if closed {
            second.close().unwrap();
        } else {
            std::mem::forget((second, docs));
        }
    }
}

/// What is wrong, the id and vector at fault, the part the error names, and a word of it.
type Bad<'a> = (&'a str, &'a str, &'a [f32], Part, &'a str);

#[test]
fn a_bad_batch_names_its_item_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().to_str().unwrap();
    let registry = Registry::open_unshared(url).unwrap();
    let docs = registry.create("docs", Params::new(4)).unwrap();
    fill(&docs, 0, 10, &mut Seeded(3));
    let good = [1.0_f32, 2.0, 3.0, 4.0];
    let cases: [Bad<'_>; 6] = [
        ("NaN", "x", &[1.0, f32::NAN, 0.0, 0.0], Part::Vector, "NaN"),
        ("infinity", "x", &[1.0, 0.0, f32::INFINITY, 0.0], Part::Vector, "infin"),
        ("overflow", "x", &[3e38, 3e38, 0.0, 0.0], Part::Vector, "overflow"),
        ("zero", "x", &[0.0; 4], Part::Vector, "zero vector"),
        ("dimension", "x", &[1.0; 3], Part::Vector, "dimension mismatch: index has 4, got 3"),
        ("empty id", "", &good, Part::Id, "id is empty"),
    ];
    for (what, id, vector, part, says) in cases {
        let mut rows = Batch::builder(1_000, 4);
        let mut push = || {
            for i in 0..1_000 {
                let (id, vector) = if i == 499 { (id, vector) } else { ("", &good[..]) };
                let id = if i == 499 { id.to_owned() } else { format!("bad-{i}") };
                rows.push_row(&id, None, vector)?;
            }
            Ok(())
        };
        let error = match push() {
            Err(error) => error,
            Ok(()) => docs.add(rows.finish().unwrap(), None).unwrap_err(),
        };
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{what}");
        assert_eq!(error.item().map(|item| (item.index, item.part)), Some((499, part)), "{what}");
        assert!(error.to_string().starts_with("items[499]: ") && error.to_string().contains(says), "{error}");
        assert_eq!(docs.len().unwrap(), 10);
    }
    drop(docs);
    registry.close().unwrap();
    let docs = Registry::open_unshared(url).unwrap().get("docs").unwrap();
    assert_eq!(docs.len().unwrap(), 10);
    assert!((0..1_000).all(|i| !docs.contains(&format!("bad-{i}")).unwrap()));
}

#[test]
fn two_opens_of_one_url_are_one_registry() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().to_str().unwrap();
    let first = Registry::open(url).unwrap();
    let second = Registry::open(&format!("{url}/.")).unwrap();
    let docs = first.create("docs", Params::new(2)).unwrap();
    docs.add(batch(&[("a", &[1.0, 0.0])]), None).unwrap();
    let again = second.get("docs").unwrap();
    again.add(batch(&[("b", &[0.0, 1.0])]), None).unwrap();
    assert_eq!(docs.len().unwrap(), 2);
    first.close().unwrap();
    assert_eq!(
        again.add(batch(&[("c", &[0.0, 1.0])]), None).unwrap().length,
        3,
        "the other still holds it open"
    );
    second.close().unwrap();
    assert_eq!(again.add(batch(&[("d", &[0.0, 1.0])]), None).unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn a_damaged_index_is_named_and_never_stops_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().to_str().unwrap();
    {
        let registry = Registry::open_unshared(url).unwrap();
        for name in ["bad-first", "bad-later", "good"] {
            let live = registry.create(name, Params::new(2)).unwrap();
            live.add(batch(&[("a", &[1.0, 0.0])]), None).unwrap();
            live.add(batch(&[("b", &[0.0, 1.0])]), None).unwrap();
        }
    }
    let flip = |name: &str| {
        let path = folder.path().join("_vectors").join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    };
    flip("bad-first/log/00000000000000000001.lhl1");
    flip("bad-later/log/00000000000000000003.lhl1");
    let registry = Registry::open_unshared(url).unwrap();
    assert_eq!(registry.names().unwrap(), ["bad-first", "bad-later", "good"]);
    let all = registry.load_all().unwrap();
    let error = all[0].1.as_ref().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("_vectors/bad-first/log/00000000000000000001.lhl1"), "{error}");
    let later = all[1].1.as_ref().unwrap();
    assert_eq!(later.len().unwrap(), 1, "readable at the entry before");
    let error = later.add(batch(&[("c", &[1.0, 1.0])]), None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("bad-later/log/00000000000000000003.lhl1"), "{error}");
    assert!(later.halted().unwrap().is_some());
    assert_eq!(all[2].1.as_ref().unwrap().add(batch(&[("c", &[1.0, 1.0])]), None).unwrap().length, 3);
}

/// An index of "a", "b" and "c" whose entry with "b" is gone.
fn without_entry_3() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().to_str().unwrap();
    {
        let live = Registry::open_unshared(url).unwrap().create("docs", Params::new(2)).unwrap();
        for id in ["a", "b", "c"] {
            live.add(batch(&[(id, &[1.0, 0.0])]), None).unwrap();
        }
    }
    std::fs::remove_file(folder.path().join("_vectors/docs/log/00000000000000000003.lhl1")).unwrap();
    folder
}

#[test]
fn a_missing_entry_is_damage_not_the_end() {
    let folder = without_entry_3();
    let url = folder.path().to_str().unwrap();
    let live = Registry::open_unshared(url).unwrap().get("docs").unwrap();
    assert_eq!(live.len().unwrap(), 1);
    let error = live.delete(&["a"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(
        error.to_string().contains("00000000000000000003.lhl1: entry is missing, though entry 4 is there"),
        "{error}"
    );
}

#[test]
fn an_operators_repair_heals_a_process_that_has_the_index_open() {
    let folder = without_entry_3();
    let url = folder.path().to_str().unwrap();
    let registry = Registry::open_unshared(url).unwrap();
    let live = registry.get("docs").unwrap();
    assert!(live.halted().unwrap().is_some());
    operate::quarantine(&*registry.store(), "docs", 3, false).unwrap();
    let begun = std::time::Instant::now();
    while live.halted().unwrap().is_some() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", live.halted());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(live.contains("a").unwrap() && !live.contains("b").unwrap() && live.contains("c").unwrap());
    assert_eq!(live.add(batch(&[("d", &[1.0, 0.0])]), None).unwrap().length, 3);
}

#[test]
fn set_metadata_leaves_vectors_and_refuses_unknown_ids_whole() {
    let docs = Registry::open_unshared("memory:").unwrap().create("docs", Params::new(2)).unwrap();
    docs.add(batch(&[("a", &[1.0, 0.0]), ("b", &[0.0, 1.0])]), None).unwrap();
    docs.set_metadata(&[("a", Some("{ \"x\": 1.0 }")), ("b", Some("{}"))]).unwrap();
    let error = docs.set_metadata(&[("a", Some("1")), ("nobody", Some("2"))]).unwrap_err();
    assert_eq!((error.kind(), error.item().unwrap().index), (ErrorKind::NotFound, 1));
    let text = |id: &str| docs.get(&[id]).unwrap()[0].as_ref().unwrap().metadata.clone();
    assert_eq!(text("a").as_deref(), Some("{\"x\":1.0}"));
    docs.add(batch(&[("a", &[0.5, 0.5])]), None).unwrap();
    assert_eq!(text("a").as_deref(), Some("{\"x\":1.0}"), "an upsert without metadata keeps it");
    assert_eq!(text("b").as_deref(), Some("{}"));
    docs.set_metadata(&[("a", None)]).unwrap();
    assert_eq!(text("a"), None);
}

#[test]
fn a_batch_acts_as_if_its_items_came_one_after_another() {
    let docs = Registry::open_unshared("memory:").unwrap().create("docs", Params::new(2)).unwrap();
    let mut rows = Batch::builder(3, 2);
    rows.push_row("a", Some("1"), &[1.0, 0.0]).unwrap();
    rows.push_row("b", None, &[1.0, 1.0]).unwrap();
    rows.push_row("a", None, &[0.0, 1.0]).unwrap();
    let added = docs.add(rows.finish().unwrap(), None).unwrap();
    assert_eq!((added.added, added.length), (3, 2));
    let row = docs.get(&["a"]).unwrap().remove(0).unwrap();
    assert_eq!((&*row.vector, row.metadata.as_deref()), (&[0.0, 1.0][..], Some("1")));
    let hits = docs.search(&[1.0, 0.0], &SearchOptions::new(10)).unwrap();
    assert_eq!(hits.ids.iter().collect::<Vec<_>>(), ["b", "a"]);
}

#[test]
fn an_idempotency_key_answers_a_repetition_also_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().to_str().unwrap();
    let rows = || batch(&[("a", &[1.0, 0.0]), ("b", &[0.0, 1.0])]);
    let again = {
        let docs = Registry::open_unshared(url).unwrap().create("docs", Params::new(2)).unwrap();
        let first = docs.add(rows(), Some("job-1")).unwrap();
        docs.delete(&["a"]).unwrap();
        assert!(!first.repeated);
        let again = Added { repeated: true, ..first };
        assert_eq!(docs.add(rows(), Some("job-1")).unwrap(), again);
        assert_eq!(docs.len().unwrap(), 1, "the repetition did nothing");
        again
    };
    for checkpoint in [true, false] {
        let docs = Registry::open_unshared(url).unwrap().get("docs").unwrap();
        assert_eq!(docs.add(rows(), Some("job-1")).unwrap(), again);
        let error = docs.add(batch(&[("z", &[1.0, 0.0])]), Some("job-1")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        let error = docs.add(rows(), Some("")).unwrap_err();
        assert_eq!(error.to_string(), "idempotency key is empty");
        if checkpoint {
            docs.checkpoint().unwrap();
        }
    }
}
