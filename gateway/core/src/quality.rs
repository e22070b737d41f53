//! Quality values: how much a client wants each of what it can take (RFC 9110 section 12.4.2).

/// The weight of what names none.
pub const WHOLE: u16 = 1_000;

/// A weight in thousandths, from 0 to [`WHOLE`]. `None` for anything but `0` or `1` with at most three
/// decimals, and for more than 1.
pub fn thousandths(weight: &str) -> Option<u16> {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{decimals:0<3}").parse::<u16>().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(WHOLE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_decimals_and_no_more_than_one() {
        for (text, expected) in [
            ("1", Some(1_000)),
            ("1.000", Some(1_000)),
            ("0.5", Some(500)),
            ("0.05", Some(50)),
            ("0.", Some(0)),
            ("0", Some(0)),
            ("1.001", None),
            ("2", None),
            ("0.1234", None),
            (".5", None),
            ("0.-1", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(thousandths(text), expected, "{text:?}");
        }
    }
}
