//! The name of an object, validated once so that every store may use it as it is.
//!
//! What parses stays below a directory it is joined to, survives a URL, and means the same on every
//! store. Index names have narrower rules of their own, in the registry.

use std::fmt;

use crate::error::{Error, Result};

/// An object's name: segments between slashes, such as `_vectors/docs/log/00000000000000000001.lhl1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// The longest key, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 1024;
    /// The longest segment, in bytes of UTF-8: what file systems allow a name.
    pub const MAX_SEGMENT_BYTES: usize = 255;
    /// The first segment no key may have: a directory store keeps files it has not published yet there.
    pub const RESERVED: &'static str = ".vectord-tmp";

    /// Takes `text` as a key, or says what is wrong with it (`InvalidArgument`).
    ///
    /// Segments are not empty, not `.` or `..`, and hold no backslash and no control character.
    ///
    /// ```
    /// use vectord::store::Key;
    /// assert_eq!(Key::parse("docs/a b%.json").unwrap().as_str(), "docs/a b%.json");
    /// assert!(Key::parse("docs/../secret").is_err());
    /// ```
    pub fn parse(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        match fault(&text) {
            None => Ok(Self(text)),
            Some(what) => Err(Error::invalid(format!("key {:?} {what}", Excerpt(&text)))),
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key before its last slash, empty without one; and the last segment.
    pub(super) fn split(&self) -> (&str, &str) {
        self.0.rsplit_once('/').unwrap_or(("", &self.0))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

fn fault(text: &str) -> Option<String> {
    if text.len() > Key::MAX_BYTES {
        return Some(format!("is too long: at most {} bytes, got {}", Key::MAX_BYTES, text.len()));
    }
    if text.split('/').next() == Some(Key::RESERVED) {
        return Some(format!("begins with the reserved segment {}", Key::RESERVED));
    }
    text.split('/').find_map(|segment| {
        if segment.is_empty() {
            Some("has an empty segment".into())
        } else if segment == "." || segment == ".." {
            Some(format!("has a segment {segment:?}"))
        } else if segment.len() > Key::MAX_SEGMENT_BYTES {
            let longest = Key::MAX_SEGMENT_BYTES;
            Some(format!("has a segment that is too long: at most {longest} bytes, got {}", segment.len()))
        } else if segment.contains('\\') {
            Some("holds a backslash".into())
        } else if segment.contains(char::is_control) {
            Some("holds a control character".into())
        } else {
            None
        }
    })
}

/// The first characters of what somebody sent, for a message of bounded length.
struct Excerpt<'a>(&'a str);

impl fmt::Debug for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(64) {
            None => write!(f, "{:?}", self.0),
            Some((end, _)) => write!(f, "{:?}..", &self.0[..end]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_that_could_leave_the_store_are_refused() {
        for text in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "a/.",
            "a/..",
            "../a",
            "a/../b",
            "a\\b",
            "a\0b",
            "a\nb",
            "a\u{7f}b",
            "a\u{85}b",
            ".vectord-tmp",
            ".vectord-tmp/1",
        ] {
            assert!(Key::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn ordinary_and_odd_names_are_keys() {
        for text in
            ["a", "a/b", ".hidden", "...", "a..b", "über/日本", "50%", "a%2Fb", "a b", "x/.vectord-tmp"]
        {
            assert_eq!(Key::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn lengths_are_bounded() {
        assert!(Key::parse("s".repeat(255)).is_ok());
        assert!(Key::parse("s".repeat(256)).is_err());
        let long = ["s".repeat(255), "s".repeat(255), "s".repeat(255), "s".repeat(256)].join("/");
        assert_eq!(long.len(), Key::MAX_BYTES);
        assert!(Key::parse(&long).is_err());
        assert!(Key::parse(&long[..1023]).is_ok());
        let message = Key::parse("x".repeat(1 << 20)).unwrap_err().to_string();
        assert!(message.len() < 200, "{message}");
    }

    proptest! {
        #[test]
        fn whatever_parses_stays_below_the_root(text in prop_oneof![any::<String>(), "[a./\\\\\0%~ é-]{0,40}"]) {
            if let Ok(key) = Key::parse(text.clone()) {
                prop_assert_eq!(key.as_str(), &text);
                let joined = Path::new("/root").join(key.as_str());
                prop_assert!(joined.starts_with("/root"));
                prop_assert!(joined != Path::new("/root"));
                prop_assert!(Path::new(key.as_str()).components().all(|part| matches!(part, Component::Normal(_))));
                prop_assert_eq!(Path::new(key.as_str()).components().count(), text.split('/').count());
            }
        }
    }
}
