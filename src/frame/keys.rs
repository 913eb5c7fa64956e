//! The keys of an index's objects on a store, and the rule for names that keeps them apart.
//!
//! Keys are strings with `/` between segments; a name is never joined into a path elsewhere.

use crate::error::{Error, Result};

/// Every key of vectord begins with this.
pub const ROOT: &str = "_vectors/";

/// Longest name, in bytes.
const NAME_MAX: usize = 128;

/// Checks a name: `^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`, no `..`, not ending in `.` or `.lhv1` (any case).
pub fn check_name(name: &str) -> Result<()> {
    let bytes = name.as_bytes();
    let allowed = |&byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let problem = if bytes.is_empty() {
        "it is empty"
    } else if bytes.len() > NAME_MAX {
        "it is longer than 128 bytes"
    } else if !bytes[0].is_ascii_alphanumeric() {
        "it must begin with a letter or digit"
    } else if !bytes.iter().all(allowed) {
        "it may hold letters, digits, '.', '_' and '-' only"
    } else if name.contains("..") || name.ends_with('.') {
        "it must not hold '..' nor end in '.'"
    } else if name.to_ascii_lowercase().ends_with(".lhv1") {
        "it must not end in '.lhv1'"
    } else {
        return Ok(());
    };
    Err(Error::invalid(format!("index name {name:?}: {problem}")))
}

/// What a key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key<'a> {
    /// An entry of the log.
    Log {
        /// The index.
        name: &'a str,
        /// Its seq.
        seq: u64,
    },
    /// A snapshot.
    Snapshot {
        /// The index.
        name: &'a str,
        /// The seq it is the state of.
        seq: u64,
    },
    /// The `n`-th floor.
    Floor {
        /// The index.
        name: &'a str,
        /// Its number.
        n: u64,
    },
    /// A copy of a damaged entry, set aside by the operator.
    Quarantined {
        /// The index.
        name: &'a str,
        /// The entry's seq.
        seq: u64,
    },
    /// What was lost with a damaged entry.
    QuarantineRecord {
        /// The index.
        name: &'a str,
        /// The entry's seq.
        seq: u64,
    },
    /// The single blob of the Go service.
    Legacy {
        /// The index.
        name: &'a str,
    },
}

/// `_vectors/<name>/`, the prefix of all keys of an index but the legacy one.
pub fn index_prefix(name: &str) -> String {
    format!("{ROOT}{name}/")
}

/// `_vectors/<name>/log/`.
pub fn log_prefix(name: &str) -> String {
    format!("{ROOT}{name}/log/")
}

/// `_vectors/<name>/snap/`.
pub fn snapshot_prefix(name: &str) -> String {
    format!("{ROOT}{name}/snap/")
}

/// `_vectors/<name>/log/<20-digit seq>.lhl1`.
pub fn log_key(name: &str, seq: u64) -> String {
    format!("{}{seq:020}.lhl1", log_prefix(name))
}

/// `_vectors/<name>/snap/<20-digit seq>.lhv1`.
pub fn snapshot_key(name: &str, seq: u64) -> String {
    format!("{ROOT}{name}/snap/{seq:020}.lhv1")
}

/// `_vectors/<name>/floor/<20-digit n>.json`.
pub fn floor_key(name: &str, n: u64) -> String {
    format!("{ROOT}{name}/floor/{n:020}.json")
}

/// `_vectors/<name>/quarantine/<20-digit seq>.lhl1`.
pub fn quarantined_key(name: &str, seq: u64) -> String {
    format!("{ROOT}{name}/quarantine/{seq:020}.lhl1")
}

/// `_vectors/<name>/quarantine/<20-digit seq>.json`.
pub fn quarantine_record_key(name: &str, seq: u64) -> String {
    format!("{ROOT}{name}/quarantine/{seq:020}.json")
}

/// `_vectors/<name>.lhv1`.
pub fn legacy_key(name: &str) -> String {
    format!("{ROOT}{name}.lhv1")
}

/// Reads a key back; none for keys that are not ours.
pub fn parse_key(key: &str) -> Option<Key<'_>> {
    let rest = key.strip_prefix(ROOT)?;
    let Some((name, object)) = rest.split_once('/') else {
        let name = rest.strip_suffix(".lhv1")?;
        return check_name(name).is_ok().then_some(Key::Legacy { name });
    };
    check_name(name).ok()?;
    let (folder, file) = object.split_once('/')?;
    let (digits, extension) = file.split_at_checked(20)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = digits.parse().ok()?;
    match (folder, extension) {
        ("log", ".lhl1") => Some(Key::Log { name, seq: number }),
        ("snap", ".lhv1") => Some(Key::Snapshot { name, seq: number }),
        ("floor", ".json") => Some(Key::Floor { name, n: number }),
        ("quarantine", ".lhl1") => Some(Key::Quarantined { name, seq: number }),
        ("quarantine", ".json") => Some(Key::QuarantineRecord { name, seq: number }),
        (_, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_as_they_were_written() {
        let name = "a.B_c-9";
        for seq in [0, 1, 42, u64::MAX] {
            assert_eq!(parse_key(&log_key(name, seq)), Some(Key::Log { name, seq }));
            assert_eq!(parse_key(&snapshot_key(name, seq)), Some(Key::Snapshot { name, seq }));
            assert_eq!(parse_key(&floor_key(name, seq)), Some(Key::Floor { name, n: seq }));
            assert_eq!(parse_key(&quarantined_key(name, seq)), Some(Key::Quarantined { name, seq }));
            assert_eq!(
                parse_key(&quarantine_record_key(name, seq)),
                Some(Key::QuarantineRecord { name, seq })
            );
        }
        assert_eq!(parse_key(&legacy_key(name)), Some(Key::Legacy { name }));
        assert_eq!(log_key("docs", 7), "_vectors/docs/log/00000000000000000007.lhl1");
    }

    #[test]
    fn foreign_keys_are_nobodys() {
        for key in [
            "",
            "docs",
            "_vectors/",
            "_vectors/.lhv1",
            "_vectors/docs",
            "_vectors/docs/",
            "_vectors/docs/log/7.lhl1",
            "_vectors/docs/log/+0000000000000000007.lhl1",
            "_vectors/docs/log/99999999999999999999.lhl1",
            "_vectors/docs/log/00000000000000000007.lhv1",
            "_vectors/docs/log/00000000000000000007.lhl1.tmp",
            "_vectors/docs/other/00000000000000000007.lhl1",
            "_vectors/docs/quarantine/00000000000000000007.lhv1",
            "_vectors/docs/quarantine/7.json",
            "_vectors/../log/00000000000000000007.lhl1",
            "_vectors/docs/log/0000000000000000000\u{e9}.lhl1",
        ] {
            assert_eq!(parse_key(key), None, "{key}");
        }
    }

    #[test]
    fn names_that_could_leave_their_folder_are_refused() {
        for name in
            ["", ".", "..", "a..b", "a.", "a/b", "a\\b", "-a", "_a", "a b", "\u{e9}", "x.lhv1", "x.LHV1"]
        {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert!(check_name(&"a".repeat(128)).is_ok());
        assert!(check_name(&"a".repeat(129)).is_err());
    }
}
