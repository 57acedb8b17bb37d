//! Rust source as the rules read it: no comments, no literals, no tests, cut into words.

/// A word, a `::`, or another single character.
#[derive(Clone, Copy)]
pub struct Token<'a> {
    pub line: usize,
    pub text: &'a str,
}

/// Cuts code into words.
pub fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    for (number, mut rest) in code.lines().enumerate() {
        while let Some(first) = rest.chars().next() {
            let length =
                if rest.starts_with("::") { 2 } else { word_length(rest).max(first.len_utf8()) };
            let (text, after) = rest.split_at(length);
            if !first.is_whitespace() {
                tokens.push(Token { line: number + 1, text });
            }
            rest = after;
        }
    }
    tokens
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// The text with comments and literals blanked, line for line.
pub fn code(text: &str) -> String {
    let (mut code, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let skipped = comment_or_literal(rest);
        let length = match skipped {
            0 => word_length(rest).max(first.len_utf8()),
            _ => skipped,
        };
        let (part, after) = rest.split_at(length);
        match skipped {
            0 => code.push_str(part),
            _ => code.push_str(&blank(part)),
        }
        rest = after;
    }
    code
}

fn blank(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect()
}

/// The length of the comment or literal that `text` begins with; zero if it begins with neither.
fn comment_or_literal(text: &str) -> usize {
    let through = |from: usize, end: &str| {
        text[from..].find(end).map_or(text.len(), |at| from + at + end.len())
    };
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return through(2, "*/");
    }
    let prefix = text.len() - text.trim_start_matches(['b', 'c']).len();
    if let Some(raw) = text[prefix..].strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            return through(prefix + hashes + 2, &format!("\"{}", "#".repeat(hashes)));
        }
    }
    match text[prefix..].chars().next() {
        Some('"') => prefix + quoted(&text[prefix..], '"'),
        Some('\'') if is_char(&text[prefix..]) => prefix + quoted(&text[prefix..], '\''),
        _ => 0,
    }
}

/// Whether this quote begins a character, not a lifetime.
fn is_char(text: &str) -> bool {
    let mut chars = text.chars().skip(1);
    chars.next() == Some('\\') || chars.next() == Some('\'')
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The code with each item under `#[cfg(test)]` blanked.
pub fn without_tests(mut code: String) -> String {
    while let Some(start) = code.find("#[cfg(test)]") {
        let mut depth = 0;
        let end = code[start..].char_indices().find(|(_, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            depth == 0 && matches!(c, '}' | ';')
        });
        let end = end.map_or(code.len(), |(at, _)| start + at + 1);
        let blanked = blank(&code[start..end]);
        code.replace_range(start..end, &blanked);
    }
    code
}

/// The names right below a path whose `::` stands at `at`: `::a` gives a, `::{a::b, c}` gives a and c.
pub fn children<'a>(tokens: &[Token<'a>], at: usize) -> Vec<Token<'a>> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    if text(at) != "::" {
        return Vec::new();
    }
    if text(at + 1) != "{" {
        return tokens.get(at + 1).copied().into_iter().collect();
    }
    let (mut found, mut depth, mut at) = (Vec::new(), 1, at + 2);
    while depth > 0 && at < tokens.len() {
        match text(at) {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ if depth == 1 && matches!(text(at - 1), "{" | ",") => found.push(tokens[at]),
            _ => {}
        }
        at += 1;
    }
    found
}
