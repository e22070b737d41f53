//! L10-03: only well-formed BCP 47 tags.

use progress_core::language::LanguageTag;

#[test]
fn l10_03_well_formed_tags_are_taken_as_written() {
    let tags = [
        "en",
        "ja-JP",
        "zh-Hant-TW",
        "zh-yue",
        "zh-cmn-Hans-CN",
        "de-CH-1901",
        "sl-rozaj-biske-1994",
        "hy-Latn-IT-arevela",
        "es-419",
        "de-DE-u-co-phonebk",
        "en-US-u-islamcal-a-foo-x-private",
        "x-whatever-1",
        "X-A",
        "qaa-Qaaa-QM-x-southern",
        "i-klingon",
        "EN-gb-OED",
        "sgn-BE-FR",
        "zh-min-nan",
        "art-lojban",
        "abcd",
        "abcdefgh",
    ];
    for tag in tags {
        let parsed = LanguageTag::parse(tag).unwrap_or_else(|| panic!("{tag} is well-formed"));
        assert_eq!(parsed.as_str(), tag);
        assert_eq!(parsed.to_string(), tag);
    }
}

#[test]
fn l10_03_other_texts_are_no_tags() {
    let texts = [
        "",
        "e",
        "-",
        "en-",
        "-en",
        "en--US",
        "en_US",
        "en US",
        "abcdefghi",
        "1en",
        "a-DE",
        "de-419-DE",
        "abcd-abc",
        "ar-a-aaa-b-",
        "en-u",
        "en-x",
        "x",
        "x-",
        "x-toolonger9",
        "en-12345678-é",
        "i-nonsense",
        "*",
        "en'",
        "en\r\n",
    ];
    for text in texts {
        assert_eq!(LanguageTag::parse(text), None, "{text:?} is not well-formed");
    }
}

#[test]
fn a_tag_has_a_longest_length() {
    let longest = format!("x{}", "-abcdefg".repeat(8));
    assert_eq!(longest.len(), LanguageTag::MAX_OCTETS + 1);
    assert_eq!(LanguageTag::parse(&longest), None);
    assert!(LanguageTag::parse(&longest[..LanguageTag::MAX_OCTETS]).is_some());
}

#[test]
fn a_record_cannot_bring_in_a_malformed_tag() {
    let good: LanguageTag = serde_json::from_str(r#""de-AT""#).unwrap();
    assert_eq!(serde_json::to_string(&good).unwrap(), r#""de-AT""#);
    assert!(serde_json::from_str::<LanguageTag>(r#""de'\r\n""#).is_err());
}
