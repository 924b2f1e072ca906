//! Addresses and ranges: what is read, and what they hold.

use super::{Cidr, Ip, NetworkError};

#[test]
fn addresses_are_read_strictly_and_written_in_one_form() {
    let cases = [
        ("127.0.0.1", Ok("127.0.0.1")),
        ("::", Ok("::")),
        ("2001:DB8:0:0:0:0:0:1", Ok("2001:db8::1")),
        ("::ffff:c0a8:1", Ok("192.168.0.1")),
        ("::ffff:192.168.0.1", Err(NetworkError::Mapped)),
        ("fe80::1%eth0", Err(NetworkError::Zone)),
        ("127.0.0.01", Err(NetworkError::Address)),
        ("127.0.0", Err(NetworkError::Address)),
        ("127.0.0.256", Err(NetworkError::Address)),
        (" ::1", Err(NetworkError::Address)),
        ("", Err(NetworkError::Address)),
    ];
    for (text, expected) in cases {
        let actual = Ip::parse(text).map(|ip| ip.to_string());
        assert_eq!(actual, expected.map(str::to_owned), "{text}");
    }
}

#[test]
fn ranges_are_read_strictly() {
    let cases = [
        ("0.0.0.0/0", Ok("0.0.0.0/0")),
        ("192.168.1.5/24", Ok("192.168.1.5/24")),
        ("10.0.0.1/32", Ok("10.0.0.1/32")),
        ("::1/128", Ok("::1/128")),
        ("10.0.0.1/33", Err(NetworkError::Range)),
        ("::1/129", Err(NetworkError::Range)),
        ("10.0.0.1/08", Err(NetworkError::Range)),
        ("10.0.0.1/+8", Err(NetworkError::Range)),
        ("10.0.0.1/-1", Err(NetworkError::Range)),
        ("10.0.0.1/", Err(NetworkError::Range)),
        ("10.0.0.1", Err(NetworkError::Range)),
        ("host/8", Err(NetworkError::Range)),
        ("::ffff:10.0.0.1/8", Err(NetworkError::Mapped)),
        ("::ffff:a00:1/104", Err(NetworkError::Mapped)),
        ("fe80::1%eth0/64", Err(NetworkError::Zone)),
    ];
    for (text, expected) in cases {
        let actual = Cidr::parse(text).map(|cidr| cidr.to_string());
        assert_eq!(actual, expected.map(str::to_owned), "{text}");
    }
}

#[test]
fn each_range_of_special_addresses_has_its_bounds() {
    // Unspecified, loopback, link-local unicast, link-local multicast, global unicast.
    let cases = [
        ("0.0.0.0", "u...."),
        ("::", "u...."),
        ("126.255.255.255", "....g"),
        ("127.0.0.0", ".l..."),
        ("127.255.255.255", ".l..."),
        ("::1", ".l..."),
        ("::2", "....g"),
        ("169.253.255.255", "....g"),
        ("169.254.0.0", "..s.."),
        ("fe80::", "..s.."),
        ("febf:ffff::", "..s.."),
        ("fec0::", "....g"),
        ("224.0.0.255", "...m."),
        ("224.0.1.0", "....."),
        ("ff02::1", "...m."),
        ("ff12::1", "...m."),
        ("ff05::1", "....."),
        ("255.255.255.255", "....."),
        ("255.255.255.254", "....g"),
        ("10.0.0.1", "....g"),
        ("fd00::1", "....g"),
    ];
    for (text, expected) in cases {
        let ip = Ip::parse(text).expect("an address");
        let flags = [
            (ip.is_unspecified(), 'u'),
            (ip.is_loopback(), 'l'),
            (ip.is_link_local_unicast(), 's'),
            (ip.is_link_local_multicast(), 'm'),
            (ip.is_global_unicast(), 'g'),
        ];
        let actual: String =
            flags.iter().map(|(holds, mark)| if *holds { *mark } else { '.' }).collect();
        assert_eq!(actual, expected, "{text}");
    }
}

#[test]
fn a_range_holds_what_begins_as_it_does_in_the_same_family() {
    let cases = [
        ("10.0.0.0/8", "10.255.255.255", true),
        ("10.0.0.0/8", "11.0.0.0", false),
        ("10.1.2.3/8", "10.0.0.0", true),
        ("0.0.0.0/0", "255.1.2.3", true),
        ("0.0.0.0/0", "::1", false),
        ("::/0", "1.2.3.4", false),
        ("::/0", "ffff::", true),
        ("10.0.0.1/32", "10.0.0.1", true),
        ("10.0.0.1/32", "10.0.0.0", false),
    ];
    for (range, ip, expected) in cases {
        let range = Cidr::parse(range).expect("a range");
        assert_eq!(range.contains(Ip::parse(ip).expect("an address")), expected, "{range} {ip}");
    }
    let whole = Cidr::parse("10.1.2.3/8").expect("a range");
    let part = Cidr::parse("10.1.0.0/16").expect("a range");
    assert!(whole.contains_range(part) && whole.contains_range(whole));
    assert!(!part.contains_range(whole), "a range does not hold a larger one");
    assert_eq!(whole.masked().to_string(), "10.0.0.0/8");
    assert_eq!(Cidr::parse("1.2.3.4/0").expect("a range").masked().to_string(), "0.0.0.0/0");
    assert_eq!(Cidr::parse("ffff::1/0").expect("a range").masked().to_string(), "::/0");
    assert_ne!(whole, whole.masked(), "the written address counts");
}
