//! The address a request really comes from: the connection's, or what a trusted proxy says.

use std::net::IpAddr;

use actix_web::HttpRequest;
use ipnet::IpNet;

/// Walks `X-Forwarded-For` from the right, past every trusted proxy, to the first address that is not
/// one. What stands further left could be written by anybody.
pub fn of(request: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.ip());
    let headers = request.headers().get_all("x-forwarded-for");
    let forwarded: Vec<&str> = headers
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    client(peer, &forwarded, trusted)
}

fn client(peer: IpAddr, forwarded: &[&str], trusted: &[IpNet]) -> IpAddr {
    let is_trusted =
        |address: IpAddr| trusted.iter().any(|net| net.contains(&address.to_canonical()));
    let mut client = peer.to_canonical();
    for text in forwarded.iter().rev() {
        if !is_trusted(client) {
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
            client(peer.parse().unwrap(), forwarded, &trusted).to_string()
        };
        assert_eq!(client("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("127.0.0.1", &["1.1.1.1", " 203.0.113.9", "10.0.0.2"]), "203.0.113.9");
        assert_eq!(client("198.51.100.1", &["203.0.113.9"]), "198.51.100.1", "a stranger’s header");
        assert_eq!(client("127.0.0.1", &["1.1.1.1", "rubbish"]), "127.0.0.1");
        assert_eq!(client("::ffff:127.0.0.1", &["2001:db8::1"]), "2001:db8::1");
    }
}
