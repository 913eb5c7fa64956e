//! `import` and `export`: files in, files out, and the Go service's own library reading ours.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use vectord::frame::{V1Item, decode_v1};
use vectord::registry::{Batch, Distance, Params, SearchOptions};

use crate::place::{Place, batch, json, refused};
use crate::service::vectors;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/go_v1.lhv1");

fn sorted(mut items: Vec<V1Item>) -> Vec<V1Item> {
    items.sort_by(|a, b| a.id.cmp(&b.id));
    items
}

fn export(place: &Place, name: &str, file: &str) -> Value {
    json(&["export", place.path(), name, "--format", "lhv1-go", "--output", file], 0)
}

#[test]
fn a_go_blob_imported_and_exported_again_has_the_same_rows() {
    let place = Place::new();
    let done = json(&["import", place.path(), GOLDEN, "--name", "again"], 0);
    assert_eq!(
        (&done["rows"], &done["format"], &done["name"]),
        (&50.into(), &"lhv1-go".into(), &"again".into())
    );
    json(&["verify", place.path()], 0);
    let file = place.join("again.lhv1");
    let written = export(&place, "again", &file);
    assert_eq!((&written["rows"], &written["output"]), (&50.into(), &file.as_str().into()));
    let (there, back) = (
        decode_v1(&std::fs::read(GOLDEN).unwrap()).unwrap(),
        decode_v1(&std::fs::read(file).unwrap()).unwrap(),
    );
    let mut there = sorted(there.items);
    // A batch cannot say `null`: there is no difference to no metadata in it.
    for item in &mut there {
        item.metadata = item.metadata.take().filter(|text| text != "null");
    }
    assert_eq!(sorted(back.items), there);
    assert_eq!((back.params.name.as_str(), back.params.dimension, back.params.ef_search), ("again", 8, 20));
    let said = refused(&["import", place.path(), GOLDEN, "--name", "again"]);
    assert!(said.contains("exists"), "{said}");
    json(&["import", place.path(), GOLDEN], 0);
    assert_eq!(place.registry().names().unwrap(), ["again", "golden"], "the name is the file's");
}

#[test]
fn a_snapshot_of_ours_is_imported_without_its_dead_rows() {
    let place = Place::with_docs(true);
    let snapshot = place.snapshot(4);
    let done = json(&["import", &place.join("other"), snapshot.to_str().unwrap(), "--name", "docs-2"], 0);
    assert_eq!((&done["rows"], &done["format"]), (&25.into(), &"lhv1".into()));
    let registry = vectord::registry::Registry::open_unshared(&place.join("other")).unwrap();
    let live = registry.get("docs-2").unwrap();
    let row = live.get(&["bb3"]).unwrap().remove(0).unwrap();
    assert_eq!((&*row.vector, row.metadata.as_deref()), (&[1.0, 3.0, 0.5, 2.0][..], Some("{\"i\":3}")));
    assert!(!live.contains("a0").unwrap());
}

#[test]
fn what_is_no_file_of_an_index_is_refused_and_leaves_no_index() {
    let place = Place::new();
    let file = place.join("x.bin");
    for bytes in [&b""[..], b"LHV1", b"PK\x03\x04 something else entirely"] {
        std::fs::write(&file, bytes).unwrap();
        let said = refused(&["import", place.path(), &file, "--name", "x"]);
        assert!(said.contains("x.bin"), "{said}");
    }
    assert_eq!(place.registry().names().unwrap(), [""; 0]);
    assert!(refused(&["import", place.path(), &place.join("none")]).contains("cannot read"));
}

#[test]
fn exports_hold_the_living_rows_and_never_overwrite_unless_told() {
    let place = Place::with_docs(true);
    let file = place.join("docs.lhv1");
    let written = export(&place, "docs", &file);
    assert_eq!((&written["rows"], &written["seq"]), (&35.into(), &5.into()));
    let items = sorted(decode_v1(&std::fs::read(&file).unwrap()).unwrap().items);
    assert_eq!((items.len(), items[0].id.as_str()), (35, "a10"));
    let live = place.registry().get("docs").unwrap();
    for item in &items {
        let row = live.get(&[&item.id]).unwrap().remove(0).unwrap();
        assert_eq!((&*row.vector, row.metadata.as_deref()), (&item.vector[..], item.metadata.as_deref()));
    }
    std::fs::write(&file, "mine").unwrap();
    let args = ["export", place.path(), "docs", "--format", "lhv1-go", "--output", &file];
    assert!(refused(&args).contains("--force"));
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    json(&[&args[..], &["--force"]].concat(), 0);
    assert_eq!(decode_v1(&std::fs::read(&file).unwrap()).unwrap().items.len(), 35);
    let names: Vec<_> =
        std::fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains(".part")), "{names:?}");
    let output = crate::place::run(&["export", place.path(), "docs", "--format", "lhv1-go", "--output", "-"]);
    assert_eq!(output.stdout, std::fs::read(&file).unwrap(), "the same bytes on standard output");
}

