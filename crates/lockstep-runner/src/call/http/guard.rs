//! The guard: which addresses an HTTP call may reach.
//!
//! Without it, whoever can write a URL could reach what only this machine and its network can:
//! databases, cloud metadata, the engine itself.
//!
//! Invariants:
//!
//! * A literal address is checked before the call and on every redirect, a name after its
//!   resolution, and the connection goes to the addresses that were checked.
//! * A host is listed with its port, or for all ports.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, RwLock};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 5;

/// Hosts that may be called although they are not public.
#[derive(Debug)]
pub(super) struct Guard {
    listed: RwLock<Vec<String>>,
}

impl Guard {
    pub(super) fn new(listed: Vec<String>) -> Self {
        Self { listed: RwLock::new(listed) }
    }

    pub(super) fn allow(&self, hosts: &[String]) {
        let mut listed = self.listed.write().expect("nothing panics under this lock");
        listed.extend(hosts.iter().cloned());
        listed.sort_unstable();
        listed.dedup();
    }

    /// Returns whether the host of a URL is listed.
    pub(super) fn is_listed(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let with_port = format!("{host}:{}", url.port_or_known_default().unwrap_or(0));
        let listed = self.listed.read().expect("nothing panics under this lock");
        listed.iter().any(|entry| entry == host || *entry == with_port)
    }

    /// Returns why a URL must not be called, if so.
    pub(super) fn check(&self, url: &Url) -> Result<(), String> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("{url}: only http and https can be called"));
        }
        if self.is_listed(url) {
            return Ok(());
        }
        let Some(host) = url.host_str() else { return Err(format!("{url} has no host")) };
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if literal.is_ok_and(|address| !is_public(address)) {
            return Err(format!("{host} is not a public address; {}", remedy(host)));
        }
        Ok(())
    }
}

fn remedy(host: &str) -> String {
    format!("list it under `allowed_hosts` in the project, or pass --allow-host {host}")
}

/// Follows redirects to where the call itself could have gone; one that carries a secret stays with
/// the server that the secret is for.
pub(super) fn redirects(guard: Arc<Guard>, carries_secret: bool) -> Policy {
    Policy::custom(move |attempt| {
        let from = attempt.previous().last();
        if carries_secret && from.is_some_and(|from| from.origin() != attempt.url().origin()) {
            return attempt.stop();
        }
        let downgrade =
            from.is_some_and(|from| from.scheme() == "https") && attempt.url().scheme() == "http";
        // The client of listed hosts checks no addresses: it must not be led elsewhere.
        let leaves_list =
            from.is_some_and(|from| guard.is_listed(from)) && !guard.is_listed(attempt.url());
        if attempt.previous().len() > MAX_REDIRECTS || downgrade || leaves_list {
            return attempt.stop();
        }
        match guard.check(attempt.url()) {
            Ok(()) => attempt.follow(),
            Err(why) => attempt.error(why),
        }
    })
}

/// Resolves names to public addresses only.
#[derive(Debug)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let public: Vec<SocketAddr> =
                found.into_iter().filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                let why = format!("{host} has no public address; {}", remedy(&host));
                return Err(why.into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

/// Returns whether an address is reachable from everywhere, as far as its form tells.
///
/// Source: IANA, special-purpose address registries for IPv4 and IPv6 (RFC 6890 and updates).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (b == 18 || b == 19))
        || (a == 192 && b == 0 && c == 0))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(v4) = address.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let [first, second, ..] = address.segments();
    let is_nat64 = first == 0x64 && second == 0xff9b;
    let is_documentation = first == 0x2001 && second == 0xdb8;
    let is_6to4_or_teredo = first == 0x2002 || (first == 0x2001 && second == 0);
    !(address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.to_ipv4().is_some()
        || is_nat64
        || is_documentation
        || is_6to4_or_teredo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_network_are_public() {
        for (address, expected) in [
            ("1.1.1.1", true),
            ("8.8.8.8", true),
            ("2606:4700:4700::1111", true),
            ("127.0.0.1", false),
            ("10.0.0.1", false),
            ("172.16.0.1", false),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::1", false),
            ("::", false),
            ("::ffff:127.0.0.1", false),
            ("::127.0.0.1", false),
            ("64:ff9b::7f00:1", false),
            ("fc00::1", false),
            ("fe80::1", false),
            ("ff02::1", false),
        ] {
            let parsed: IpAddr = address.parse().expect("the table holds addresses");
            assert_eq!(is_public(parsed), expected, "{address}");
        }
    }

    #[test]
    fn a_url_that_is_not_public_needs_to_be_listed() {
        let guard = Guard::new(vec!["127.0.0.1:8080".to_owned(), "calendar.test".to_owned()]);
        for (url, permitted) in [
            ("http://127.0.0.1:8080/x", true),
            ("http://127.0.0.1:8081/x", false),
            ("http://2130706433/", false),
            ("http://0x7f.1/", false),
            ("http://[::1]/", false),
            ("http://calendar.test:99/", true),
            ("http://example.org/", true),
            ("file:///etc/passwd", false),
        ] {
            let parsed = Url::parse(url).expect("the table holds URLs");
            assert_eq!(guard.check(&parsed).is_ok(), permitted, "{url}");
        }
    }
}
