//! Functions of internet addresses and of ranges of them.

use crate::error::code;
use crate::fault::{Fault, Outcome, shown_text};
use crate::meter::Meter;
use crate::network::{Cidr, Ip, NetworkError};
use crate::value::Value;

/// A function of addresses and ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// Reads an address; of a range, the address that it was written with.
    Ip,
    /// Reads a range.
    Cidr,
    IsIp,
    IsCidr,
    IsCanonical,
    Family,
    IsUnspecified,
    IsLoopback,
    IsGlobalUnicast,
    IsLinkLocalMulticast,
    IsLinkLocalUnicast,
    ContainsIp,
    ContainsCidr,
    PrefixLength,
    Masked,
}

/// Computes a function; `None` if it is not defined for such values.
pub(super) fn call(
    address: Address,
    arguments: &[Value],
    meter: &mut Meter,
) -> Outcome<Option<Value>> {
    if let Some(Value::String(text)) = arguments.last() {
        meter.look(text.len())?;
    }
    let value = match (address, arguments) {
        (Address::Ip, [Value::Ip(_)]) | (Address::Cidr, [Value::Cidr(_)]) => return Ok(None),
        (Address::Ip, [Value::Cidr(cidr)]) => cidr.ip().into(),
        (Address::Ip, [Value::String(text)]) => ip(text)?.into(),
        (Address::Cidr, [Value::String(text)]) => cidr(text)?.into(),
        (Address::IsIp, [Value::String(text)]) => Ip::parse(text).is_ok().into(),
        (Address::IsCidr, [Value::String(text)]) => Cidr::parse(text).is_ok().into(),
        (Address::IsCanonical, [Value::String(text)]) => (ip(text)?.to_string() == **text).into(),
        (_, [Value::Ip(ip)]) => return Ok(of_ip(address, *ip)),
        (Address::PrefixLength, [Value::Cidr(cidr)]) => cidr.prefix_length().into(),
        (Address::Masked, [Value::Cidr(cidr)]) => cidr.masked().into(),
        (Address::ContainsIp, [Value::Cidr(cidr), Value::Ip(ip)]) => cidr.contains(*ip).into(),
        (Address::ContainsIp, [Value::Cidr(cidr), Value::String(text)]) => {
            cidr.contains(ip(text)?).into()
        }
        (Address::ContainsCidr, [Value::Cidr(whole), Value::Cidr(part)]) => {
            whole.contains_range(**part).into()
        }
        (Address::ContainsCidr, [Value::Cidr(whole), Value::String(text)]) => {
            whole.contains_range(cidr(text)?).into()
        }
        _ => return Ok(None),
    };
    Ok(Some(value))
}

fn of_ip(address: Address, ip: Ip) -> Option<Value> {
    Some(match address {
        Address::Family => ip.family().into(),
        Address::IsUnspecified => ip.is_unspecified().into(),
        Address::IsLoopback => ip.is_loopback().into(),
        Address::IsGlobalUnicast => ip.is_global_unicast().into(),
        Address::IsLinkLocalMulticast => ip.is_link_local_multicast().into(),
        Address::IsLinkLocalUnicast => ip.is_link_local_unicast().into(),
        Address::Ip
        | Address::Cidr
        | Address::IsIp
        | Address::IsCidr
        | Address::IsCanonical
        | Address::ContainsIp
        | Address::ContainsCidr
        | Address::PrefixLength
        | Address::Masked => return None,
    })
}

fn unreadable(text: &str, error: NetworkError) -> Fault {
    Fault::new(code::CONVERSION, format!("{} is {error}", shown_text(text)))
}

fn ip(text: &str) -> Outcome<Ip> {
    Ip::parse(text).map_err(|error| unreadable(text, error))
}

fn cidr(text: &str) -> Outcome<Cidr> {
    Cidr::parse(text).map_err(|error| unreadable(text, error))
}
