//! Numbers of JSON, each looked at once and rounded once.
//!
//! serde_json would go by way of f64 and round twice, and looks at each digit once more to find where a vector ends. What
//! is no list of finite numbers is none here: who calls finds out why.

/// Powers of ten that f64 has exactly.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Appends the numbers of the list that `text` begins with; returns the list's length in bytes.
pub(super) fn list(text: &[u8], into: &mut Vec<f32>) -> Option<usize> {
    let mut at = space(text, open(text, b'[')?);
    if text.get(at) == Some(&b']') {
        return Some(at + 1);
    }
    loop {
        let (value, bytes) = number(&text[at..])?;
        into.push(value);
        at = space(text, at + bytes);
        match text.get(at)? {
            b',' => at = space(text, at + 1),
            b']' => return Some(at + 1),
            _ => return None,
        }
    }
}

/// Appends the numbers of a list of lists, which are as long as `row` each.
pub(super) fn lists(text: &[u8], row: usize, into: &mut Vec<f32>) -> Option<usize> {
    let mut at = space(text, open(text, b'[')?);
    if text.get(at) == Some(&b']') {
        return Some(at + 1);
    }
    loop {
        let before = into.len();
        let bytes = list(&text[at..], into)?;
        at = space(text, at + bytes);
        match text.get(at)? {
            _ if into.len() - before != row => return None,
            b',' => at = space(text, at + 1),
            b']' => return Some(at + 1),
            _ => return None,
        }
    }
}

/// Where white space ends that begins `at`.
pub(super) fn space(text: &[u8], at: usize) -> usize {
    let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    at + text[at..].iter().take_while(is_space).count()
}

/// 1 if `text` begins with `byte`.
fn open(text: &[u8], byte: u8) -> Option<usize> {
    (text.first() == Some(&byte)).then_some(1)
}

/// The number that `text` begins with, and its length in bytes.
fn number(text: &[u8]) -> Option<(f32, usize)> {
    let sign = usize::from(text.first() == Some(&b'-'));
    let mut digits = Digits { value: 0, count: 0 };
    let mut at = digits.read(text, sign);
    let first = text.get(sign)?;
    // Zero is not followed by digits; in any other case there is at least one.
    if at == sign || *first == b'0' && at > sign + 1 {
        return None;
    }
    let mut scale = 0_i32;
    if text.get(at) == Some(&b'.') {
        let point = at + 1;
        at = digits.read(text, point);
        scale = i32::try_from(point).ok()? - i32::try_from(at).ok()?;
        if scale == 0 {
            return None;
        }
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let minus = text.get(at + 1) == Some(&b'-');
        let begin = at + 1 + usize::from(minus || text.get(at + 1) == Some(&b'+'));
        let mut exponent = Digits { value: 0, count: 0 };
        at = exponent.read(text, begin);
        if at == begin {
            return None;
        }
        // Three digits are beyond what is computed here.
        let power = if exponent.count < 4 { exponent.value as i32 } else { 9999 };
        scale += if minus { -power } else { power };
    }
    let value = near(digits, scale).or_else(|| std::str::from_utf8(&text[sign..at]).ok()?.parse().ok())?;
    let value = if sign == 1 { -value } else { value };
    value.is_finite().then_some((value, at))
}

/// Decimal digits without leading zeros.
#[derive(Clone, Copy)]
struct Digits {
    /// Their value while they are at most 19.
    value: u64,
    count: usize,
}

impl Digits {
    /// Goes on with the digits that begin `at`; returns where they end.
    fn read(&mut self, text: &[u8], at: usize) -> usize {
        let mut end = at;
        while let Some(digit) = text.get(end).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10)
        {
            self.value = self.value.wrapping_mul(10).wrapping_add(u64::from(digit));
            self.count += usize::from(self.count > 0 || digit > 0);
            end += 1;
        }
        end
    }
}