#[test]
fn a_distance_that_go_does_not_have_is_refused_by_name() {
    let place = Place::new();
    let params = Params { distance: Distance::Dot, ..Params::new(4) };
    place.registry().create("docs", params).unwrap().add(batch("a", 3), None).unwrap();
    let said = refused(&["export", place.path(), "docs", "--format", "lhv1-go", "--output", "-"]);
    assert!(said.contains("cosine and euclidean only; this index has dot"), "{said}");
}

fn go() -> Option<&'static str> {
    let works =
        |go: &&str| Command::new(go).arg("version").output().is_ok_and(|output| output.status.success());
    ["go", "/usr/local/go/bin/go"].into_iter().find(works)
}

/// Says that a test did not run.
fn skip(why: &str) {
    eprintln!("go: {why}");
    if let Ok(path) = std::env::var("VECTORD_SKIPS") {
        let line = format!("go: {why}\n");
        let mut file = std::fs::File::options().append(true).create(true).open(path).unwrap();
        std::io::Write::write_all(&mut file, line.as_bytes()).unwrap();
    }
}

/// The program of tests/go_reader, built; none where that cannot be.
fn reader(place: &Place) -> Option<String> {
    let Some(go) = go() else {
        skip("not installed");
        return None;
    };
    let program = place.join("go_reader");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/go_reader");
    let built = Command::new(go).args(["build", "-o", &program, "."]).current_dir(folder).output().unwrap();
    if built.status.success() {
        return Some(program);
    }
    let said = String::from_utf8_lossy(&built.stderr).into_owned();
    let fetching = ["dial tcp", "proxy", "lookup", "connect"].iter().any(|word| said.contains(word));
    assert!(fetching, "{said}");
    skip("github.com/coder/hnsw cannot be fetched");
    None
}

#[test]
fn go_itself_loads_searches_and_grows_what_is_exported() {
    let place = Place::new();
    let Some(reader) = reader(&place) else { return };
    let registry = place.registry();
    for (name, rows, distance) in [
        ("none", 0, Distance::Cosine),
        ("one", 1, Distance::Cosine),
        ("few", 300, Distance::Euclidean),
        ("many", 3_000, Distance::Cosine),
    ] {
        let live = registry.create(name, Params { distance, ..Params::new(16) }).unwrap();
        let mut batch = Batch::builder(rows, 16);
        for (i, vector) in vectors(rows, 16).iter().enumerate() {
            batch.push_row(&format!("r{i}"), (i % 2 == 0).then_some("{\"k\": 1.0}"), vector).unwrap();
        }
        live.add(batch.finish().unwrap(), None).unwrap();
        if rows > 1 {
            live.delete(&["r0", "r7", "r8"]).unwrap();
        }
        let file = place.join(name);
        export(&place, name, &file);
        let output = Command::new(&reader).arg(&file).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let read: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(read["rows"], live.len().unwrap(), "{name}");
        assert_eq!(
            (&read["params"]["name"], &read["params"]["distance"]),
            (&name.into(), &distance.name().into())
        );
        for (id, vector) in read["vectors"].as_object().unwrap() {
            let row = live.get(&[id]).unwrap().remove(0).unwrap();
            let there: Vec<f32> = serde_json::from_value(vector.clone()).unwrap();
            assert_eq!(there, &*row.vector, "{name} {id}");
            assert_eq!(
                read["metadata"].get(id).map(Value::to_string),
                row.metadata.map(|_| "{\"k\":1.0}".to_owned())
            );
        }
        // coder/hnsw walks downhill from any row and stops early: about half is what it finds in graphs of its own.
        let found = read["found"].as_f64().unwrap();
        assert!(found > 0.7, "{name}: {found} of the rows are found");
        assert!(live.search(&[1.0; 16], &SearchOptions::new(1)).unwrap().len() == live.len().unwrap().min(1));
    }
}
