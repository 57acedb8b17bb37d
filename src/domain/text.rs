//! Text that strangers send and people read.
//!
//! `cleaned` is WordPress' text cleaning, used where WooCommerce echoes a value into an error.
//! `visible` is what AppGrant shows of an app's name: the name as sent, less what a reader cannot
//! see or what reorders the line around it. Escaping for HTML is the template's work, not done here.

/// The value as WordPress' `sanitize_text_field` leaves it: no tags, no `%hh`, single spaces.
pub fn cleaned(value: &str) -> String {
    single_spaced(&without_percent_codes(&single_spaced(&without_tags(value))))
}

/// The value without control, invisible and direction-changing characters, in single spaces.
pub fn visible(value: &str) -> String {
    single_spaced(&value.chars().filter(|c| !is_invisible(*c)).collect::<String>())
}

/// An app's name as people see it: no invisible characters, not endless.
pub fn shown_name(name: &str) -> String {
    shortened(&visible(name), 170)
}

/// Cuts to at most `limit` characters, ending in `...` where something was cut.
pub fn shortened(value: &str, limit: usize) -> String {
    if value.chars().count() <= limit {
        return value.to_owned();
    }
    value.chars().take(limit.saturating_sub(3)).chain("...".chars()).collect()
}

/// Edit distance (Levenshtein) in bytes, for guessing which word was meant.
pub fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn single_spaced(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Characters that show nothing, or change the direction of what follows (Unicode bidi controls).
pub fn is_invisible(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn without_tags(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        let tag = &rest[open..];
        rest = after_tag(tag).unwrap_or_else(|| {
            out.push('<');
            &tag[1..]
        });
    }
    out + rest
}

/// What follows the tag at the start of `tag` (for script and style, what follows their content);
/// nothing if that `<` opens no tag.
fn after_tag(tag: &str) -> Option<&str> {
    if !tag[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
        return None;
    }
    let lower = tag.to_ascii_lowercase();
    for (open, close) in [("<script", "</script>"), ("<style", "</style>")] {
        if let Some(at) = lower.starts_with(open).then(|| lower.find(close)).flatten() {
            return Some(&tag[at + close.len()..]);
        }
    }
    tag.find('>').map(|end| &tag[end + 1..])
}

fn without_percent_codes(value: &str) -> String {
    let mut text = value.to_owned();
    while let Some(at) = text
        .as_bytes()
        .windows(3)
        .position(|w| w[0] == b'%' && w[1].is_ascii_hexdigit() && w[2].is_ascii_hexdigit())
    {
        text.replace_range(at..at + 3, "");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaning_follows_wordpress() {
        for (from, to) in [
            ("<b>x</b>", "x"),
            ("<b>X</b>y", "Xy"),
            ("x<y", "x<y"),
            ("x< y", "x< y"),
            ("1<2", "1<2"),
            ("A%26B", "AB"),
            ("a %41", "a"),
            ("%2%256", ""),
            ("<script>x</script>", ""),
            ("a<STYLE>p{}</style>b", "ab"),
            ("  a \r\n\t b ", "a b"),
            ("<", "<"),
            ("<é", "<é"),
        ] {
            assert_eq!(cleaned(from), to, "{from:?}");
        }
    }

    #[test]
    fn visible_keeps_the_name_and_drops_tricks() {
        assert_eq!(visible("Tom's <b>A & B</b> %41 #1"), "Tom's <b>A & B</b> %41 #1");
        assert_eq!(visible("a\u{202e}b\u{200b}\u{0}c\n\n d"), "abc d");
        assert_eq!(visible("\u{200b} \u{feff}"), "");
        assert_eq!(visible("東京 кафе é"), "東京 кафе é");
    }

    #[test]
    fn shortening_counts_characters() {
        assert_eq!(shortened("éééé", 4), "éééé");
        assert_eq!(shortened("ééééé", 4), "é...");
    }
}
