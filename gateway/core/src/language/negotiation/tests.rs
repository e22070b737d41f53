use http::HeaderValue;

use super::*;

fn reads(lines: &[&str]) -> Languages {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(ACCEPT_LANGUAGE, HeaderValue::from_str(line).unwrap());
    }
    Languages::from_headers(&headers)
}

/// What is shown of `offered`, where `-` is a text of no known language.
fn shown(accept: &str, offered: &str) -> String {
    let tags: Vec<Option<LanguageTag>> = offered.split(' ').map(LanguageTag::parse).collect();
    let tags: Vec<Option<&LanguageTag>> = tags.iter().map(Option::as_ref).collect();
    offered.split(' ').nth(reads(&[accept]).choose(&tags)).unwrap().to_owned()
}

#[test]
fn l10_01_lookup_by_weight() {
    for (accept, offered, expected) in [
        // X16
        ("de;q=0.9, en;q=0.8", "en de", "de"),
        ("en", "en de", "en"),
        // the weights order, not the places
        ("en;q=0.5, de", "en de", "de"),
        ("en;q=0.5, de;q=0.6, fr;q=0.55", "en fr de", "de"),
        // the same weight: whoever offers decides
        ("de, en", "en de", "en"),
        ("de, en", "de en", "de"),
        // cut from the end
        ("de-CH", "en de", "de"),
        ("zh-Hant-CN-x-private1-private2", "en zh-Hant zh", "zh-Hant"),
        ("de-a-value", "en de de-a", "de"),
        ("de-CH, en;q=0.9", "en de", "de"),
        ("DE-ch", "en de-CH", "de-CH"),
        // lookup never adds to a range, as long as it finds something
        ("en, de;q=0.5", "en-US de", "de"),
    ] {
        assert_eq!(shown(accept, offered), expected, "{accept} of {offered}");
    }
}

#[test]
fn l10_01_where_lookup_finds_nothing() {
    for (accept, offered, expected) in [
        ("en", "de en-US", "en-US"),
        ("en, fr;q=0.9", "de fr-CA en-US", "en-US"),
        ("ja", "de en", "de"),
        ("ja", "- en", "-"),
        ("d", "en de", "en"),
        // a star is all that no other range names
        ("*", "de en", "de"),
        ("de, *", "en de", "de"),
        ("fr, *;q=0.1", "en de", "en"),
        ("en, *;q=0.1", "de en-US", "en-US"),
        ("en;q=0.1, *", "en fr", "fr"),
        ("en;q=0.1, *", "en", "en"),
        ("en;q=0.1, *", "en en-GB", "en"),
        ("en;q=0.1, *", "en -", "-"),
    ] {
        assert_eq!(shown(accept, offered), expected, "{accept} of {offered}");
    }
}

#[test]
fn l10_01_no_weight_refuses() {
    for (accept, offered, expected) in [
        ("en;q=0", "en de", "de"),
        ("en;q=0, fr", "en de", "de"),
        ("de-CH, de;q=0", "de en", "en"),
        ("de;q=0, de-AT", "de de-AT", "de-AT"),
        ("de;q=0.0", "de-AT en", "en"),
        ("*;q=0, fr", "en de fr", "fr"),
        // nothing is known of a text without a tag, so nobody has refused it
        ("*;q=0", "en -", "-"),
        // all are refused: a label is better than none
        ("*;q=0", "en de", "en"),
        ("en;q=0, de;q=0", "en de", "en"),
    ] {
        assert_eq!(shown(accept, offered), expected, "{accept} of {offered}");
    }
}

#[test]
fn l10_05_a_text_without_a_tag_is_of_no_language() {
    for accept in ["en", "de", "en, de;q=0.5"] {
        assert_eq!(shown(accept, "- en de"), if accept == "de" { "de" } else { "en" });
    }
    assert_eq!(shown("fr", "- en"), "-");
}

#[test]
fn broken_members_are_as_if_not_sent() {
    for accept in [
        "",
        ",",
        ";q=1",
        "de;q=2, en;q=0.1",
        "de;q=x, en",
        "de;level=1, en",
        "de_DE, en",
        "thelongest, en",
        "de-, en",
    ] {
        assert_eq!(shown(accept, "en de"), "en", "{accept}");
    }
    assert_eq!(shown(" de ; q=0.5 ,en; Q = 0.4", "en de"), "de");
    for none in ["", " , ", "de_DE"] {
        assert_eq!(reads(&[none]), Languages::ANY, "{none}");
    }
}

#[test]
fn lines_are_one_list_and_a_long_one_ends() {
    let tags = ["en", "de"].map(|tag| LanguageTag::parse(tag).unwrap());
    let tags = tags.each_ref().map(Some);
    assert_eq!(reads(&["en;q=0.1", "de"]).choose(&tags), 1);
    let padding = "fr,".repeat(MAX_RANGES - 1);
    assert_eq!(reads(&[&format!("{padding}de")]).choose(&tags), 1);
    assert_eq!(reads(&[&format!("{padding}fr,de")]).choose(&tags), 0);
}

#[test]
fn nobody_in_particular_gets_the_first() {
    let tags = ["en", "de"].map(|tag| LanguageTag::parse(tag).unwrap());
    assert_eq!(reads(&[]), Languages::ANY);
    assert_eq!(Languages::ANY.choose(&tags.each_ref().map(Some)), 0);
    assert_eq!(reads(&["de"]).choose(&[]), 0);
}
