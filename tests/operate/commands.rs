//! What `verify` and `log` say of stores that are whole: ordinary, empty, dropped, adopted.

use serde_json::json as document;

use crate::place::{Place, batch, json, refused, run, text};

#[test]
fn verify_of_a_whole_store_reports_its_state_and_finds_nothing() {
    let place = Place::with_docs(true);
    let report = json(&["verify", place.path()], 0);
    let docs = &report["indexes"][0];
    assert_eq!((&report["ok"], &docs["name"], &docs["ok"]), (&true.into(), &"docs".into(), &true.into()));
    assert_eq!((&docs["rows"], &docs["seq"], &docs["dropped"]), (&35.into(), &5.into(), &false.into()));
    assert_eq!(docs["entries"], document!({"count": 2, "first": 4, "last": 5}), "{docs}");
    assert_eq!(docs["floor"], document!({"n": 1, "seq": 3}));
    let snapshots: Vec<_> = docs["snapshots"].as_array().unwrap().iter().map(|snap| &snap["seq"]).collect();
    assert_eq!(snapshots, [3, 4]);
    assert_eq!(docs["digest"].as_str().unwrap().len(), 32);
    assert_eq!((&docs["problems"], &docs["notes"]), (&document!([]), &document!([])));
    let shown = text(&["verify", place.path(), "docs"], 0);
    assert!(shown.contains("docs: ok") && shown.contains(docs["digest"].as_str().unwrap()), "{shown}");
}

#[test]
fn the_digest_does_not_depend_on_which_snapshots_and_entries_are_left() {
    // Writers differ, so the digest does; the same log with and without checkpoints is one state.
    let place = Place::new();
    let (registry, live) = place.docs();
    let before = json(&["verify", place.path()], 0)["indexes"][0]["digest"].clone();
    live.checkpoint().unwrap();
    let middle = json(&["verify", place.path()], 0)["indexes"][0].clone();
    assert_eq!((&middle["digest"], &middle["snapshots"][0]["digest"]), (&before, &before));
    live.checkpoint().unwrap();
    registry.close().unwrap();
    assert_eq!(json(&["verify", place.path()], 0)["indexes"][0]["digest"], before);
}

#[test]
fn commands_that_look_write_nothing() {
    let place = Place::with_docs(true);
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/go_v1.lhv1"), place.file("golden.lhv1"))
        .unwrap();
    let before = place.files();
    json(&["verify", place.path()], 0);
    json(&["log", place.path(), "docs"], 0);
    json(&["recall", place.path(), "docs"], 0);
    json(&["repair", place.path(), "docs"], 0);
    json(&["repair", place.path(), "golden"], 0);
    assert!(before == place.files());
}

#[test]
fn an_empty_store_is_whole_and_a_missing_one_is_not_made() {
    let place = Place::new();
    assert_eq!(json(&["verify", place.path()], 0)["indexes"], document!([]));
    assert_eq!(json(&["backup", place.path(), &place.join("copy")], 0)["indexes"], document!([]));
    let missing = place.join("missing");
    for args in [
        vec!["verify", &missing],
        vec!["log", &missing, "docs"],
        vec!["repair", &missing, "docs"],
        vec!["backup", &missing, &missing],
        vec!["export", &missing, "docs", "--format", "lhv1-go", "--output", "-"],
    ] {
        let said = refused(&args);
        assert!(said.contains("there is no directory"), "{said}");
        assert!(!std::path::Path::new(&missing).exists(), "{args:?}");
    }
}

