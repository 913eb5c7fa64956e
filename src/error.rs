//! The one error type of every layer: a kind the caller can act on, and a sentence.
//!
//! It imports nothing of ours. What a kind becomes at a border stands with that border: Python
//! classes in `python/errors.rs`, HTTP statuses in `server/problem.rs`, both exhaustive matches.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// `Result` with our [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the caller should do about an error. A kind exists only if callers would act differently on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Fix the call.
    InvalidArgument,
    /// Create it, or correct the name.
    NotFound,
    /// Open it, or choose another name.
    AlreadyExists,
    /// Re-read and retry.
    Conflict,
    /// Send a key.
    Unauthenticated,
    /// Use another key.
    PermissionDenied,
    /// Send less, or later.
    ResourceExhausted,
    /// Retry later; [`Error::outcome`] says whether the call may have taken effect.
    Unavailable,
    /// Restore or repair the data.
    Corrupt,
    /// This build or this store cannot do it.
    Unsupported,
    /// A bug: report it.
    Internal,
}

impl ErrorKind {
    /// Every kind, for tests that walk the borders.
    pub const ALL: [Self; 11] = [
        Self::InvalidArgument,
        Self::NotFound,
        Self::AlreadyExists,
        Self::Conflict,
        Self::Unauthenticated,
        Self::PermissionDenied,
        Self::ResourceExhausted,
        Self::Unavailable,
        Self::Corrupt,
        Self::Unsupported,
        Self::Internal,
    ];

    /// The stable code users match on, the same in HTTP bodies (`code`) and Python (`.code`).
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::Conflict => "conflict",
            Self::Unauthenticated => "unauthenticated",
            Self::PermissionDenied => "permission_denied",
            Self::ResourceExhausted => "resource_exhausted",
            Self::Unavailable => "unavailable",
            Self::Corrupt => "corrupt",
            Self::Unsupported => "unsupported",
            Self::Internal => "internal",
        }
    }
}

/// Whether a failed write is known to have done nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Nothing was written.
    Known,
    /// It may or may not have been written.
    Unknown,
}

/// Which part of a batch's item is at fault; faces name it in their own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The id.
    Id,
    /// The vector.
    Vector,
    /// The metadata.
    Metadata,
}

/// The item of a batch that an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Item {
    /// Position in the batch, from 0.
    pub index: usize,
    /// What about it is wrong.
    pub part: Part,
}

/// An error with its kind, its sentence, and, where they apply, item, outcome and source.
///
/// It is cheap to clone: a group commit hands one failure to every caller that waited for it.
#[derive(Debug, Clone)]
pub struct Error {
    kind: ErrorKind,
    message: Cow<'static, str>,
    item: Option<Item>,
    outcome: Outcome,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(message: impl Into<Cow<'static, str>>) -> Self {
            Self::new(ErrorKind::$kind, message)
        }
    )*};
}

impl Error {
    /// An error of `kind`; `message` is a clause without a final stop, numbers at its end.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into(), item: None, outcome: Outcome::Known, source: None }
    }

    constructors! {
        /// [`ErrorKind::InvalidArgument`].
        invalid => InvalidArgument;
        /// [`ErrorKind::NotFound`].
        not_found => NotFound;
        /// [`ErrorKind::AlreadyExists`].
        already_exists => AlreadyExists;
        /// [`ErrorKind::Conflict`].
        conflict => Conflict;
        /// [`ErrorKind::PermissionDenied`].
        permission_denied => PermissionDenied;
        /// [`ErrorKind::ResourceExhausted`].
        exhausted => ResourceExhausted;
        /// [`ErrorKind::Unavailable`], outcome known: nothing was written.
        unavailable => Unavailable;
        /// [`ErrorKind::Corrupt`].
        corrupt => Corrupt;
        /// [`ErrorKind::Unsupported`].
        unsupported => Unsupported;
        /// [`ErrorKind::Internal`].
        internal => Internal;
    }

    /// Names the item of the batch at fault.
    #[must_use]
    pub fn at(mut self, index: usize, part: Part) -> Self {
        self.item = Some(Item { index, part });
        self
    }

    /// Marks the outcome of a write as unknown.
    #[must_use]
    pub fn outcome_unknown(mut self) -> Self {
        self.outcome = Outcome::Unknown;
        self
    }

    /// Keeps the error this one came from.
    #[must_use]
    pub fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Puts `context: ` before the message (an object's or an index's name, say).
    #[must_use]
    pub fn within(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message).into();
        self
    }

    /// What the caller should do.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The sentence without the item.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The item of the batch at fault, if one is.
    pub fn item(&self) -> Option<Item> {
        self.item
    }

    /// Whether a failed write is known to have done nothing.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(item) = self.item {
            write!(f, "items[{}]: ", item.index)?;
        }
        f.write_str(&self.message)?;
        if self.outcome == Outcome::Unknown {
            f.write_str(" (outcome unknown: it may have been written)")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_item_and_keeps_its_source() {
        let error = Error::invalid("dimension mismatch: index has 384, got 383")
            .at(3, Part::Vector)
            .caused_by(std::io::Error::other("disk"));
        assert_eq!(error.to_string(), "items[3]: dimension mismatch: index has 384, got 383");
        assert_eq!(std::error::Error::source(&error).map(ToString::to_string).as_deref(), Some("disk"));
        assert_eq!(
            error.clone().within("docs").message(),
            "docs: dimension mismatch: index has 384, got 383"
        );
    }

    #[test]
    fn codes_are_distinct() {
        let mut codes: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
    }
}
