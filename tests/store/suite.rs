//! The claims, each over an empty store.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use vectord::error::ErrorKind;
use vectord::store::{Key, Put, Replace, Store, Written, list_all};

pub fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

pub fn create(store: &dyn Store, name: &str, bytes: &[u8]) {
    let put = store.put_if_absent(&key(name), bytes);
    assert!(matches!(put, Put::Created), "{name}: {put:?}");
}

pub fn names(store: &dyn Store, prefix: &str) -> Vec<String> {
    list_all(store, prefix).unwrap().into_iter().map(|object| object.key.to_string()).collect()
}

pub fn objects_are_created_once_and_read_back(store: &dyn Store) {
    let name = key("log/1");
    assert_eq!(store.get(&name).unwrap(), None);
    assert_eq!(store.size(&name).unwrap(), None);
    create(store, "log/1", b"first");
    assert!(matches!(store.put_if_absent(&name, b"second"), Put::Exists));
    assert_eq!(store.get(&name).unwrap().as_deref(), Some(&b"first"[..]));
    assert_eq!(store.size(&name).unwrap(), Some(5));
    assert_eq!(store.get(&key("log/2")).unwrap(), None);
    assert_eq!(store.get(&key("log")).unwrap(), None);
    assert_eq!(store.get(&key("log/1/2")).unwrap(), None);
}