#[test]
fn a_name_that_is_not_there_is_refused_by_every_command() {
    let place = Place::with_docs(false);
    let path = place.path();
    for args in [
        vec!["verify", path, "none"],
        vec!["log", path, "none"],
        vec!["repair", path, "none"],
        vec!["repair", path, "none", "--quarantine", "1"],
        vec!["export", path, "none", "--format", "lhv1-go", "--output", "-"],
    ] {
        let said = refused(&args);
        assert!(said.contains("no index is named \"none\""), "{args:?}: {said}");
    }
    let report = json(&["backup", path, &place.join("copy"), "none", "docs"], 1);
    assert_eq!(
        (&report["failed"][0]["code"], &report["indexes"][0]["name"]),
        (&"not_found".into(), &"docs".into())
    );
    for args in [
        vec!["verify"],
        vec!["log", path],
        vec!["repair", path, "docs", "--dry-run"],
        vec!["export", path, "docs"],
    ] {
        assert_eq!(run(&args).status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn a_dropped_index_is_whole_and_has_no_rows() {
    let place = Place::with_docs(false);
    place.registry().delete("docs").unwrap();
    let docs = json(&["verify", place.path()], 0)["indexes"][0].clone();
    assert_eq!((&docs["dropped"], &docs["rows"], &docs["seq"]), (&true.into(), &0.into(), &6.into()));
    assert_eq!(docs["notes"], document!([]));
    let log = json(&["log", place.path(), "docs"], 0);
    assert_eq!((&log["begins_at"], &log["snapshots"][0]["dropped"]), (&document!(null), &true.into()));
    assert_eq!(json(&["repair", place.path(), "docs"], 0)["damage"], document!(null));
    assert_eq!(json(&["backup", place.path(), &place.join("copy")], 0)["indexes"], document!([]));
    let said = refused(&["export", place.path(), "docs", "--format", "lhv1-go", "--output", "-"]);
    assert!(said.contains("no index is named"), "{said}");
    place.registry().create("docs", vectord::registry::Params::new(4)).unwrap();
    let docs = json(&["verify", place.path()], 0)["indexes"][0].clone();
    assert_eq!((&docs["dropped"], &docs["rows"], &docs["seq"]), (&false.into(), &0.into(), &7.into()));
}

#[test]
fn a_go_blob_verifies_before_and_after_it_is_adopted_to_the_same_state() {
    let place = Place::new();
    std::fs::create_dir(place.file("")).unwrap();
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/go_v1.lhv1"), place.file("golden.lhv1"))
        .unwrap();
    let before = json(&["verify", place.path()], 0)["indexes"][0].clone();
    assert_eq!((&before["rows"], &before["seq"]), (&50.into(), &0.into()));
    let registry = place.registry();
    registry.get("golden").unwrap();
    let after = json(&["verify", place.path()], 0)["indexes"][0].clone();
    assert_eq!((&after["rows"], &after["digest"]), (&50.into(), &before["digest"]));
    registry.get("golden").unwrap().delete(&["doc-05"]).unwrap();
    let after = json(&["verify", place.path()], 0)["indexes"][0].clone();
    assert_eq!((&after["rows"], &after["seq"]), (&49.into(), &1.into()));
}

#[test]
fn the_log_lists_who_wrote_what_and_says_from_where_it_begins() {
    let place = Place::with_docs(false);
    let log = json(&["log", place.path(), "docs"], 0);
    assert_eq!(log["begins_at"], 1);
    let entries = log["entries"].as_array().unwrap();
    let kinds: Vec<_> = entries.iter().map(|entry| entry["ops"][0]["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["create", "upsert", "delete", "upsert", "upsert"]);
    let counts: Vec<_> = entries.iter().map(|entry| entry["ops"][0]["count"].as_u64().unwrap()).collect();
    assert_eq!(counts, [0, 20, 5, 10, 10]);
    for (entry, seq) in entries.iter().zip(1_u64..) {
        assert_eq!(
            (&entry["seq"], &entry["writer_batch"], &entry["generation"]),
            (&seq.into(), &seq.into(), &1.into())
        );
        assert_eq!(entry["writer_id"], entries[0]["writer_id"]);
        assert_eq!(entry["error"], document!(null));
        if seq > 1 {
            assert_eq!(entry["prev_digest"], entries[seq as usize - 2]["digest"]);
        }
    }
    assert_eq!(
        entries[4]["ops"],
        document!([{"kind": "upsert", "count": 10, "idempotency_key": "key-1", "op_index": 0}])
    );
    assert_eq!(
        json(&["log", place.path(), "docs", "--from", "4"], 0)["entries"].as_array().unwrap().len(),
        2
    );

    let place = Place::with_docs(true);
    let log = json(&["log", place.path(), "docs"], 0);
    assert_eq!((&log["begins_at"], &log["floor"]), (&4.into(), &document!({"n": 1, "seq": 3})));
    assert_eq!(
        log["writers"].as_object().unwrap().values().next().unwrap(),
        &document!({"batch": 4, "seq": 4})
    );
    assert_eq!(log["idempotency_keys"], 0, "the key came after the snapshot");
    let shown = text(&["log", place.path(), "docs"], 0);
    assert!(shown.contains("from entry 4") && shown.contains("upsert 10 key \"key-1\""), "{shown}");
}

#[test]
fn what_is_not_of_vectord_is_noted_and_no_problem() {
    let place = Place::with_docs(false);
    std::fs::write(place.file("docs/log/readme.txt"), "x").unwrap();
    let docs = json(&["verify", place.path()], 0)["indexes"][0].clone();
    assert_eq!(docs["notes"][0]["object"], "_vectors/docs/log/readme.txt");
    place.registry().get("docs").unwrap().add(batch("d", 1), None).unwrap();
}

#[test]
fn every_command_tells_what_it_does_its_exit_status_and_an_example() {
    for command in ["doctor", "verify", "log", "repair", "backup", "import", "export"] {
        let help = text(&[command, "--help"], 0);
        for part in ["Exit status: 0", "JSON", "Example", &format!("vectord {command} "), "--json"] {
            assert!(help.contains(part), "{command}: {part}: {help}");
        }
    }
}

#[test]
fn recall_is_measured_on_what_the_store_holds() {
    let place = Place::with_docs(true);
    let measured = json(&["recall", place.path(), "docs"], 0);
    let expected = document!({"name": "docs", "rows": 35, "recall": 1.0, "low": 1.0, "high": 1.0, "sample": 35, "k": 10,
        "ef": measured["ef"], "seq": 5});
    assert_eq!(measured, expected);
    let some = [
        "recall",
        place.path(),
        "docs",
        "--sample",
        "7",
        "--k",
        "3",
        "--ef",
        "20",
        "--filter",
        r#"{"i": 4}"#,
    ];
    let measured = json(&some, 0);
    assert_eq!((&measured["sample"], &measured["k"], &measured["ef"]), (&7.into(), &3.into(), &20.into()));
    let shown = text(&["recall", place.path(), "docs"], 0);
    assert!(shown.starts_with("docs: recall@10 is 1.0000\n") && shown.contains("35 of 35 rows"), "{shown}");
    assert!(refused(&["recall", place.path(), "other"]).contains("other"));
    assert!(
        refused(&["recall", place.path(), "docs", "--sample", "0"]).contains("sample must be at least 1")
    );
    assert!(refused(&["recall", place.path(), "docs", "--filter", "{"]).contains("filter"));
}
