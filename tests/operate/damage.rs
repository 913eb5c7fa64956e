//! Damage of every kind of object: what `verify` calls it, what `repair` does about it, and what it refuses.

use serde_json::Value;
use vectord::error::ErrorKind;
use vectord::registry::operate;

use crate::place::{Place, batch, damage, json, refused, text};

fn problems(place: &Place, status: i32) -> Vec<(String, String)> {
    let report = json(&["verify", place.path()], status);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let problems = report["indexes"][0]["problems"].as_array().unwrap();
    problems.iter().map(|problem| (text(&problem["object"]), text(&problem["what"]))).collect()
}

fn quarantine(place: &Place, seq: &str, more: &[&str], status: i32) -> Value {
    json(&[&["repair", place.path(), "docs", "--quarantine", seq][..], more].concat(), status)
}

#[test]
fn a_damaged_entry_in_the_middle_is_named_given_up_and_recorded() {
    let place = Place::with_docs(false);
    damage(&place.entry(3));
    let damaged = std::fs::read(place.entry(3)).unwrap();
    let found = problems(&place, 1);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "_vectors/docs/log/00000000000000000003.lhl1");
    let docs = json(&["verify", place.path()], 1)["indexes"][0].clone();
    assert_eq!((&docs["seq"], &docs["rows"]), (&2.into(), &20.into()), "readable up to there");
    let log = json(&["log", place.path(), "docs"], 0);
    let entries = log["entries"].as_array().unwrap();
    assert!(entries.len() == 5 && entries[2]["error"].is_string() && entries[3]["error"].is_null());

    let told = json(&["repair", place.path(), "docs"], 1);
    assert_eq!((&told["damage"]["seq"], &told["damage"]["next_entry_exists"]), (&3.into(), &true.into()));
    assert!(told["advice"].as_str().unwrap().contains("docs --quarantine 3"), "{told}");
    assert!(place.registry().get("docs").unwrap().halted().unwrap().is_some());

    let before = place.files();
    let plan = quarantine(&place, "3", &["--dry-run"], 0);
    assert!(before == place.files() && plan["dry_run"] == true);
    let done = quarantine(&place, "3", &[], 0);
    assert_eq!(
        (&done["objects"], &done["ops"], &done["lost"]),
        (&plan["objects"], &plan["ops"], &plan["lost"])
    );
    assert_eq!(std::fs::read(place.file("docs/quarantine/00000000000000000003.lhl1")).unwrap(), damaged);
    let record = std::fs::read(place.file("docs/quarantine/00000000000000000003.json")).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    assert_eq!((&record["seq"], &record["next_entry_exists"]), (&3.into(), &true.into()));
    assert!(before.iter().all(|file| place.files().contains(file)), "nothing was deleted or overwritten");

    let live = place.registry().get("docs").unwrap();
    assert!(live.halted().unwrap().is_none(), "{:?}", live.halted());
    assert_eq!(live.len().unwrap(), 40, "the delete is lost, the batches after it are not");
    assert_eq!(live.add(batch("dddd", 1), None).unwrap().seq, 6);
    assert_eq!(problems(&place, 0), []);
    let said = refused(&["repair", place.path(), "docs", "--quarantine", "3"]);
    assert!(said.contains("snapshot 3 verifies and covers it"), "{said}");
}

#[test]
fn a_damaged_last_entry_is_given_up_and_writers_go_on_after_it() {
    for truncated in [0, 50, 130, 200] {
        let place = Place::with_docs(false);
        let bytes = std::fs::read(place.entry(5)).unwrap();
        std::fs::write(place.entry(5), &bytes[..truncated]).unwrap();
        assert_eq!(problems(&place, 1)[0].0, "_vectors/docs/log/00000000000000000005.lhl1");
        quarantine(&place, "5", &[], 0);
        let live = place.registry().get("docs").unwrap();
        assert_eq!((live.len().unwrap(), live.seq().unwrap()), (25, 5));
        assert_eq!(live.add(batch("dddd", 3), None).unwrap().seq, 6);
        live.checkpoint().unwrap();
        live.add(batch("e", 1), None).unwrap();
        live.checkpoint().unwrap();
        assert_eq!(problems(&place, 0), [], "cut at {truncated}");
        assert!(
            place.file("docs/quarantine/00000000000000000005.json").exists(),
            "checkpoints leave the record"
        );
    }
}