pub fn objects_may_be_empty_or_large(store: &dyn Store) {
    create(store, "empty", b"");
    assert_eq!(store.get(&key("empty")).unwrap().as_deref(), Some(&b""[..]));
    assert_eq!(store.size(&key("empty")).unwrap(), Some(0));
    assert!(matches!(store.put_if_absent(&key("empty"), b"x"), Put::Exists));
    let large: Vec<u8> = (0..5_u32 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    create(store, "large", &large);
    assert!(store.get(&key("large")).unwrap().unwrap() == large);
    assert_eq!(store.size(&key("large")).unwrap(), Some(5 << 20));
    // The same bytes in pieces, and without a copy where the store can.
    let (first, rest) = large.split_at(12_345);
    let pieces = [first, b"", rest];
    assert!(matches!(store.put_pieces_if_absent(&key("pieces"), &pieces), Put::Created));
    assert!(matches!(store.put_pieces_if_absent(&key("pieces"), &[b"x"]), Put::Exists));
    assert!(store.get(&key("pieces")).unwrap().unwrap() == large);
    assert!(store.map(&key("pieces")).unwrap().is_none_or(|mapped| *mapped == large[..]));
    assert!(store.map(&key("absent")).unwrap().is_none());
    assert!(store.capabilities().max_object_bytes >= 1 << 30);
}

pub fn odd_keys_are_kept_apart(store: &dyn Store) {
    let long = [&"s".repeat(255)[..], &"t".repeat(255), &"ü".repeat(127), &"v".repeat(255)].join("/");
    let mut odd = vec![
        "50%",
        "a%2Fb",
        "a/b",
        "a%252Fb",
        "a b",
        "a+b",
        "a?b",
        "a#b",
        "a&b=c;d,e",
        "über/日本 語/😀",
        "u\u{308}ber",
        "x:y",
        "<>|*\"'`",
        "[]{}^~",
        ".hidden",
        "...",
        "%2e%2e",
        "%00",
        "@",
        "!$()",
        "-",
        "CASE",
        "case",
        "x/.vectord-tmp",
        &long,
    ];
    for name in &odd {
        create(store, name, name.as_bytes());
    }
    for name in &odd {
        assert_eq!(store.get(&key(name)).unwrap().as_deref(), Some(name.as_bytes()), "{name}");
        assert_eq!(store.size(&key(name)).unwrap(), Some(name.len() as u64), "{name}");
    }
    odd.sort_unstable();
    assert_eq!(names(store, ""), odd);
    for name in &odd {
        assert!(names(store, name).contains(&(*name).to_owned()), "{name}");
        store.delete(&key(name)).unwrap();
    }
    assert_eq!(names(store, ""), [""; 0]);
}

pub fn a_name_is_an_object_or_a_prefix(store: &dyn Store) {
    create(store, "a/b", b"object");
    for (name, put) in [
        ("a", store.put_if_absent(&key("a"), b"x")),
        ("a/b/c", store.put_if_absent(&key("a/b/c"), b"x")),
        ("a/b/c/d", store.put_if_absent(&key("a/b/c/d"), b"x")),
    ] {
        let Put::Failed { error, written } = put else { panic!("{name}: {put:?}") };
        assert_eq!((error.kind(), written), (ErrorKind::Conflict, Written::No), "{name}: {error}");
    }
    assert!(matches!(store.replace(&key("a"), b"x"), Replace::Failed { written: Written::No, .. }));
    assert!(matches!(store.replace(&key("a/b/c"), b"x"), Replace::Failed { written: Written::No, .. }));
    store.delete(&key("a")).unwrap();
    store.delete(&key("a/b/c")).unwrap();
    assert_eq!(names(store, ""), ["a/b"]);
}

pub fn listings_are_sorted_and_paged(store: &dyn Store) {
    // The order of bytes is neither that of a directory walk nor that of an alphabet.
    let mut wanted: Vec<String> =
        ["a", "a-b/x", "a.b", "b/1", "b/10", "b/2", "b0", "B", "c/d/e/f", "c/d/e0", "c/d-e", "é"]
            .map(String::from)
            .into();
    wanted[0] = "a0/a".into();
    for name in &wanted {
        create(store, name, name.as_bytes());
    }
    wanted.sort_unstable();
    for limit in 1..=wanted.len() + 1 {
        let (mut got, mut after, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = store.list("", after.as_deref(), limit).unwrap();
            assert!(page.objects.len() <= limit);
            assert!(page.objects.iter().all(|object| object.size == object.key.as_str().len() as u64));
            got.extend(page.objects.into_iter().map(|object| object.key.to_string()));
            pages += 1;
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(got, wanted, "limit {limit}");
        assert_eq!(pages, wanted.len().div_ceil(limit), "limit {limit}");
    }
    // start_after need not be a key, and may lie anywhere.
    for after in [
        "",
        "a",
        "a-b/",
        "a-b/x",
        "b",
        "b/",
        "b/1",
        "b/1\u{1}",
        "b/3",
        "c/d/",
        "c/d/e/f/g",
        "z",
        "é",
        "\u{10ffff}",
    ] {
        let page = store.list("", Some(after), 100).unwrap();
        let got: Vec<_> = page.objects.iter().map(|object| object.key.as_str()).collect();
        let later: Vec<_> = wanted.iter().map(String::as_str).filter(|name| *name > after).collect();
        assert_eq!(got, later, "after {after:?}");
        assert_eq!(page.next, None);
    }
    assert_eq!(store.list("", None, 0).unwrap_err().kind(), ErrorKind::InvalidArgument);
}

pub fn prefixes_are_text(store: &dyn Store) {
    let all = ["x/log/001", "x/log/002", "x/log/010", "x/log.old/1", "x/snap/001", "xy"];
    for name in all {
        create(store, name, b"");
    }
    for prefix in [
        "",
        "x",
        "x/",
        "x/l",
        "x/log",
        "x/log/",
        "x/log/00",
        "x/log/001",
        "x/log/001/",
        "x/log.",
        "xy",
        "y",
        "/",
        "x//",
        "../",
        "x/../x/",
        "./x",
        "x/log/\0",
    ] {
        let wanted: Vec<_> = {
            let mut wanted: Vec<_> = all.into_iter().filter(|name| name.starts_with(prefix)).collect();
            wanted.sort_unstable();
            wanted
        };
        assert_eq!(names(store, prefix), wanted, "{prefix:?}");
        let after = store.list(prefix, Some("x/log/001"), 100).unwrap();
        let later: Vec<_> = wanted.into_iter().filter(|name| *name > "x/log/001").collect();
        assert_eq!(
            after.objects.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(),
            later,
            "{prefix:?}"
        );
    }
}

pub fn deleted_objects_are_gone_and_may_be_created_again(store: &dyn Store) {
    let name = key("deep/er/object");
    store.delete(&name).unwrap();
    for round in 0_u8..3 {
        create(store, "deep/er/object", &[round]);
        store.delete(&name).unwrap();
        store.delete(&name).unwrap();
        assert_eq!(store.get(&name).unwrap(), None);
        assert_eq!(store.size(&name).unwrap(), None);
        assert_eq!(names(store, ""), [""; 0]);
    }
    assert!(matches!(store.replace(&name, b"again"), Replace::Created));
    assert_eq!(store.get(&name).unwrap().as_deref(), Some(&b"again"[..]));
}

pub fn one_of_32_racing_creators_wins(store: &dyn Store) {
    for round in 0..4 {
        let name = key(&format!("race/{round}/object"));
        let start = Barrier::new(32);
        let winners: Vec<u8> = thread::scope(|scope| {
            let racers: Vec<_> = (0_u8..32)
                .map(|racer| {
                    let (name, start) = (&name, &start);
                    scope.spawn(move || {
                        start.wait();
                        match store.put_if_absent(name, &[racer; 1000]) {
                            Put::Created => Some(racer),
                            Put::Exists => {
                                assert!(store.size(name).unwrap().is_some(), "it exists for who was told so");
                                None
                            }
                            Put::Failed { error, .. } => panic!("{error}"),
                        }
                    })
                })
                .collect();
            racers.into_iter().filter_map(|racer| racer.join().unwrap()).collect()
        });
        assert_eq!(winners.len(), 1, "{winners:?}");
        assert_eq!(store.get(&name).unwrap().unwrap(), [winners[0]; 1000]);
    }
}

/// Ends the readers also when their writer panics, so that a broken store fails instead of hanging.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

pub fn readers_never_see_part_of_an_object(store: &dyn Store) {
    const SIZE: usize = 300_000;
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    for i in 0..8_u8 {
                        let name = key(&format!("whole/{i}"));
                        if let Some(size) = store.size(&name).unwrap() {
                            assert_eq!(size, SIZE as u64);
                        }
                        if let Some(bytes) = store.get(&name).unwrap() {
                            assert!(bytes.len() == SIZE && bytes.iter().all(|byte| *byte == i));
                        }
                    }
                    for object in list_all(store, "").unwrap() {
                        assert!(object.key.as_str().starts_with("whole/"), "{}", object.key);
                        assert_eq!(object.size, SIZE as u64);
                    }
                }
            });
        }
        let _done = Done(&done);
        for i in 0..8_u8 {
            create(store, &format!("whole/{i}"), &vec![i; SIZE]);
        }
    });
}

pub fn replacing_is_atomic(store: &dyn Store) {
    const SIZE: usize = 100_000;
    let name = key("state/current");
    assert!(matches!(store.replace(&name, &vec![0; SIZE]), Replace::Created));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut newest = 0;
                while !done.load(Ordering::Acquire) {
                    let bytes = store.get(&name).unwrap().expect("a replaced object is never absent");
                    assert!(
                        bytes.len() == SIZE && bytes.iter().all(|byte| *byte == bytes[0]),
                        "old or new, not both"
                    );
                    assert!(bytes[0] >= newest, "and never older again");
                    newest = bytes[0];
                }
            });
        }
        let _done = Done(&done);
        for i in 1..=20 {
            assert!(matches!(store.replace(&name, &vec![i; SIZE]), Replace::Replaced));
        }
    });
    assert_eq!(store.get(&name).unwrap().unwrap(), vec![20; SIZE]);
    assert!(matches!(store.put_if_absent(&name, b"late"), Put::Exists));
    assert_eq!(names(store, ""), ["state/current"]);
}
