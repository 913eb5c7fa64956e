//! Keys: 256 random bits that a caller shows, of which the service knows only the SHA-256; and what each allows.
//!
//! A digest needs no salt and no stretching: nobody guesses 256 bits. Where keys are asked for is `auth.rs`.

use std::fmt::{self, Write};
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use subtle::ConstantTimeEq;

use crate::error::{Error, Result};

/// What the words of a key begin with, so that scanners for secrets know one.
const PREFIX: &str = "vectord_";
/// The longest name of a key.
const NAME_BYTES: usize = 64;

/// What a key allows; each role allows what those before it do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Searches, reads, statistics.
    Read,
    /// Rows and metadata added, changed and deleted.
    Write,
    /// Indexes created and deleted, checkpoints.
    Admin,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// Its name in configurations and errors.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|role| role.name() == name);
        found.ok_or_else(|| Error::invalid(format!("a role is read, write or admin, got {name:?}")))
    }
}

/// A key as the service knows it: its digest, its role, and a name for the log.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    name: Arc<str>,
    role: Role,
    digest: [u8; 32],
}

impl Key {
    /// The key whose SHA-256 is `sha256` (64 hexadecimal digits). Without a name it is called by its digest's beginning.
    pub fn new(role: Role, sha256: &str, name: Option<&str>) -> Result<Self> {
        let digest = unhex(sha256).ok_or_else(|| {
            Error::invalid(format!(
                "sha256 of a key is 64 hexadecimal digits, as `vectord key new` prints them, got {} bytes",
                sha256.len()
            ))
        })?;
        let name = name.map_or_else(|| format!("key-{}", &sha256[..8].to_ascii_lowercase()), str::to_owned);
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
        if name.is_empty() || name.len() > NAME_BYTES || !name.bytes().all(fits) {
            return Err(Error::invalid(format!(
                "the name of a key is 1 to {NAME_BYTES} ASCII letters, digits, -, _, . and @, got {} bytes",
                name.len()
            )));
        }
        Ok(Self { name: name.into(), role, digest })
    }

    /// Makes a key: the words that callers show, and what the service keeps.
    pub fn generate(role: Role, name: Option<&str>) -> Result<(String, Self)> {
        let mut bits = [0; 32];
        SystemRandom::new()
            .fill(&mut bits)
            .map_err(|_| Error::unavailable("the system gives no random bytes"))?;
        let words = format!("{PREFIX}{}", hex(&bits));
        let key = Self::of(role, &words, name)?;
        Ok((words, key))
    }

    /// The key that callers show as `words`, which must be as hard to guess as a made one is.
    pub fn of(role: Role, words: &str, name: Option<&str>) -> Result<Self> {
        Self::new(role, &hex(digest(&SHA256, words.as_bytes()).as_ref()), name)
    }

    /// For the log.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it allows.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The digest, as configurations write it.
    pub fn sha256(&self) -> String {
        hex(&self.digest)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.role.name(), self.name)
    }
}

/// The keys of a service. None at all means that it asks for none.
#[derive(Debug, Clone, Default)]
pub struct Keys(Vec<Arc<Key>>);

impl Keys {
    /// `InvalidArgument` if two have one digest or one name.
    pub fn new(keys: impl IntoIterator<Item = Key>) -> Result<Self> {
        let mut all: Vec<Arc<Key>> = Vec::new();
        for key in keys {
            if let Some(twin) = all.iter().find(|other| other.digest == key.digest || other.name == key.name)
            {
                return Err(Error::invalid(format!("two keys are one: {twin:?} and {key:?}")));
            }
            all.push(Arc::new(key));
        }
        Ok(Self(all))
    }

    /// Reads `role:sha256` or `role:sha256:name`, several of them separated by commas.
    pub fn parse(text: &str) -> Result<Self> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let keys = entries.enumerate().map(|(at, entry)| {
            let mut pieces = entry.splitn(3, ':');
            let (role, sha256) = (pieces.next().unwrap_or_default(), pieces.next().unwrap_or_default());
            // What is wrong may be a key itself, written where its digest belongs: never shown.
            let role = Role::parse(role).map_err(|_| Error::invalid("write role:sha256 or role:sha256:name"));
            role.and_then(|role| Key::new(role, sha256, pieces.next()))
                .map_err(|error| error.within(format!("key {}", at + 1)))
        });
        Self::new(keys.collect::<Result<Vec<_>>>()?)
    }

    /// Whether none are asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many of each role there are, the least role first.
    pub fn by_role(&self) -> [(Role, usize); 3] {
        Role::ALL.map(|role| (role, self.0.iter().filter(|key| key.role == role).count()))
    }

    /// The key whose words are `shown`. Takes as long whichever it is, and whether it is one.
    pub(super) fn find(&self, shown: &[u8]) -> Option<&Arc<Key>> {
        let shown = digest(&SHA256, shown);
        let mut found = None;
        for key in &self.0 {
            if bool::from(key.digest[..].ct_eq(shown.as_ref())) {
                found = Some(key);
            }
        }
        found
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("memory can be written");
    }
    text
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_its_words_and_by_nothing_else() {
        let (words, read) = Key::generate(Role::Read, Some("web")).unwrap();
        let (other, admin) = Key::generate(Role::Admin, None).unwrap();
        assert!(words != other && words.starts_with(PREFIX) && words.len() == PREFIX.len() + 64);
        let text = format!("read:{}:web, admin:{}", read.sha256(), admin.sha256().to_uppercase());
        let keys = Keys::parse(&text).unwrap();
        assert_eq!(
            keys.find(words.as_bytes()).map(|key| (key.name(), key.role())),
            Some(("web", Role::Read))
        );
        assert_eq!(keys.find(other.as_bytes()).map(|key| key.role()), Some(Role::Admin));
        for shown in ["", &words[1..], &format!("{words} "), &read.sha256(), &words.to_uppercase()] {
            assert!(keys.find(shown.as_bytes()).is_none(), "{shown}");
        }
        assert!(!format!("{keys:?}").contains(&read.sha256()), "{keys:?}");
    }

    #[test]
    fn what_is_no_list_of_keys_is_refused_without_being_shown() {
        let (words, key) = Key::generate(Role::Write, Some("a")).unwrap();
        let sha256 = key.sha256();
        for text in [
            words.clone(),
            format!("write:{words}"),
            format!("owner:{sha256}"),
            format!("write:{sha256}:a b"),
            format!("write:{sha256}:{}", "x".repeat(65)),
            format!("write:{sha256}:a,read:{sha256}:b"),
            "write".to_owned(),
        ] {
            let error = Keys::parse(&text).unwrap_err().to_string();
            assert!(!error.contains(&words) && !error.contains(&sha256), "{error}");
        }
        assert!(Keys::parse("").unwrap().is_empty() && Keys::parse(" , ").unwrap().is_empty());
    }
}
