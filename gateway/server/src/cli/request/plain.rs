//! Text that others wrote, without what a terminal obeys (SEC-08).

use std::fmt::Write;

/// The text without control characters and without those that turn its direction.
pub(super) fn text(text: &str) -> String {
    text.chars().filter(|letter| !is_command(*letter)).collect()
}

/// JSON in which such characters are escaped. In well-formed JSON on one line they stand in strings
/// alone.
pub(super) fn json(json: &str) -> String {
    let mut harmless = String::with_capacity(json.len());
    for letter in json.chars() {
        if is_command(letter) {
            // All of them are in the first plane.
            write!(harmless, "\\u{:04x}", u32::from(letter)).expect("a String takes every write");
        } else {
            harmless.push(letter);
        }
    }
    harmless
}

/// Content for a terminal: lines and tabs stay, other control characters of ASCII become question
/// marks, and those that UTF-8 writes as C2 80 to C2 9F become C2 A0, a blank. `before` is the octet
/// before, as pieces may part the two.
pub(super) fn content(octets: &[u8], before: &mut u8) -> Vec<u8> {
    let shown = octets.iter().map(|octet| {
        let harmless = match (*before, *octet) {
            (_, b'\n' | b'\t' | b'\r') => *octet,
            (_, 0..0x20 | 0x7f) => b'?',
            (0xc2, 0x80..0xa0) => 0xa0,
            _ => *octet,
        };
        *before = *octet;
        harmless
    });
    shown.collect()
}

/// Control characters, and the marks and overrides of bidirectional text (UAX 9).
fn is_command(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}[31mb\u{9b}2Jc\u{7}\u{202e}d\r\ne ü";

    #[test]
    fn sec_08_nothing_is_left_that_a_terminal_obeys() {
        assert_eq!(text(HOSTILE), "a[31mb2Jcde ü");
    }

    #[test]
    fn sec_08_json_means_the_same_and_commands_nothing() {
        let harmless = json(&serde_json::to_string(HOSTILE).expect("a string"));
        assert!(!harmless.chars().any(is_command), "{harmless}");
        assert_eq!(serde_json::from_str::<String>(&harmless).expect("JSON"), HOSTILE);
    }

    #[test]
    fn sec_08_content_keeps_its_lines() {
        let (first, second) = HOSTILE.as_bytes().split_at("a\u{1b}[31mb".len() + 1);
        let mut before = 0;
        let mut shown = content(first, &mut before);
        shown.extend(content(second, &mut before));
        assert_eq!(&shown[.."a?[31mb".len()], b"a?[31mb");
        assert!(!shown.windows(2).any(|pair| pair == [0xc2, 0x9b]), "{shown:?}");
        assert!(shown.ends_with("d\r\ne ü".as_bytes()), "{shown:?}");
    }
}
