//! Texts that look like secrets, which people paste into search fields and programs put into paths.
//!
//! They must stand in no address of ours and in no line of the log. Looks decide, so some are taken for
//! secrets that are none: a search less is better than a secret more.
//! Never: say whether a secret is a right one.

use std::borrow::Cow;

/// How consumer secrets, API tokens, access and refresh tokens and authorization codes begin.
const SECRETS: [&str; 5] = ["cs_", "agt_", "agat_", "agrt_", "agac_"];

/// How many letters and digits before its dash make a text look like a key that is sold, and not like a SKU.
const SOLD_KEY: usize = 12;

/// Whether a secret, a token or a code of ours seems to stand in the text, as it is or in other words.
pub fn has_secret(text: &str) -> bool {
    SECRETS.iter().any(|beginning| has_word(text, beginning))
}

/// What looks like a key that software is sold with: a long code, a dash and a number. Also between quotes
/// and other words, and with the dashes of word processors.
pub fn sold_keys(text: &str) -> impl Iterator<Item = String> {
    let text: String = text.chars().map(|c| if is_dash(c) { '-' } else { c }).collect();
    let pieces = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let keys: Vec<String> = pieces.filter(|piece| is_sold_key(piece)).map(str::to_owned).collect();
    keys.into_iter()
}

/// A path as it may be logged: without what looks like a secret, a consumer key or a key that is sold.
pub fn hidden(path: &str) -> Cow<'_, str> {
    if !path.split('/').any(is_hidden) {
        return Cow::Borrowed(path);
    }
    let shown = path.split('/').map(|piece| if is_hidden(piece) { "…" } else { piece });
    Cow::Owned(shown.collect::<Vec<_>>().join("/"))
}

fn is_hidden(piece: &str) -> bool {
    has_secret(piece) || has_word(piece, "ck_") || sold_keys(piece).next().is_some()
}

/// Whether a word of the text begins so.
fn has_word(text: &str, beginning: &str) -> bool {
    let mut found = text.match_indices(beginning);
    found.any(|(at, _)| !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric()))
}

fn is_dash(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}')
}

fn is_sold_key(piece: &str) -> bool {
    let Some((code, number)) = piece.split_once('-') else { return false };
    code.len() >= SOLD_KEY && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "Cqu62al903ICv40am9nM68Y7o9-32";

    #[test]
    fn secrets_are_seen_between_other_words() {
        for text in ["cs_1", "my key: \"agat_abc\"", "x/agrt_1", "=agac_x", "(agt_1)"] {
            assert!(has_secret(text), "{text}");
        }
        for text in ["", "docs_old", "ck_1", "cs", "physics_2", "ada"] {
            assert!(!has_secret(text), "{text}");
        }
    }

    #[test]
    fn keys_that_are_sold_are_found_however_they_were_pasted() {
        let pasted = [
            KEY.to_owned(),
            format!("\"{KEY}\""),
            format!("{KEY} ."),
            format!("License key: {KEY}"),
            KEY.replace('-', "\u{2011}"),
        ];
        for text in pasted {
            assert_eq!(sold_keys(&text).collect::<Vec<_>>(), [KEY], "{text}");
        }
        for text in ["PLUGIN-2", "theme-professional-2026", "ada@shop.example", "Cqu6…-32", "-1"]
        {
            assert_eq!(sold_keys(text).next(), None, "{text}");
        }
    }

    #[test]
    fn a_path_is_shown_without_them() {
        let path = format!("/wp-json/woo-license-keys/v1/activate/{KEY}");
        assert_eq!(hidden(&path), "/wp-json/woo-license-keys/v1/activate/…");
        assert_eq!(hidden("/a/agat_1/ck_2/b"), "/a/…/…/b");
        for path in ["/", "", "/docs_old/x-1", "/admin/keys/7", "/static/style-0123456789ab.css"] {
            assert_eq!(hidden(path), path);
        }
    }
}
