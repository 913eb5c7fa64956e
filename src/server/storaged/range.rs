//! The `Range` header of a GET.
//!
//! Several ranges at once are not offered, as RFC 9110 allows.

/// What a `Range` header selects (RFC 9110 section 14). Several ranges, and what is none, select the whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// All of it, as without the header.
    Whole,
    /// The bytes from `first` to before `end`, at least one.
    Part { first: usize, end: usize },
    /// It begins after the end: 416.
    Outside,
}

impl Range {
    /// Reads the header's value, for an object of `size` bytes.
    pub(super) fn parse(value: &str, size: usize) -> Self {
        let number =
            |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<u64>().ok())?;
        let Some((first, last)) = value.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-'))
        else {
            return Self::Whole;
        };
        let (first, last_inclusive) = match (first, last) {
            ("", "") => return Self::Whole,
            ("", suffix) => match number(suffix) {
                None => return Self::Whole,
                Some(0) => return Self::Outside,
                Some(length) => ((size as u64).saturating_sub(length), u64::MAX),
            },
            (first, "") => match number(first) {
                None => return Self::Whole,
                Some(first) => (first, u64::MAX),
            },
            (first, last) => match (number(first), number(last)) {
                (Some(first), Some(last)) if first <= last => (first, last),
                (Some(_) | None, Some(_) | None) => return Self::Whole,
            },
        };
        if first >= size as u64 {
            return Self::Outside;
        }
        let end = last_inclusive.saturating_add(1).min(size as u64);
        Self::Part { first: first as usize, end: end as usize }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_ranges_are_cut_to_the_object_and_others_select_it_whole() {
        let part = |first, end| Range::Part { first, end };
        for (value, size, wanted) in [
            ("bytes=0-0", 10, part(0, 1)),
            ("bytes=2-5", 10, part(2, 6)),
            ("bytes=2-", 10, part(2, 10)),
            ("bytes=9-99", 10, part(9, 10)),
            ("bytes=0-18446744073709551615", 10, part(0, 10)),
            ("bytes=-3", 10, part(7, 10)),
            ("bytes=-99", 10, part(0, 10)),
            ("bytes=10-", 10, Range::Outside),
            ("bytes=-0", 10, Range::Outside),
            ("bytes=0-", 0, Range::Outside),
            ("bytes=5-2", 10, Range::Whole),
            ("bytes=0-1,3-4", 10, Range::Whole),
            ("bytes=-", 10, Range::Whole),
            ("bytes=+1-2", 10, Range::Whole),
            ("bytes=99999999999999999999-", 10, Range::Whole),
            ("items=0-1", 10, Range::Whole),
            ("", 10, Range::Whole),
        ] {
            assert_eq!(Range::parse(value, size), wanted, "{value} of {size}");
        }
    }
}
