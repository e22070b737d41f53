//! Durations such as `"1h30m"` and sizes such as `"64KiB"`: reading and writing them.

use std::time::Duration;

/// Why a text is no quantity, or none that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuantityError {
    /// The text does not have the form of a quantity.
    Form,
    /// The form is right, but the number does not fit the machine's type.
    TooLarge,
}

/// Units of a duration with their nanoseconds, the longest first.
const DURATION_UNITS: [(&str, u128); 5] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
];

/// Units of a size with their bytes, the largest first.
const SIZE_UNITS: [(&str, u128); 7] = [
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("B", 1),
];

/// Digits after the point that are read: a nanosecond is the ninth of a second, and nobody counts
/// a gibibyte to the tenth digit.
const MAXIMUM_FRACTION_DIGITS: u32 = 9;

const MINUTE: Duration = Duration::from_mins(1);

/// The form of a duration, as a regular expression for the schema.
pub(super) const DURATION_PATTERN: &str = r"^([0-9]+(\.[0-9]{1,9})?d)?([0-9]+(\.[0-9]{1,9})?h)?([0-9]+(\.[0-9]{1,9})?m)?([0-9]+(\.[0-9]{1,9})?s)?([0-9]+(\.[0-9]{1,9})?ms)?$";

/// The form of a size, as a regular expression for the schema.
pub(super) const SIZE_PATTERN: &str = r"^[0-9]+(\.[0-9]{1,9})?(B|kB|MB|GB|KiB|MiB|GiB)$";

/// Reads a duration: one or more of number and unit, the longer unit first, each unit at most once.
pub(super) fn parse_duration(text: &str) -> Result<Duration, QuantityError> {
    let mut rest = text;
    let mut total: u128 = 0;
    let mut units = DURATION_UNITS.iter();
    loop {
        let (number, after) = Number::split_from(rest)?;
        let unit_length = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_length);
        // The iterator goes on where it stopped: a unit that is not shorter is not found any more.
        let (_, nanoseconds) = units.find(|(name, _)| *name == unit).ok_or(QuantityError::Form)?;
        total = total.checked_add(number.times(*nanoseconds)?).ok_or(QuantityError::TooLarge)?;
        if after.is_empty() {
            break;
        }
        rest = after;
    }
    let seconds = u64::try_from(total / 1_000_000_000).map_err(|_| QuantityError::TooLarge)?;
    let nanoseconds = u32::try_from(total % 1_000_000_000).map_err(|_| QuantityError::TooLarge)?;
    Ok(Duration::new(seconds, nanoseconds))
}

/// Reads a size: one number and one unit, a whole number of bytes.
pub(super) fn parse_size(text: &str) -> Result<u64, QuantityError> {
    let (number, unit) = Number::split_from(text)?;
    let (_, bytes) = SIZE_UNITS.iter().find(|(name, _)| *name == unit).ok_or(QuantityError::Form)?;
    u64::try_from(number.times(*bytes)?).map_err(|_| QuantityError::TooLarge)
}

