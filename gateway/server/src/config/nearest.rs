//! Suggestions: the known word that an unknown one most likely meant.

/// How many known words a message lists at most, so that it stays one readable line.
const MAXIMUM_LISTED: usize = 24;

/// The known word that resembles `unknown` most: one that it is the beginning of, or else the one with the
/// fewest letters that differ.
pub(super) fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let unknown = folded(unknown);
    let distance = |word: &str| strsim::damerau_levenshtein(&unknown, word);
    known.iter().copied().min_by_key(|word| (!word.starts_with(&unknown), distance(word)))
}

/// Whether `word` is so near that it was certainly meant: a third of its letters may differ.
pub(super) fn is_near(unknown: &str, word: &str) -> bool {
    let unknown = folded(unknown);
    let letters = word.chars().count();
    strsim::damerau_levenshtein(&unknown, word) <= (letters / 3).max(1)
}

/// `"a", "b" or "c"`.
pub(super) fn one_of(words: &[&str]) -> String {
    let shown: Vec<String> = words.iter().take(MAXIMUM_LISTED).map(|word| format!("{word:?}")).collect();
    match shown.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// Case and underscores are the usual slips: they count for nothing.
fn folded(word: &str) -> String {
    // Nobody mistypes a key into something this long; the distance takes quadratic time.
    const MAXIMUM_COMPARED: usize = 64;
    word.chars().take(MAXIMUM_COMPARED).collect::<String>().to_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_found_and_distance_decides_whether_it_was_meant() {
        let known = ["public-url", "status-path", "listeners"];
        assert_eq!(nearest("publik_url", &known), Some("public-url"));
        assert_eq!(nearest("Listener", &known), Some("listeners"));
        assert_eq!(nearest("cert", &["client-ca", "certificate"]), Some("certificate"));
        assert!(is_near("PUBLIC_URL", "public-url"));
        assert!(!is_near("bananas", "listeners"));
        assert_eq!(nearest("x", &[]), None);
    }

    #[test]
    fn lists_read_like_a_sentence() {
        assert_eq!(one_of(&["a"]), r#""a""#);
        assert_eq!(one_of(&["a", "b"]), r#""a" or "b""#);
        assert_eq!(one_of(&["a", "b", "c"]), r#""a", "b" or "c""#);
    }
}
