//! The address a request really comes from: the connection's, or what a trusted proxy says.

use std::net::IpAddr;

use actix_web::{
    HttpRequest,
    http::header::{HeaderName, HeaderValue},
};
use ipnet::IpNet;

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What whoever is refused for want of TLS is told: the fault is often not his, but a proxy's that says nothing.
pub const NEEDS_TLS: &str =
    "send this over https; if you did, no trusted proxy says so in X-Forwarded-Proto";

/// Walks `X-Forwarded-For` from the right, past every trusted proxy, to the first address that is not
/// one. What stands further left could be written by anybody.
pub fn of(request: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    let mut values = request.headers().get_all(FORWARDED_FOR).filter_map(|v| v.to_str().ok());
    let peer = peer(request);
    match (values.next(), values.next()) {
        (None, _) => peer,
        (Some(only), None) => client(peer, only.rsplit(','), trusted),
        (Some(_), Some(_)) => {
            let all = request.headers().get_all(FORWARDED_FOR);
            let all: Vec<&str> = all.filter_map(|value| value.to_str().ok()).collect();
            client(peer, all.iter().rev().flat_map(|value| value.rsplit(',')), trusted)
        }
    }
}

/// Whether the connection is a trusted proxy's, whose headers are believed.
pub fn is_from_proxy(request: &HttpRequest, trusted: &[IpNet]) -> bool {
    is_trusted(peer(request), trusted)
}

/// The address a request comes from, unless it came without TLS where `needs_tls` says that it must have it:
/// neither the connection has, nor does a trusted proxy say that the client's has.
pub fn secured(request: &HttpRequest, trusted: &[IpNet], needs_tls: bool) -> Option<IpAddr> {
    let mut said = request.headers().get_all(FORWARDED_PROTO).peekable();
    let is_https = |value: &HeaderValue| {
        let mut hops = value.as_bytes().split(|byte| *byte == b',');
        hops.all(|hop| hop.trim_ascii().eq_ignore_ascii_case(b"https"))
    };
    let proxy_says_so =
        is_from_proxy(request, trusted) && said.peek().is_some() && said.all(is_https);
    let is_secure = !needs_tls || request.app_config().secure() || proxy_says_so;
    is_secure.then(|| of(request, trusted))
}

fn peer(request: &HttpRequest) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.ip());
    peer.to_canonical()
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

fn client<'a>(
    peer: IpAddr,
    nearest_first: impl Iterator<Item = &'a str>,
    trusted: &[IpNet],
) -> IpAddr {
    let mut client = peer;
    for text in nearest_first {
        if !is_trusted(client, trusted) {
            break;
        }
        let Ok(address) = text.trim().parse::<IpAddr>() else {
            break;
        };
        client = address.to_canonical();
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted: Vec<IpNet> =
            vec!["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        let client = |peer: &str, forwarded: &[&str]| {
            let peer: IpAddr = peer.parse().unwrap();
            client(peer.to_canonical(), forwarded.iter().rev().copied(), &trusted).to_string()
        };
        assert_eq!(client("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("127.0.0.1", &["1.1.1.1", " 203.0.113.9", "10.0.0.2"]), "203.0.113.9");
        assert_eq!(client("198.51.100.1", &["203.0.113.9"]), "198.51.100.1", "a stranger’s header");
        assert_eq!(client("127.0.0.1", &["1.1.1.1", "rubbish"]), "127.0.0.1");
        assert_eq!(client("::ffff:127.0.0.1", &["2001:db8::1"]), "2001:db8::1");
    }
}
