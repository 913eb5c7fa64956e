//! What a fuzzer does to bytes: flip, cut, extend, splice, and write lengths that lie.

use proptest::prelude::*;

/// What a fuzzer does to bytes.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    Flip(prop::sample::Index, u8),
    Truncate(prop::sample::Index),
    Extend(Vec<u8>),
    Splice(prop::sample::Index, prop::sample::Index, prop::sample::Index),
    Word(prop::sample::Index, u64),
}

pub(crate) fn edits() -> impl Strategy<Value = Vec<Edit>> {
    use prop::sample::Index;
    let lengths = prop_oneof![Just(0), Just(1), Just(u64::MAX), Just(1 << 60), Just(1 << 31), any::<u64>()];
    let edit = prop_oneof![
        4 => (any::<Index>(), 1..=255_u8).prop_map(|(at, flip)| Edit::Flip(at, flip)),
        1 => any::<Index>().prop_map(Edit::Truncate),
        1 => proptest::collection::vec(any::<u8>(), 1..80).prop_map(Edit::Extend),
        2 => any::<(Index, Index, Index)>().prop_map(|(from, to, at)| Edit::Splice(from, to, at)),
        4 => (any::<Index>(), lengths).prop_map(|(at, value)| Edit::Word(at, value)),
    ];
    proptest::collection::vec(edit, 1..4)
}

pub(crate) fn apply(bytes: &mut Vec<u8>, edits: &[Edit]) {
    for edit in edits {
        if bytes.is_empty() {
            return;
        }
        match edit {
            Edit::Flip(at, flip) => {
                let at = at.index(bytes.len());
                bytes[at] ^= flip;
            }
            Edit::Truncate(at) => bytes.truncate(at.index(bytes.len())),
            Edit::Extend(more) => bytes.extend_from_slice(more),
            Edit::Splice(from, to, at) => {
                let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
                let piece = bytes[from.min(to)..from.max(to)].to_vec();
                let at = at.index(bytes.len());
                bytes.splice(at..at, piece);
            }
            Edit::Word(at, value) => {
                let at = at.index(bytes.len()) & !3;
                let end = bytes.len().min(at + 8);
                bytes[at..end].copy_from_slice(&value.to_be_bytes()[..end - at]);
            }
        }
    }
}
