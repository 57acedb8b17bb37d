//! OAuth's scopes: `read` and `write`, between spaces (RFC 6749 §3.3). WooCommerce's `read_write` is
//! understood too.

use super::permissions::Permissions;

/// The scopes there are, for the metadata.
pub const SCOPES: [&str; 2] = ["read", "write"];

/// What a scope asks for; nothing for one that is empty or holds an unknown word.
pub fn parse(text: &str) -> Option<Permissions> {
    let mut asked: Option<Permissions> = None;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let word = Permissions::parse(word)?;
        asked = Some(asked.map_or(word, |before| before.or(word)));
    }
    asked
}

/// The scope of these permissions.
pub const fn text(permissions: Permissions) -> &'static str {
    match permissions {
        Permissions::Read => "read",
        Permissions::Write => "write",
        Permissions::ReadWrite => "read write",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_words_between_spaces() {
        for (scope, permissions) in [
            ("read", Some(Permissions::Read)),
            ("write", Some(Permissions::Write)),
            ("write read", Some(Permissions::ReadWrite)),
            (" read  read ", Some(Permissions::Read)),
            ("read_write", Some(Permissions::ReadWrite)),
            ("", None),
            (" ", None),
            ("read admin", None),
            ("Read", None),
            ("read,write", None),
            ("read\twrite", None),
        ] {
            assert_eq!(parse(scope), permissions, "{scope:?}");
        }
        for permissions in [Permissions::Read, Permissions::Write, Permissions::ReadWrite] {
            assert_eq!(parse(text(permissions)), Some(permissions));
        }
    }
}