/// `digits` times ten to the power of `scale`, rounded to f32, where f64 tells on which side of every tie it is.
fn near(digits: Digits, scale: i32) -> Option<f32> {
    if digits.count > 19 {
        return None;
    }
    if digits.value == 0 {
        return Some(0.0);
    }
    let power = TENS.get(scale.unsigned_abs() as usize)?;
    // The digits are rounded to f64, and so is the result: together by less than two units in its last place.
    let value = if scale < 0 { digits.value as f64 / power } else { digits.value as f64 * power };
    let tie = 1_u64 << 28;
    let below = value.to_bits() & (2 * tie - 1);
    let rounded = value as f32;
    (below.abs_diff(tie) > 4 && rounded.is_normal()).then_some(rounded)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> Option<f32> {
        number(text.as_bytes()).filter(|(_, bytes)| *bytes == text.len()).map(|(value, _)| value)
    }

    #[test]
    fn only_what_json_calls_a_number_is_one() {
        for text in [
            "", "-", "+1", "01", "-01", "00", ".5", "1.", "1.e5", "1e", "1e+", "0x1", "inf", "nan", "-a",
            "1 ",
        ] {
            assert_eq!(one(text), None, "{text:?}");
            assert!(serde_json::from_str::<f64>(text).is_err() || text == "1 ", "{text:?}");
        }
        for text in [
            "0",
            "-0",
            "0.0",
            "-0.0e9",
            "10",
            "1e5",
            "1E+05",
            "1e-2",
            "0e99999",
            "123456789012345678901234567890",
        ] {
            assert_eq!(one(text).map(f32::to_bits), text.parse().ok().map(f32::to_bits), "{text}");
        }
        for text in ["1e39", "-1e39", "3.4028236e38", "1e99999999999"] {
            assert_eq!(one(text), None, "{text} is beyond f32");
        }
    }

    #[test]
    fn numbers_at_a_tie_and_next_to_it_are_rounded_once() {
        for base in [1.0_f32, 1.000_000_1, 0.1, 3.0e-30, 7.25e22, f32::MIN_POSITIVE, f32::MAX / 2.0] {
            let next = f32::from_bits(base.to_bits() + 1);
            let tie = f64::midpoint(f64::from(base), f64::from(next));
            for value in [tie, f64::from_bits(tie.to_bits() - 1), f64::from_bits(tie.to_bits() + 1)] {
                for text in [
                    format!("{value}"),
                    format!("{value:e}"),
                    format!("{value:.40}"),
                    format!("{value}0000000000000000000001"),
                ] {
                    assert_eq!(
                        one(&text),
                        text.parse().ok().filter(|value: &f32| value.is_finite()),
                        "{text}"
                    );
                }
            }
        }
    }

    #[test]
    fn lists_end_where_they_end() {
        let mut read = Vec::new();
        assert_eq!(list(b"[ 1 ,\t-2.5\n, 3e1]rest", &mut read), Some(17));
        assert_eq!(read, [1.0, -2.5, 30.0]);
        for text in ["", "[", "[1", "[1,", "[1,]", "[,]", "[1 2]", "[[1]]", "[null]", "1", "[\"1\"]"] {
            assert_eq!(list(text.as_bytes(), &mut Vec::new()), None, "{text}");
        }
        assert_eq!((list(b"[]", &mut Vec::new()), list(b"[ ]", &mut Vec::new())), (Some(2), Some(3)));
        read.clear();
        assert_eq!(lists(b"[[1,2], [3,4]] ", 2, &mut read), Some(14));
        assert_eq!(read, [1.0, 2.0, 3.0, 4.0]);
        for text in ["[[1,2],[3]]", "[[1,2],]", "[1,2]", "[[1,2]", "[[1,2],null]"] {
            assert_eq!(lists(text.as_bytes(), 2, &mut Vec::new()), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn they_are_what_the_standard_library_reads(text in "-?(0|[1-9][0-9]{0,22})(\\.[0-9]{1,24})?([eE][+-]?[0-9]{1,3})?") {
            let expected = text.parse::<f32>().unwrap();
            prop_assert_eq!(one(&text).map(f32::to_bits), expected.is_finite().then_some(expected.to_bits()));
        }

        #[test]
        fn what_was_printed_is_read(value in proptest::num::f64::NORMAL) {
            let text = format!("{value}");
            let expected = text.parse::<f32>().unwrap();
            prop_assert_eq!(one(&text).map(f32::to_bits), expected.is_finite().then_some(expected.to_bits()));
        }
    }
}
