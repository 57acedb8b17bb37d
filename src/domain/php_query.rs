//! A query string as PHP's `parse_str` reads it: an ordered tree.
//!
//! Why so: WooCommerce signs what PHP made of the query, not what was sent (wire.md §4.3), so a
//! signature can only be checked against the same tree. Never: it must not look at a name's meaning,
//! and must not panic or nest without end, whatever the bytes.

use percent_encoding::percent_decode;

/// PHP's `max_input_vars`: it passes over what stands behind that many.
pub(super) const MOST_VARIABLES: usize = 1000;
/// PHP's `max_input_nesting_level`; a deeper variable is dropped.
const DEEPEST: usize = 64;

/// There are more variables than PHP would read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than 1000 variables")]
pub struct TooMany;

/// What stands under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Any bytes.
    Text(Vec<u8>),
    /// What `a[b]=` makes of `a`.
    Array(Array),
}

/// A PHP array: its keys keep the place where they first stood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Array {
    entries: Vec<(Vec<u8>, Value)>,
    next: i64,
}

impl Array {
    /// Reads a raw query string.
    ///
    /// # Errors
    /// It has more than 1000 variables.
    pub fn read(query: &str) -> Result<Self, TooMany> {
        let mut tree = Self::default();
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        for (at, pair) in pairs.enumerate() {
            if at == MOST_VARIABLES {
                return Err(TooMany);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if let Some(path) = path(&decode(name)) {
                tree.set(&path, decode(value));
            }
        }
        Ok(tree)
    }

    /// Keys and values in PHP's order.
    pub fn entries(&self) -> &[(Vec<u8>, Value)] {
        &self.entries
    }

    /// What stands under that key.
    pub fn get(&self, key: &[u8]) -> Option<&Value> {
        self.entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Sets a text at the top, as a header's parameter does.
    pub fn put(&mut self, key: &[u8], value: Vec<u8>) {
        *self.slot(Some(key)) = Value::Text(value);
    }

    fn set(&mut self, path: &[Option<Vec<u8>>], value: Vec<u8>) {
        let Some((key, rest)) = path.split_first() else { return };
        let slot = self.slot(key.as_deref());
        if rest.is_empty() {
            *slot = Value::Text(value);
            return;
        }
        if let Value::Text(_) = slot {
            *slot = Value::Array(Self::default());
        }
        if let Value::Array(inner) = slot {
            inner.set(rest, value);
        }
    }

    /// The place of that key, made if it is new; no key means the next number.
    fn slot(&mut self, key: Option<&[u8]>) -> &mut Value {
        let key = key.map_or_else(|| self.next.to_string().into_bytes(), <[u8]>::to_vec);
        let known = self.entries.iter().position(|(name, _)| *name == key);
        let at = known.unwrap_or_else(|| {
            if let Some(number) = integer(&key) {
                self.next = self.next.max(number.saturating_add(1));
            }
            self.entries.push((key, Value::Text(Vec::new())));
            self.entries.len() - 1
        });
        &mut self.entries[at].1
    }
}

/// `+` is a space; a stray `%` stays.
pub(super) fn decode(text: &str) -> Vec<u8> {
    percent_decode(text.replace('+', " ").as_bytes()).collect()
}

/// The number a key is to PHP: only in its shortest spelling, `7` and not `07`.
fn integer(key: &[u8]) -> Option<i64> {
    let text = str::from_utf8(key).ok()?;
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// The keys a name leads through; `None` in it appends. No path: PHP drops the variable.
pub(super) fn path(name: &[u8]) -> Option<Vec<Option<Vec<u8>>>> {
    let name = name.split(|byte| *byte == 0).next()?; // PHP's names end there
    let name = &name[name.iter().position(|byte| *byte != b' ')?..];
    let open = name.iter().position(|byte| *byte == b'[').unwrap_or(name.len());
    if open == 0 {
        return None;
    }
    let mut base = name[..open].to_vec();
    base.iter_mut().filter(|byte| matches!(byte, b' ' | b'.')).for_each(|byte| *byte = b'_');
    let inner = indices(&name[open..]);
    if inner.is_empty() && open < name.len() {
        base.push(b'_'); // the bracket that is never closed
        base.extend_from_slice(&name[open + 1..]);
    }
    (inner.len() <= DEEPEST).then(|| std::iter::once(Some(base)).chain(inner).collect())
}

/// The indices of `[b][c]`; what stands behind them, or is not closed, is passed over.
fn indices(mut rest: &[u8]) -> Vec<Option<Vec<u8>>> {
    let mut found = Vec::new();
    while let Some(inside) = rest.strip_prefix(b"[") {
        let Some(close) = inside.iter().position(|byte| *byte == b']') else { break };
        let index = inside[..close].trim_ascii_start();
        found.push((!index.is_empty()).then(|| index.to_vec()));
        rest = &inside[close + 1..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree as text: `a=1 b[0]=2`.
    fn shown(query: &str) -> String {
        fn walk(array: &Array, prefix: &str, out: &mut Vec<String>) {
            for (key, value) in array.entries() {
                let key = String::from_utf8_lossy(key);
                let key = if prefix.is_empty() { key.into() } else { format!("{prefix}[{key}]") };
                match value {
                    Value::Text(text) => out.push(format!("{key}={}", text.escape_ascii())),
                    Value::Array(inner) => walk(inner, &key, out),
                }
            }
        }
        let mut out = Vec::new();
        walk(&Array::read(query).expect("few variables"), "", &mut out);
        out.join(" ")
    }

    #[test]
    fn names_are_read_as_php_does() {
        let cases = [
            ("b=1&a=2&b=3", "b=3 a=2"),
            ("a[]=1&a[]=2&a[7]=3&a[]=4", "a[0]=1 a[1]=2 a[7]=3 a[8]=4"),
            ("a%5Bb%5D%5Bc%5D=x+y%7E", "a[b][c]=x y~"),
            ("a.b c=1&++d=2&e[f.g]=3", "a_b_c=1 d=2 e[f.g]=3"),
            ("a[b=1&[c]=2&=3&d", "a_b=1 d="),
            ("a[07]=1&a[]=2", "a[07]=1 a[0]=2"),
            ("a=1&c=2&a[x]=3", "a[x]=3 c=2"),
            ("a=%ff%zz", "a=\\xff%zz"),
        ];
        for (query, tree) in cases {
            assert_eq!(shown(&query.replace("a.b c", "a.b%20c")), tree, "{query}");
        }
    }

    #[test]
    fn size_is_bounded() {
        assert!(Array::read(&"a=1&".repeat(1000)).is_ok());
        assert_eq!(Array::read(&"a=1&".repeat(1001)), Err(TooMany));
        assert_eq!(shown(&format!("a{}=1&b=2", "[x]".repeat(65))), "b=2");
    }
}
