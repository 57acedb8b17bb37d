//! What a key may do: WooCommerce's three words and the lines the consent page shows for them.

use std::fmt;

/// The scope of a grant and of the key it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permissions {
    /// `read`
    Read,
    /// `write`
    Write,
    /// `read_write`
    ReadWrite,
}

impl Permissions {
    /// The permissions of that name; case and spaces matter.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "read" => Some(Self::Read),
            "write" => Some(Self::Write),
            "read_write" => Some(Self::ReadWrite),
            _ => None,
        }
    }

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::ReadWrite => "read_write",
        }
    }

    /// The name on pages.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Write => "Write",
            Self::ReadWrite => "Read/Write",
        }
    }

    /// Whether data may be looked at.
    pub const fn reads(self) -> bool {
        matches!(self, Self::Read | Self::ReadWrite)
    }

    /// Whether data may be made, changed and deleted.
    pub const fn writes(self) -> bool {
        matches!(self, Self::Write | Self::ReadWrite)
    }

    const fn of(reads: bool, writes: bool) -> Option<Self> {
        match (reads, writes) {
            (true, true) => Some(Self::ReadWrite),
            (true, false) => Some(Self::Read),
            (false, true) => Some(Self::Write),
            (false, false) => None,
        }
    }

    /// What both permit; nothing if that is nothing.
    pub const fn and(self, other: Self) -> Option<Self> {
        Self::of(self.reads() && other.reads(), self.writes() && other.writes())
    }

    /// What either permits.
    pub fn or(self, other: Self) -> Self {
        if self == other { self } else { Self::ReadWrite }
    }

    /// Whether they permit all that `other` permits.
    pub fn covers(self, other: Self) -> bool {
        self.and(other) == Some(other)
    }

    /// Whether a request with that method may pass (wire.md §4.4); OPTIONS asks for nothing.
    ///
    /// # Errors
    /// What the key lacks.
    pub fn check_method(self, method: &str) -> Result<(), MethodRefused> {
        match method {
            "GET" | "HEAD" if !self.reads() => Err(MethodRefused::NeedsRead),
            "POST" | "PUT" | "PATCH" | "DELETE" if !self.writes() => Err(MethodRefused::NeedsWrite),
            "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" => Ok(()),
            _ => Err(MethodRefused::Unknown),
        }
    }

    /// What the consent page lists, word for word as WooCommerce does.
    pub const fn lines(self) -> &'static [&'static str] {
        match self {
            Self::Read => &[
                "View coupons",
                "View customers",
                "View orders and sales reports",
                "View products",
            ],
            Self::Write => &[
                "Create webhooks",
                "Create coupons",
                "Create customers",
                "Create orders",
                "Create products",
            ],
            Self::ReadWrite => &[
                "Create webhooks",
                "View and manage coupons",
                "View and manage customers",
                "View and manage orders and sales reports",
                "View and manage products",
            ],
        }
    }

    /// What those lines leave out in WooCommerce, said in plain words.
    pub const fn small_print(self) -> &'static str {
        match self {
            Self::Read => {
                "Reading covers everything the store’s API shows, including settings, taxes, \
                 shipping and payment methods."
            }
            Self::Write => {
                "Writing includes changing and deleting what is already there, and the store’s \
                 answers show the app what it changed."
            }
            Self::ReadWrite => {
                "Writing includes changing and deleting. Reading covers everything the store’s \
                 API shows, including settings and payment methods."
            }
        }
    }
}

/// Why a method is not permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodRefused {
    /// The key may not read.
    NeedsRead,
    /// The key may not write.
    NeedsWrite,
    /// No method that means reading or writing.
    Unknown,
}

impl MethodRefused {
    /// WooCommerce's message.
    pub const fn message(self) -> &'static str {
        match self {
            Self::NeedsRead => "The API key provided does not have read permissions.",
            Self::NeedsWrite => "The API key provided does not have write permissions.",
            Self::Unknown => "Unknown request method.",
        }
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_three_exact_words_are_scopes() {
        for word in ["read", "write", "read_write"] {
            assert_eq!(Permissions::parse(word).unwrap().as_str(), word);
        }
        for word in ["", "Read", "READ", " read", "read ", "readwrite", "read,write", "admin"] {
            assert_eq!(Permissions::parse(word), None, "{word:?}");
        }
    }

    #[test]
    fn methods_ask_for_reading_or_writing() {
        use MethodRefused::{NeedsRead, NeedsWrite, Unknown};
        for (method, read, write) in [
            ("GET", Ok(()), Err(NeedsRead)),
            ("HEAD", Ok(()), Err(NeedsRead)),
            ("POST", Err(NeedsWrite), Ok(())),
            ("PUT", Err(NeedsWrite), Ok(())),
            ("PATCH", Err(NeedsWrite), Ok(())),
            ("DELETE", Err(NeedsWrite), Ok(())),
            ("OPTIONS", Ok(()), Ok(())),
            ("TRACE", Err(Unknown), Err(Unknown)),
            ("get", Err(Unknown), Err(Unknown)),
        ] {
            assert_eq!(Permissions::Read.check_method(method), read, "{method}");
            assert_eq!(Permissions::Write.check_method(method), write, "{method}");
            assert_eq!(
                Permissions::ReadWrite.check_method(method).is_ok(),
                read.is_ok() || write.is_ok()
            );
        }
    }

    #[test]
    fn permissions_meet_and_join() {
        use Permissions::{Read, ReadWrite, Write};
        assert_eq!((Read.and(Write), Read.or(Write)), (None, ReadWrite));
        for one in [Read, Write, ReadWrite] {
            assert_eq!((one.and(ReadWrite), one.or(one)), (Some(one), one));
            assert_eq!((ReadWrite.covers(one), one.covers(ReadWrite)), (true, one == ReadWrite));
        }
    }

    #[test]
    fn every_scope_does_what_its_name_says() {
        assert!(Permissions::Read.reads() && !Permissions::Read.writes());
        assert!(!Permissions::Write.reads() && Permissions::Write.writes());
        assert!(Permissions::ReadWrite.reads() && Permissions::ReadWrite.writes());
    }
}