/// Writes a duration of whole milliseconds as [`parse_duration`] reads it; finer parts are cut off.
pub(super) fn print_duration(duration: Duration) -> String {
    if duration == MINUTE {
        // One minute is usually written so, next to spans of seconds.
        return "60s".to_owned();
    }
    let mut rest = duration.as_nanos();
    let mut text = String::new();
    for (unit, nanoseconds) in DURATION_UNITS {
        if rest >= nanoseconds {
            text.push_str(&(rest / nanoseconds).to_string());
            text.push_str(unit);
            rest %= nanoseconds;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Writes a size with the largest binary unit that divides it.
pub(super) fn print_size(bytes: u64) -> String {
    if bytes == 0 {
        return "0B".to_owned();
    }
    let binary = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let unit = binary.into_iter().find(|(_, size)| bytes.is_multiple_of(*size));
    unit.map_or_else(|| format!("{bytes}B"), |(name, size)| format!("{}{name}", bytes / size))
}

/// A decimal number without rounding: `digits` / 10^`scale`.
struct Number {
    digits: u128,
    scale: u32,
}

impl Number {
    /// Splits a decimal number off the front of `text`.
    fn split_from(text: &str) -> Result<(Self, &str), QuantityError> {
        let (whole, mut rest) = split_digits(text);
        let mut fraction = "";
        if let Some(after_point) = rest.strip_prefix('.') {
            (fraction, rest) = split_digits(after_point);
            if fraction.is_empty() {
                return Err(QuantityError::Form);
            }
        }
        let scale = u32::try_from(fraction.len()).map_err(|_| QuantityError::Form)?;
        if whole.is_empty() || scale > MAXIMUM_FRACTION_DIGITS {
            return Err(QuantityError::Form);
        }
        let digits = format!("{whole}{fraction}").parse().map_err(|_| QuantityError::TooLarge)?;
        Ok((Self { digits, scale }, rest))
    }

    /// The number of base units; what is finer than one base unit is cut off.
    fn times(&self, unit: u128) -> Result<u128, QuantityError> {
        let product = self.digits.checked_mul(unit).ok_or(QuantityError::TooLarge)?;
        Ok(product / 10_u128.pow(self.scale))
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_in_every_unit_and_combined() {
        let table = [
            ("0s", 0),
            ("1ms", 1),
            ("250ms", 250),
            ("1.5s", 1_500),
            ("0.001s", 1),
            ("90m", 5_400_000),
            ("1h30m", 5_400_000),
            ("1d2h3m4s5ms", 93_784_005),
            ("0.5d", 43_200_000),
        ];
        for (text, milliseconds) in table {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        assert_eq!(parse_duration("0.0000001s"), Ok(Duration::from_nanos(100)));
    }

    #[test]
    fn what_is_no_duration() {
        let table = [
            "", "s", "10", "10 s", " 10s", "10s ", "-1s", "+1s", "1.s", ".5s", "1e3s", "10sec", "10S", "1m1h",
        ];
        for text in table.into_iter().chain(["1s1s", "1us", "1w", "1s2", "1,5s", "0.0000000001s", "١s"]) {
            assert_eq!(parse_duration(text), Err(QuantityError::Form), "{text:?}");
        }
        for text in ["99999999999999999999999999999999999999999d", "340282366920938463463374607431768211455d"]
        {
            assert_eq!(parse_duration(text), Err(QuantityError::TooLarge), "{text:?}");
        }
    }

    #[test]
    fn sizes_in_every_unit() {
        let table = [
            ("0B", 0),
            ("17B", 17),
            ("1kB", 1_000),
            ("1KiB", 1_024),
            ("2MB", 2_000_000),
            ("64MiB", 64 << 20),
            ("1.5GiB", 3 << 29),
            ("3GB", 3_000_000_000),
            ("0.3KiB", 307),
        ];
        for (text, bytes) in table {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "10", "10 B", "10b", "10K", "10KB", "10mib", "1TiB", "-1B", "1B1B", "1..5B"] {
            assert_eq!(parse_size(text), Err(QuantityError::Form), "{text:?}");
        }
        assert_eq!(parse_size("99999999999999999999GiB"), Err(QuantityError::TooLarge));
    }

    proptest! {
        #[test]
        fn printed_durations_read_back(milliseconds in 0_u64..10_000_000_000) {
            let duration = Duration::from_millis(milliseconds);
            prop_assert_eq!(parse_duration(&print_duration(duration)), Ok(duration));
        }

        #[test]
        fn printed_sizes_read_back(bytes in any::<u64>(), shift in 0_u32..40) {
            let bytes = bytes >> shift << (shift / 2);
            prop_assert_eq!(parse_size(&print_size(bytes)), Ok(bytes));
        }

        #[test]
        fn any_text_is_read_without_panic(text in "[0-9.smhdkMGiB]{0,60}") {
            let _ = (parse_duration(&text), parse_size(&text));
        }
    }
}
