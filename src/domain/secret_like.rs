//! Texts that look like secrets, which people paste into search fields and programs put into paths.
//!
//! They must stand in no address of ours and in no line of the log. Looks decide, so some are taken for
//! secrets that are none: a search less is better than a secret more.
//! Never: say whether a secret is a right one.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// How API tokens, access and refresh tokens and authorization codes begin; no word has such a piece.
const TOKENS: [&str; 4] = ["agt_", "agat_", "agrt_", "agac_"];

/// How a consumer secret begins; `docs_` ends so, too.
const SECRET: &str = "cs_";

/// How many digits of base 16 a consumer secret has.
const SECRET_DIGITS: usize = 40;

/// How many letters and digits before its dash make a text look like a key that is sold, and not like a SKU.
const SOLD_KEY: usize = 12;

/// Whether a secret, a token or a code of ours seems to stand in the text, as it is or in other words.
pub fn has_secret(text: &str) -> bool {
    TOKENS.iter().any(|beginning| text.contains(beginning)) || has_word(text, SECRET)
}

/// What looks like a key that software is sold with: a long code, a dash and a number. Also between quotes
/// and other words, and with the dashes of word processors.
pub fn sold_keys(text: &str) -> impl Iterator<Item = String> {
    let text: String = text.chars().map(|c| if is_dash(c) { '-' } else { c }).collect();
    // Hosts and e-mail addresses stay whole, and are none.
    let pieces = text.split(|c: char| !c.is_ascii_alphanumeric() && !"-.@".contains(c));
    let pieces = pieces.map(|piece| piece.trim_matches('.'));
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
    let piece = percent_decode_str(piece).decode_utf8_lossy();
    has_secret(&piece) || has_word(&piece, "ck_") || sold_keys(&piece).next().is_some()
}

/// Whether a word of the text begins so, or what follows are the digits of a whole secret.
fn has_word(text: &str, beginning: &str) -> bool {
    let mut found = text.match_indices(beginning);
    found.any(|(at, _)| {
        let digits = text[at + beginning.len()..].bytes().take_while(u8::is_ascii_hexdigit);
        let begins = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        begins || digits.count() >= SECRET_DIGITS
    })
}

fn is_dash(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}')
}

fn is_sold_key(piece: &str) -> bool {
    let Some((code, number)) = piece.split_once('-') else { return false };
    code.len() >= SOLD_KEY
        && is_made_by_chance(code)
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
}

/// Whether letters and digits alone, of both cases or with digits among them: no word is written so.
fn is_made_by_chance(code: &str) -> bool {
    let has = |is: fn(&u8) -> bool| code.bytes().skip(1).any(|b| is(&b));
    code.bytes().all(|b| b.is_ascii_alphanumeric())
        && (has(u8::is_ascii_digit) || (has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "Cqu62al903ICv40am9nM68Y7o9-32";

    #[test]
    fn secrets_are_seen_between_other_words() {
        for text in [
            "cs_1",
            "my key: \"agat_abc\"",
            "x/agrt_1",
            "=agac_x",
            "(agt_1)",
            "access_tokenDagat_x",
        ] {
            assert!(has_secret(text), "{text}");
        }
        let pair = format!("ck_{}cs_{}", "a".repeat(40), "b".repeat(40));
        assert!(has_secret(&pair), "two that were pasted together");
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
            format!("It is {KEY}."),
            format!("License key: {KEY}"),
            KEY.replace('-', "\u{2011}"),
        ];
        for text in pasted {
            assert_eq!(sold_keys(&text).collect::<Vec<_>>(), [KEY], "{text}");
        }
        for text in [
            "PLUGIN-2",
            "theme-professional-2026",
            "ada@shop.example",
            "Cqu6…-32",
            "-1",
            "onlineversand-24.de",
            "info@weinhandlung-24.de",
            "https://weinhandlung24-24.de/shop",
            "Bestellungen-2026",
        ] {
            assert_eq!(sold_keys(text).next(), None, "{text}");
        }
    }

    #[test]
    fn a_path_is_shown_without_them() {
        let path = format!("/wp-json/woo-license-keys/v1/activate/{KEY}");
        assert_eq!(hidden(&path), "/wp-json/woo-license-keys/v1/activate/…");
        assert_eq!(hidden("/a/agat_1/ck_2/b"), "/a/…/…/b");
        assert_eq!(hidden("/api/v1/keys/Bearer%20agt_x"), "/api/v1/keys/…");
        for path in ["/", "", "/docs_old/x-1", "/admin/keys/7", "/static/style-0123456789ab.css"] {
            assert_eq!(hidden(path), path);
        }
    }
}