#[test]
fn the_record_holds_what_could_still_be_read_of_the_entry() {
    let place = Place::with_docs(false);
    // The trailer is past the frames: they can be read, though the entry may not be believed.
    let mut bytes = std::fs::read(place.entry(5)).unwrap();
    let at = bytes.len() - 20;
    bytes[at] ^= 1;
    std::fs::write(place.entry(5), bytes).unwrap();
    let done = quarantine(&place, "5", &[], 0);
    let ops = &done["ops"][0];
    assert_eq!(
        (&ops["kind"], &ops["count"], &ops["idempotency_key"]),
        (&"upsert".into(), &10.into(), &"key-1".into())
    );
    assert_eq!((&ops["ids"][0], &ops["ids"][9]), (&"ccc0".into(), &"ccc9".into()));
    assert!(done["lost"].as_str().unwrap().contains("upsert of 10"), "{done}");
}

#[test]
fn a_missing_entry_is_given_up_so_that_no_late_writer_can_create_it() {
    let place = Place::with_docs(false);
    std::fs::remove_file(place.entry(4)).unwrap();
    assert!(problems(&place, 1)[0].1.contains("missing"));
    let done = quarantine(&place, "4", &[], 0);
    assert_eq!(done["bytes"], Value::Null);
    assert!(place.entry(4).exists(), "the place is taken");
    let live = place.registry().get("docs").unwrap();
    assert!(live.halted().unwrap().is_none());
    assert_eq!((live.len().unwrap(), live.seq().unwrap()), (25, 5));
    assert_eq!(problems(&place, 0), []);
}

#[test]
fn an_entry_of_another_log_breaks_the_chain_and_can_be_given_up() {
    let (place, other) = (Place::with_docs(false), Place::with_docs(false));
    std::fs::copy(other.entry(5), place.entry(5)).unwrap();
    let found = problems(&place, 1);
    assert!(found[0].1.contains("continues an entry with digest"), "{found:?}");
    quarantine(&place, "5", &[], 0);
    assert_eq!(problems(&place, 0), []);
    place.registry().get("docs").unwrap().add(batch("d", 1), None).unwrap();
}

