//! What a newer build may write is told from damage.

use vectord::error::ErrorKind;
use vectord::frame::{Floor, decode_entry, decode_floor, decode_snapshot, encode_floor};

use crate::reseal::{reseal_entry, reseal_snapshot};
use crate::support::golden::golden;

#[test]
fn what_a_newer_build_wrote_is_unsupported_and_not_corrupt() {
    for (at, value, what) in
        [(4, 0, "version"), (11, 1, "feature"), (15, 2, "flag"), (112, 9, "type"), (115, 1, "frame flag")]
    {
        let mut bytes = golden("entry.lhl1");
        bytes[at] ^= value;
        if what == "version" {
            bytes[5] = 2;
        }
        reseal_entry(&mut bytes);
        assert_eq!(decode_entry(&bytes).unwrap_err().kind(), ErrorKind::Unsupported, "{what}");
    }
    for (old, new) in [
        ("\"version\":2", "\"version\":3"),
        ("\"format\":2", "\"format\":3"),
        ("\"required_features\":0", "\"required_features\":8"),
    ] {
        let bytes = golden("snapshot.lhv1");
        let at = bytes.windows(old.len()).position(|window| window == old.as_bytes()).unwrap();
        let mut bytes = bytes;
        bytes[at..at + new.len()].copy_from_slice(new.as_bytes());
        reseal_snapshot(&mut bytes);
        assert_eq!(decode_snapshot(&bytes).unwrap_err().kind(), ErrorKind::Unsupported, "{new}");
    }
    let floor = encode_floor(&Floor { n: 1, floor_seq: 1, required_features: 4 });
    assert_eq!(decode_floor(&floor).unwrap_err().kind(), ErrorKind::Unsupported);
}
