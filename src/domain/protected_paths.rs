//! Which addresses a key opens (wire.md §4.1), and which are too unclear to be judged at all.
//!
//! Proxy and store must see the same address. So what one of them might decode, merge or cut away (an
//! encoded slash, `//`, `;`, a dot segment, a second layer of encoding) is not guessed: it is refused.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::{api_query::ApiQuery, query_names::Named};

/// WordPress' root of its REST API.
const WORDPRESS: &str = "/wp-json";

/// What `APPGRANT_PROTECTED_PATHS` is if nobody sets it: WooCommerce's namespaces.
pub const DEFAULT: &str = "/wp-json/wc/,/wp-json/wc-";

/// The beginnings of paths that keys open.
#[derive(Clone, Debug)]
pub struct ProtectedPaths {
    beginnings: Vec<String>,
    /// Whether any of them is WordPress', who looks for an address in the query too.
    is_wordpress: bool,
    home: String,
}

/// What an address is to the store's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Keys open it. Under WordPress' root the store also lets a request override its method.
    Covered {
        /// Whether it is WordPress'.
        wordpress: bool,
    },
    /// Keys do not open it.
    Elsewhere,
    /// Proxy and store may read it differently.
    Unclear,
}

impl ProtectedPaths {
    /// Reads beginnings separated by commas; nothing if one of them could never match.
    pub fn parse(text: &str) -> Option<Self> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let beginnings: Vec<String> = parts.map(str::to_owned).collect();
        let fit = !beginnings.is_empty() && beginnings.iter().all(|part| is_clear(part));
        let is_wordpress = beginnings.iter().any(|beginning| beginning.starts_with(WORDPRESS));
        fit.then_some(Self { beginnings, is_wordpress, home: String::new() })
    }

    /// The same for a store that lives under a path of its own, such as `/shop`.
    pub fn under(self, home: &str) -> Self {
        Self { home: home.to_owned(), ..self }
    }

    /// What that address is; path and query as they came.
    pub fn judge(&self, path: &str, query: &ApiQuery<'_>) -> Place {
        let Some(path) = clear(path) else {
            return Place::Unclear;
        };
        let path = self.inside(&path);
        match &query.rest_route {
            Named::Text(route) if self.is_wordpress => self.routed(path, route),
            Named::Unclear if self.is_wordpress => Place::Unclear,
            _ => self.place(path),
        }
    }

    /// WordPress takes `rest_route` before the path; another store may look at the path alone.
    fn routed(&self, path: &str, route: &str) -> Place {
        if !is_clear(route) {
            return Place::Unclear;
        }
        let covers = |part: &String| part.strip_prefix(WORDPRESS).is_some_and(|b| begins(route, b));
        let at_home = matches!(path, "" | "/" | "/index.php");
        if (at_home || self.place(path) != Place::Elsewhere) && self.beginnings.iter().any(covers) {
            return Place::Covered { wordpress: true };
        }
        Place::Elsewhere
    }

    fn place(&self, path: &str) -> Place {
        let path = path.strip_prefix("/index.php").filter(|p| p.starts_with('/')).unwrap_or(path);
        if self.beginnings.iter().any(|beginning| begins(path, beginning)) {
            let wordpress = path.strip_prefix(WORDPRESS).is_some_and(|p| p.starts_with('/'));
            return Place::Covered { wordpress };
        }
        Place::Elsewhere
    }

    fn inside<'a>(&self, path: &'a str) -> &'a str {
        let inner = path.strip_prefix(self.home.as_str());
        inner.filter(|inner| inner.is_empty() || inner.starts_with('/')).unwrap_or(path)
    }
}

/// `/api/` begins `/api/x` and covers `/api` too; `/wp-json/wc-` begins `/wp-json/wc-admin`.
fn begins(path: &str, beginning: &str) -> bool {
    path.starts_with(beginning) || beginning.strip_suffix('/') == Some(path)
}

/// The path decoded, if there is only one way to read it.
fn clear(path: &str) -> Option<Cow<'_, str>> {
    if !path.contains('%') {
        return is_clear(path).then_some(Cow::Borrowed(path));
    }
    let slash = path.as_bytes().windows(3).any(|w| w.eq_ignore_ascii_case(b"%2f"));
    let decoded = percent_decode_str(path).decode_utf8().ok()?;
    (!slash && is_clear(&decoded)).then_some(decoded)
}

/// What no address may hold.
const ODD: u8 = 1;

/// What begins a segment.
const SLASH: u8 = 2;

/// What must not begin one: a dot segment, or an empty one.
const FOLDS: u8 = 4;

/// What each byte of a path is, so that looking at a path takes no decision a byte: this runs before every
/// request to the store.
const KINDS: [u8; 256] = {
    let (mut kinds, mut byte) = ([0; 256], 0);
    loop {
        kinds[byte as usize] = match byte {
            b'/' => SLASH | FOLDS,
            b'.' => FOLDS,
            b'\\' | b';' | b'#' | b'?' | b'%' => ODD,
            control if control.is_ascii_control() => ODD,
            _ => 0,
        };
        if byte == u8::MAX {
            break kinds;
        }
        byte += 1;
    }
};

