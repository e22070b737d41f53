//! The `Date` field, formatted once a second (RFC 9110 5.6.7, 6.6.1).

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

/// Octets of a date: `Sun, 06 Nov 1994 08:49:37 GMT`.
const SIZE: usize = 29;

const DAY: u64 = 24 * 60 * 60;

thread_local! {
    static LATEST: Cell<(u64, [u8; SIZE])> = const { Cell::new((u64::MAX, [b' '; SIZE])) };
}

/// The present date.
pub(crate) fn now() -> [u8; SIZE] {
    #[expect(clippy::disallowed_methods, reason = "a Date says the wall-clock time")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let second = since.as_secs();
    let (latest, text) = LATEST.get();
    if latest == second {
        return text;
    }
    let text = format(second);
    LATEST.set((second, text));
    text
}

/// Seconds since 1970 -> a date.
fn format(second: u64) -> [u8; SIZE] {
    const WEEKDAYS: &[u8; 21] = b"ThuFriSatSunMonTueWed";
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let (days, second) = (second / DAY, second % DAY);
    let (year, month, day) = civil(days);
    let mut text = *b"Thu, 00 Jan 0000 00:00:00 GMT";
    text[..3].copy_from_slice(name(WEEKDAYS, days % 7));
    put(&mut text[5..7], day);
    text[8..11].copy_from_slice(name(MONTHS, month - 1));
    put(&mut text[12..16], year);
    put(&mut text[17..19], second / 3600);
    put(&mut text[20..22], second / 60 % 60);
    put(&mut text[23..25], second % 60);
    text
}

fn name(names: &[u8], index: u64) -> &[u8] {
    let at = usize::try_from(index).unwrap_or(0) * 3;
    &names[at..at + 3]
}

/// Decimal digits, from the last.
fn put(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Days since 1970 -> year, month, day of the Gregorian calendar. Years are counted from March, so
/// that the leap day is the last of its year.
fn civil(days: u64) -> (u64, u64, u64) {
    const DAYS_BEFORE_1970: u64 = 719_468;
    const CENTURIES_4: u64 = 146_097;
    let days = days + DAYS_BEFORE_1970;
    let (era, day) = (days / CENTURIES_4, days % CENTURIES_4);
    let year = (day - day / 1460 + day / 36524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + carry, month, day)
}

#[cfg(test)]
mod tests {
    use super::format;

    #[test]
    fn dates_are_written_as_rfc_9110_5_6_7_shows_them() {
        let cases = [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT"),
            (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (1_767_225_599, "Wed, 31 Dec 2025 23:59:59 GMT"),
        ];
        for (second, text) in cases {
            assert_eq!(std::str::from_utf8(&format(second)), Ok(text));
        }
    }

    #[test]
    fn now_is_the_same_within_a_second_and_well_formed() {
        let text = super::now();
        assert!(text.ends_with(b" GMT"));
        assert_eq!(&text[3..5], b", ");
    }
}
