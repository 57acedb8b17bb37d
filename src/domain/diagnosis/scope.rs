//! Which of the three scopes a wrong word was probably meant to be.

use crate::domain::{permissions::Permissions, text::distance};

/// The scope that was meant, if it can be guessed: case, spaces, commas, order and slips of the hand.
pub fn meant(text: &str) -> Option<Permissions> {
    if text.len() > 60 {
        return None;
    }
    let lower = text.to_lowercase();
    let (mut reads, mut writes) = (false, false);
    for word in lower.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()) {
        match word {
            "readwrite" | "writeread" | "rw" => (reads, writes) = (true, true),
            _ if distance(word, "read") <= 1 => reads = true,
            _ if distance(word, "write") <= 1 => writes = true,
            "and" => {}
            _ => return near(&lower),
        }
    }
    match (reads, writes) {
        (true, true) => Some(Permissions::ReadWrite),
        (true, false) => Some(Permissions::Read),
        (false, true) => Some(Permissions::Write),
        (false, false) => None,
    }
}

fn near(text: &str) -> Option<Permissions> {
    let all = [Permissions::Read, Permissions::Write, Permissions::ReadWrite];
    all.into_iter().find(|scope| distance(scope.as_str(), text) <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_guessed_and_nothing_is_invented() {
        for (text, scope) in [
            ("READ", Some("read")),
            (" read ", Some("read")),
            ("raed_write", Some("read_write")),
            ("reed", Some("read")),
            ("Write", Some("write")),
            ("wirte", Some("write")),
            ("read,write", Some("read_write")),
            ("write read", Some("read_write")),
            ("read/write", Some("read_write")),
            ("read and write", Some("read_write")),
            ("read%5Fwrite", Some("read_write")),
            ("readwrite", Some("read_write")),
            ("rw", Some("read_write")),
            ("admin", None),
            ("all", None),
            ("", None),
            ("***", None),
            ("delete", None),
            ("read_products", None),
        ] {
            assert_eq!(meant(text).map(Permissions::as_str), scope, "{text:?}");
        }
        assert_eq!(meant(&"read ".repeat(100_000)), None);
    }
}