fn is_clear(path: &str) -> bool {
    let (mut before, mut unclear) = (0, 0);
    for byte in path.bytes() {
        let kind = KINDS[usize::from(byte)];
        let folds = before & SLASH != 0 && kind & FOLDS != 0;
        unclear |= kind & ODD | u8::from(folds);
        before = kind;
    }
    path.starts_with('/') && unclear == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        Place::{Elsewhere, Unclear},
        *,
    };

    const WP: Place = Place::Covered { wordpress: true };
    const OTHER: Place = Place::Covered { wordpress: false };

    fn paths(text: &str) -> ProtectedPaths {
        ProtectedPaths::parse(text).unwrap()
    }

    fn judge(paths: &ProtectedPaths, path: &str, query: &str) -> Place {
        paths.judge(path, &ApiQuery::read(query))
    }

    #[test]
    fn woocommerces_namespaces_are_covered_and_nothing_else() {
        let paths = paths(DEFAULT);
        for (path, query, place) in [
            ("/wp-json/wc/v3/orders", "", WP),
            ("/wp-json/wc/v3", "", WP),
            ("/wp-json/wc", "", WP),
            ("/wp-json/wc-analytics/x", "", WP),
            ("/wp-json/%77c/v3", "", WP),
            ("/index.php/wp-json/wc/v3", "", WP),
            ("/", "rest_route=/wc/v3/orders", WP),
            ("/index.php", "a=1&rest_route=%2Fwc%2Fv3", WP),
            ("/wp-json/wc/v3/orders", "rest_route=/wc/v3/x", WP),
            ("/wp-json/wc/v3/orders", "rest_route=/wp/v2/users", Elsewhere),
            ("/wp-json/wc/v3/orders", "rest.route=/wp/v2/users", Elsewhere),
            ("/admin", "rest_route=/wc/v3/orders", Elsewhere),
            ("/", "", Elsewhere),
            ("/wp-json/", "", Elsewhere),
            ("/wp-json/wp/v2/users", "", Elsewhere),
            ("/wp-json/wp/v2/users", "x=/wp-json/wc/", Elsewhere),
            ("/wp-json/wcx/v3", "", Elsewhere),
            ("/WP-JSON/wc/v3", "", Elsewhere),
            ("/x/wp-json/wc/v3", "", Elsewhere),
        ] {
            assert_eq!(judge(&paths, path, query), place, "{path}?{query}");
        }
    }

    #[test]
    fn what_two_programs_may_read_differently_is_unclear() {
        for path in [
            "",
            "x",
            "//wp-json/wc/v3",
            "/wp-json//wc/v3",
            "/wp-json/wc/../wp/v2/users",
            "/wp-json/wc/%2e%2e/x",
            "/wp-json/wc/.%2E/x",
            "/wp-json/wc/./x",
            "/wp-json/wc/v3/..",
            "/wp-json%2fwc/v3",
            "/wp-json%2Fwc/v3",
            "/wp-json/wc/a%5cb",
            "/wp-json/wc/a\\b",
            "/wp-json/wc/v3;x=1/orders",
            "/wp-json/wc/v3%3bx",
            "/wp-json/wc/%2577",
            "/wp-json/wc/%00",
            "/wp-json/wc/%0a",
            "/wp-json/wc/%ff",
            "/wp-json/wc/x%3fy",
            "/wp-json/wc/x#y",
            "/wp-json/wc/%zz",
            "http://shop.example/wp-json/wc/v3",
            "*",
        ] {
            assert_eq!(judge(&paths(DEFAULT), path, ""), Unclear, "{path}");
        }
        for query in [
            "rest_route[]=/wc/v3",
            "rest_route=/wc/v3&rest_route=/wp/v2",
            "rest_route=wc/v3",
            "rest_route=/wc/../wp",
            "rest_route=/wc%252fx",
            "rest_route=",
        ] {
            assert_eq!(judge(&paths(DEFAULT), "/", query), Unclear, "{query}");
        }
    }

    #[test]
    fn other_stores_name_their_own_paths() {
        let own = paths("/api/, /v2-");
        for (path, query, place) in [
            ("/api/orders", "", OTHER),
            ("/api", "", OTHER),
            ("/apis", "", Elsewhere),
            ("/v2-beta/x", "", OTHER),
            ("/wp-json/wc/v3", "", Elsewhere),
            ("/api/x", "rest_route=/wp/v2/users", OTHER),
            ("/", "rest_route=/wc/v3", Elsewhere),
        ] {
            assert_eq!(judge(&own, path, query), place, "{path}?{query}");
        }
        let shop = paths(DEFAULT).under("/shop");
        for path in ["/shop/wp-json/wc/v3", "/wp-json/wc/v3", "/shop/index.php/wp-json/wc/v3"] {
            assert_eq!(judge(&shop, path, ""), WP, "{path}");
        }
        assert_eq!(judge(&shop, "/shopx/wp-json/wc/v3", ""), Elsewhere);
        assert_eq!(judge(&shop, "/shop", "rest_route=/wc/v3"), WP);
        for text in ["", ",", "api", "/a//b", "/a/../b", "/a;b", "/a%20b"] {
            assert!(ProtectedPaths::parse(text).is_none(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_address_is_judged_and_a_covered_one_is_plain(path: String, query: String) {
            if let Place::Covered { .. } = judge(&paths(DEFAULT), &path, &query) {
                prop_assert!(path.starts_with('/') && !path.contains("//"));
            }
        }
    }
}
