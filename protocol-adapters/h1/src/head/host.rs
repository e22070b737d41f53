//! The authority that a request is for (H1-22, H1-23).

/// Whether `authority` is a host with an optional port, without user information
/// (RFC 9110 4.2, RFC 3986 3.2.2).
pub(crate) fn is_host(authority: &[u8]) -> bool {
    let (host, port) = match authority {
        [b'[', rest @ ..] => {
            let Some(end) = memchr::memchr(b']', rest) else { return false };
            let (address, after) = (&rest[..end], &rest[end + 1..]);
            if !is_ip_literal(address) {
                return false;
            }
            match after {
                [] => return true,
                [b':', port @ ..] => return is_port(port),
                _ => return false,
            }
        }
        _ => match memchr::memchr(b':', authority) {
            Some(colon) => (&authority[..colon], Some(&authority[colon + 1..])),
            None => (authority, None),
        },
    };
    is_registered_name(host) && port.is_none_or(is_port)
}

/// Up to 65535; an empty port means the default one.
fn is_port(port: &[u8]) -> bool {
    port.len() <= 5
        && port.iter().all(u8::is_ascii_digit)
        && port.iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0')) <= 65535
}

/// An IPv6 address. `IPvFuture` has no future.
fn is_ip_literal(address: &[u8]) -> bool {
    std::str::from_utf8(address).is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok())
}

fn is_registered_name(name: &[u8]) -> bool {
    let mut rest = name;
    while let [octet, after @ ..] = rest {
        rest = match octet {
            b'%' => match after {
                [a, b, after @ ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => after,
                _ => return false,
            },
            _ if octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(octet) => after,
            _ => return false,
        };
    }
    !name.is_empty()
}

#[cfg(test)]
mod tests;
