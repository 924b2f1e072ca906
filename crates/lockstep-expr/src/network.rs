//! Internet addresses, and ranges of them in the notation of CIDR.
//!
//! Invariants:
//! - *One form*: an IPv4 address and the IPv6 address that maps it (`::ffff:c0a8:1`) are one value,
//!   which is of family 4 and written with dots.
//! - *Strict*: no zones, no leading zeros, no IPv6 address that is written with a mapped IPv4 one.
//!
//! Absent by design: names of hosts, and everything that would ask the network.

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bits of an IPv6 address in front of the IPv4 address that it maps.
const MAPPED_BITS: u8 = 96;

/// Why a text is not an address or a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// The text is no address.
    #[error("not an internet address")]
    Address,
    /// The text is no range.
    #[error("not a range of addresses such as 192.168.0.0/24")]
    Range,
    /// The address has a zone (`fe80::1%eth0`).
    #[error("an address with a zone, which is not allowed")]
    Zone,
    /// The address is an IPv4 one in the dress of IPv6 (`::ffff:192.168.0.1`).
    #[error("an IPv4 address written as IPv6, which is not allowed")]
    Mapped,
}

/// An internet address. IPv4 is kept as the IPv6 address that maps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ip {
    // Words, not bytes: a value is copied word by word.
    high: u64,
    low: u64,
}

impl From<Ipv6Addr> for Ip {
    fn from(v6: Ipv6Addr) -> Self {
        let word = |words: [u16; 4]| {
            words.into_iter().fold(0, |word: u64, part| (word << 16) | u64::from(part))
        };
        let [high0, high1, high2, high3, low0, low1, low2, low3] = v6.segments();
        Self { high: word([high0, high1, high2, high3]), low: word([low0, low1, low2, low3]) }
    }
}

impl Ip {
    /// Reads an address: `192.168.0.1` or `2001:db8::1`.
    ///
    /// # Errors
    ///
    /// [`NetworkError`] for every other text.
    pub fn parse(text: &str) -> Result<Self, NetworkError> {
        if text.contains('%') {
            return Err(NetworkError::Zone);
        }
        match text.parse::<IpAddr>().map_err(|_| NetworkError::Address)? {
            IpAddr::V4(v4) => Ok(v4.to_ipv6_mapped().into()),
            IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() && text.contains('.') => {
                Err(NetworkError::Mapped)
            }
            IpAddr::V6(v6) => Ok(v6.into()),
        }
    }

    fn bits(self) -> u128 {
        (u128::from(self.high) << 64) | u128::from(self.low)
    }

    fn v6(self) -> Ipv6Addr {
        Ipv6Addr::from_bits(self.bits())
    }

    fn v4(self) -> Option<Ipv4Addr> {
        self.v6().to_ipv4_mapped()
    }

    /// Returns 4 or 6.
    pub fn family(self) -> i64 {
        if self.v4().is_some() { 4 } else { 6 }
    }

    /// Returns whether this is `0.0.0.0` or `::`.
    pub fn is_unspecified(self) -> bool {
        self.v4().map_or(self.v6().is_unspecified(), |v4| v4.is_unspecified())
    }

    /// Returns whether this is in `127.0.0.0/8`, or is `::1`.
    pub fn is_loopback(self) -> bool {
        self.v4().map_or(self.v6().is_loopback(), |v4| v4.is_loopback())
    }

    /// Returns whether this is in `169.254.0.0/16` or `fe80::/10`.
    pub fn is_link_local_unicast(self) -> bool {
        self.v4().map_or(self.v6().is_unicast_link_local(), |v4| v4.is_link_local())
    }

    /// Returns whether this is in `224.0.0.0/24`, or an IPv6 multicast address of the link's scope.
    pub fn is_link_local_multicast(self) -> bool {
        match self.v4() {
            Some(v4) => matches!(v4.octets(), [224, 0, 0, _]),
            None => matches!(self.v6().octets(), [0xff, scope, ..] if scope & 0x0f == 2),
        }
    }

    /// Returns whether this is one host's address beyond its link; private ones are among them.
    pub fn is_global_unicast(self) -> bool {
        let multicast = self.v4().map_or(self.v6().is_multicast(), |v4| v4.is_multicast());
        let broadcast = self.v4().is_some_and(|v4| v4.is_broadcast());
        !(multicast
            || broadcast
            || self.is_unspecified()
            || self.is_loopback()
            || self.is_link_local_unicast())
    }
}

impl fmt::Display for Ip {
    /// Writes the canonical form: with dots, or as RFC 5952 asks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.v4() {
            Some(v4) => v4.fmt(f),
            None => self.v6().fmt(f),
        }
    }
}

/// A range of addresses: those that begin as an address does.
///
/// It keeps the address as it was written: `192.168.1.5/24` and `192.168.1.0/24` are not equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cidr {
    ip: Ip,
    /// 0 to 32 for IPv4, 0 to 128 for IPv6.
    prefix: u8,
}

impl Cidr {
    /// Reads a range: `192.168.0.0/24` or `2001:db8::/32`.
    ///
    /// # Errors
    ///
    /// [`NetworkError`] for every other text.
    pub fn parse(text: &str) -> Result<Self, NetworkError> {
        let (address, digits) = text.split_once('/').ok_or(NetworkError::Range)?;
        let ip = Ip::parse(address).map_err(|error| match error {
            NetworkError::Address => NetworkError::Range,
            NetworkError::Range | NetworkError::Zone | NetworkError::Mapped => error,
        })?;
        if ip.v4().is_some() && address.contains(':') {
            return Err(NetworkError::Mapped);
        }
        let plain = digits == "0"
            || (!digits.starts_with('0') && digits.bytes().all(|digit| digit.is_ascii_digit()));
        let most = if ip.v4().is_some() { 32 } else { 128 };
        let prefix = digits.parse().ok().filter(|prefix| plain && *prefix <= most);
        prefix.map(|prefix| Self { ip, prefix }).ok_or(NetworkError::Range)
    }

    /// Returns the address as it was written.
    pub fn ip(self) -> Ip {
        self.ip
    }

    /// Returns the number of bits that all addresses of the range share: 0 to 32 or 128.
    pub fn prefix_length(self) -> i64 {
        i64::from(self.prefix)
    }

    /// Returns the same range, written with its first address.
    #[must_use]
    pub fn masked(self) -> Self {
        let bits = self.ip.bits() & self.mask();
        Self { ip: Ipv6Addr::from_bits(bits).into(), prefix: self.prefix }
    }

    /// Returns whether an address of the same family is in the range.
    pub fn contains(self, ip: Ip) -> bool {
        self.ip.family() == ip.family() && (self.ip.bits() ^ ip.bits()) & self.mask() == 0
    }

    /// Returns whether every address of `other` is in the range.
    pub fn contains_range(self, other: Self) -> bool {
        self.prefix <= other.prefix && self.contains(other.ip)
    }

    /// Returns the bits that all addresses of the range share, as those of IPv6.
    fn mask(self) -> u128 {
        let offset = if self.ip.v4().is_some() { MAPPED_BITS } else { 0 };
        let free = 128 - u32::from(offset) - u32::from(self.prefix);
        u128::MAX.checked_shl(free).unwrap_or(0)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.prefix)
    }
}