#[test]
fn repair_refuses_what_is_not_the_first_damage() {
    let place = Place::with_docs(false);
    let refusal = |seq: &str| {
        let before = place.files();
        let said = refused(&["repair", place.path(), "docs", "--quarantine", seq]);
        assert!(before == place.files(), "nothing was written");
        said
    };
    assert!(refusal("3").contains("it is sound"));
    assert!(refusal("6").contains("the log ends at entry 5 and is sound"));
    damage(&place.entry(3));
    damage(&place.entry(5));
    assert!(refusal("5").contains("the first damaged entry is 3"));
    assert!(refusal("2").contains("it is sound"));
    assert!(refusal("9").contains("the first damaged entry is 3"));
    quarantine(&place, "3", &[], 0);
    quarantine(&place, "5", &[], 0);
    assert_eq!(problems(&place, 0), []);
    let store = place.store();
    let error = operate::quarantine(&*store, "docs", 5, false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");

    let place = Place::with_docs(false);
    damage(&place.entry(1));
    let said = refused(&["repair", place.path(), "docs", "--quarantine", "1"]);
    assert!(said.contains("there is no index before entry 1"), "{said}");
}

#[test]
fn a_damaged_snapshot_is_a_problem_that_an_older_one_stands_in_for() {
    let place = Place::with_docs(true);
    damage(&place.snapshot(4));
    let found = problems(&place, 1);
    assert_eq!(
        (found.len(), found[0].0.as_str()),
        (1, "_vectors/docs/snap/00000000000000000004.lhv1"),
        "{found:?}"
    );
    let docs = json(&["verify", place.path()], 1)["indexes"][0].clone();
    assert_eq!((&docs["rows"], &docs["seq"]), (&35.into(), &5.into()));
    let told = json(&["repair", place.path(), "docs"], 1);
    assert_eq!((&told["damage"], &told["readable_at"]), (&Value::Null, &5.into()));
    assert!(told["damaged_snapshots"][0]["object"].as_str().unwrap().ends_with("004.lhv1"));
    // The copy is whole: it is made of the older snapshot and the log.
    let copy = place.join("copy");
    assert_eq!(json(&["backup", place.path(), &copy], 0)["indexes"][0]["rows"], 35);
    json(&["verify", &copy], 0);
    damage(&place.snapshot(3));
    assert_eq!(problems(&place, 1).len(), 3, "and none is left to open from");
    assert!(refused(&["repair", place.path(), "docs"]).contains("restore a backup"));
    let failed = json(&["backup", place.path(), &place.join("copy-2")], 1)["failed"][0].clone();
    assert_eq!(failed["code"], "corrupt");
}

#[test]
fn a_damaged_floor_is_named() {
    let place = Place::with_docs(true);
    let floor = place.file("docs/floor/00000000000000000001.json");
    damage(&floor);
    assert!(problems(&place, 1).iter().any(|(object, _)| object.contains("/floor/")));
    let said = refused(&["repair", place.path(), "docs"]);
    assert!(said.contains("no command repairs a floor"), "{said}");
    assert_eq!(json(&["log", place.path(), "docs"], 0)["damaged_floors"].as_array().unwrap().len(), 1);
}

#[test]
fn garbage_below_the_floor_is_a_note() {
    let place = Place::with_docs(false);
    let kept: Vec<_> =
        (1..=3).map(|seq| (place.entry(seq), std::fs::read(place.entry(seq)).unwrap())).collect();
    {
        let registry = place.registry();
        let live = registry.get("docs").unwrap();
        live.checkpoint().unwrap();
        live.add(batch("d", 1), None).unwrap();
        live.checkpoint().unwrap();
    }
    for (file, bytes) in kept {
        std::fs::write(file, bytes).unwrap();
    }
    damage(&place.entry(2));
    assert_eq!(problems(&place, 0), []);
    let notes = json(&["verify", place.path()], 0)["indexes"][0]["notes"].clone();
    let notes: Vec<_> =
        notes.as_array().unwrap().iter().map(|note| note["what"].as_str().unwrap().to_owned()).collect();
    assert!(notes.len() == 3 && notes[0].contains("sound") && notes[1].contains("damaged"), "{notes:?}");
}

#[test]
fn a_snapshot_that_is_not_what_the_log_gives_is_a_problem() {
    // Snapshot 4 of another history of the same log: whole in itself, and wrong.
    let place = Place::with_docs(true);
    let other = Place::with_docs(true);
    std::fs::copy(other.snapshot(4), place.snapshot(4)).unwrap();
    let found = problems(&place, 1);
    assert!(found.iter().any(|(_, what)| what.contains("the log up to here gives the state")), "{found:?}");
}

#[test]
fn damage_in_one_index_does_not_hide_the_others() {
    let place = Place::with_docs(false);
    place.registry().create("other", vectord::registry::Params::new(2)).unwrap();
    damage(&place.entry(3));
    let report = json(&["verify", place.path()], 1);
    let oks: Vec<_> =
        report["indexes"].as_array().unwrap().iter().map(|index| index["ok"].as_bool().unwrap()).collect();
    assert_eq!(oks, [false, true]);
    let report = json(&["backup", place.path(), &place.join("copy")], 1);
    assert_eq!(
        (&report["failed"][0]["code"], &report["indexes"][0]["name"]),
        (&"corrupt".into(), &"other".into())
    );
    json(&["verify", &place.join("copy"), "other"], 0);
    assert!(text(&["verify", place.path()], 1).contains("docs: PROBLEMS"));
}
