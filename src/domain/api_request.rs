//! A request to the store's API, as the proxy that asks about it describes it (contract §7).

use std::{borrow::Cow, net::IpAddr};

use super::{
    api_query::ApiQuery,
    key_rules::host_said,
    permissions::{MethodRefused, Permissions},
    protected_paths::Place,
    query_names::Named,
};

/// One request to be judged. What is borrowed came from outside and was not cleaned.
pub struct ApiRequest<'a> {
    /// The method it was sent with.
    pub method: &'a str,
    /// Its path, not decoded.
    pub path: &'a str,
    /// Its query, not decoded.
    pub query: ApiQuery<'a>,
    /// `X-HTTP-Method-Override`.
    pub method_override: Option<&'a str>,
    /// `Authorization`; each of them, if there are several.
    pub authorization: Authorization<'a>,
    /// `X-AccessToken`; each of them, if there are several.
    pub token_header: Authorization<'a>,
    /// Scheme and host the client used, if the proxy said so.
    pub origin: Origin<'a>,
    /// What says which site's page sent it.
    pub site: SaidSite<'a>,
    /// Who sent it.
    pub client: IpAddr,
    /// What the client calls itself.
    pub agent: Option<&'a str>,
}

/// The `Authorization` header of a request, or another one that holds a credential.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Authorization<'a> {
    /// There is none.
    Absent,
    /// There is one.
    One(&'a str),
    /// There are several, or it is no text.
    Unclear,
}

/// Headers that say which site's page sent a request; an unclear one says nothing, and hides none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaidSite<'a> {
    /// `Origin`
    pub origin: Option<&'a str>,
    /// `Referer`
    pub referer: Option<&'a str>,
    /// The header of the operator's choice.
    pub named: Option<&'a str>,
}

impl SaidSite<'_> {
    /// The host that is said first.
    pub fn host(self) -> Option<String> {
        host_said(self.origin.or(self.referer).or(self.named)?)
    }
}

/// Where the client believes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// Whether the client's connection had TLS.
    pub secure: bool,
    /// Host and port.
    pub host: Option<&'a str>,
}

impl<'a> ApiRequest<'a> {
    /// A request without credentials that came over TLS.
    pub fn over_tls(method: &'a str, path: &'a str, query: &'a str) -> Self {
        Self {
            method,
            path,
            query: ApiQuery::read(query),
            method_override: None,
            authorization: Authorization::Absent,
            token_header: Authorization::Absent,
            origin: Origin { secure: true, host: None },
            site: SaidSite::default(),
            client: IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
            agent: None,
        }
    }

    /// The method the store will act by: WordPress takes `_method` in the query, then
    /// `X-HTTP-Method-Override`, before the real one. Nothing if `_method` can be read in two ways.
    pub fn effective_method(&self) -> Option<Cow<'_, str>> {
        match &self.query.method {
            Named::Unclear => None,
            Named::Text(method) => Some(upper(method)),
            Named::Absent => Some(self.method_override.map_or(self.method.into(), upper)),
        }
    }

    /// Whether a key with those permissions may send it to that place. Under WordPress' root the
    /// effective method counts. Elsewhere the store may or may not know of overrides, so both count.
    ///
    /// # Errors
    /// What the key lacks.
    pub fn permitted(&self, permissions: Permissions, place: Place) -> Result<(), MethodRefused> {
        let effective = self.effective_method().ok_or(MethodRefused::Unknown)?;
        permissions.check_method(&effective)?;
        match place {
            Place::Covered { wordpress: true } => Ok(()),
            _ => permissions.check_method(self.method),
        }
    }

    /// Whether it may change something at the store, whichever of its methods the store acts by.
    pub fn writes(&self) -> bool {
        let only_reads = |method: &str| Permissions::Read.check_method(method).is_ok();
        !only_reads(self.method) || !self.effective_method().is_some_and(|m| only_reads(&m))
    }

    /// Whether it only asks what may be asked: never refused for want of a key, as browsers send it
    /// without one before they send anything else.
    pub fn only_asks(&self) -> bool {
        self.method == "OPTIONS" && self.effective_method().is_some_and(|m| m == "OPTIONS")
    }
}

fn upper(method: &str) -> Cow<'_, str> {
    if method.bytes().any(|b| b.is_ascii_lowercase()) {
        return Cow::Owned(method.to_ascii_uppercase());
    }
    Cow::Borrowed(method)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDPRESS: Place = Place::Covered { wordpress: true };
    const OTHER: Place = Place::Covered { wordpress: false };

    #[test]
    fn the_store_acts_by_the_effective_method() {
        let request = |method, query, header| ApiRequest {
            method_override: header,
            ..ApiRequest::over_tls(method, "/wp-json/wc/v3/orders", query)
        };
        for (method, query, header, effective) in [
            ("GET", "", None, Some("GET")),
            ("POST", "", Some("DELETE"), Some("DELETE")),
            ("POST", "_method=put", Some("DELETE"), Some("PUT")),
            ("GET", "_method=DELETE", None, Some("DELETE")),
            ("GET", ".method=DELETE", None, Some("DELETE")),
            ("GET", "_method=GET&_method=DELETE", None, None),
            ("GET", "_method[]=GET", None, None),
            ("GET", "_method=", None, Some("")),
            ("POST", &format!("{}_method=GET", "a&".repeat(999)), None, Some("GET")),
            ("POST", &format!("{}_method=GET", "a&".repeat(1000)), None, None),
        ] {
            let request = request(method, query, header);
            let found = request.effective_method();
            assert_eq!(found.as_deref(), effective, "{method} {query} {header:?}");
        }
    }

    #[test]
    fn an_override_gains_nothing_where_the_store_may_not_know_of_it() {
        let request = |method, query| ApiRequest::over_tls(method, "/x", query);
        let read = Permissions::Read;
        assert_eq!(request("POST", "_method=GET").permitted(read, WORDPRESS), Ok(()));
        let refused = Err(MethodRefused::NeedsWrite);
        assert_eq!(request("POST", "_method=GET").permitted(read, OTHER), refused);
        assert_eq!(request("GET", "_method=POST").permitted(read, OTHER), refused);
        assert_eq!(request("GET", "_method=POST").permitted(read, WORDPRESS), refused);
        assert!(request("OPTIONS", "").only_asks());
        assert!(!request("POST", "_method=OPTIONS").only_asks());
        assert!(!request("OPTIONS", "_method=POST").only_asks());
    }
}
