//! L10-01, L10-05: one label in several languages.

use http::header::ACCEPT_LANGUAGE;
use progress_core::language::Languages;
use progress_core::progress::{Dialect, Grammar, Label, MAX_LANGUAGES, Progress, Reported, Translations};

use super::{head, label, label_in};

fn reported(value: &str) -> Reported {
    Reported::from_progress(&Progress::parse(value.as_bytes(), Grammar::Strict).unwrap())
}

fn reads(accept: &str) -> Languages {
    Languages::from_headers(&head(&ACCEPT_LANGUAGE, [accept]))
}

fn texts(translations: Option<&Translations>) -> &[Label] {
    translations.map_or(&[], Translations::texts)
}

#[test]
fn l10_01_tagged_texts_before_the_step_are_one_label() {
    let both = [label_in("de", "b"), label_in("fr", "c")];
    for (value, first, rest) in [
        ("1/2", None, &[][..]),
        ("1/2 (a)", Some(label("a")), &[]),
        ("1/2 (a) (b)", Some(label("a")), &[]),
        ("1/2 UTF-8'en'a", Some(label_in("en", "a")), &[]),
        ("1/2 UTF-8'en'a UTF-8'de'b UTF-8'fr'c", Some(label_in("en", "a")), &both),
        // what has no tag is not shown where something has one
        ("1/2 (x) UTF-8'en'a \"x\" UTF-8''x UTF-8'de'b UTF-8'fr'c", Some(label_in("en", "a")), &both),
        // a language once, whatever its case, and the first wins
        ("1/2 UTF-8'en'a UTF-8'EN'x UTF-8'de'b UTF-8'De'x UTF-8'fr'c", Some(label_in("en", "a")), &both),
        // empty ones, undecodable ones, and those of the step are none
        (
            "1/2 UTF-8'en'a UTF-8'de'b KOI8-R'ru'x UTF-8'ja' UTF-8'fr'c 3/4 UTF-8'it'd",
            Some(label_in("en", "a")),
            &both,
        ),
    ] {
        let reported = reported(value);
        assert_eq!(reported.label, first, "{value}");
        assert_eq!(texts(reported.translations.as_deref()), rest, "{value}");
    }
}

#[test]
fn l10_01_only_so_many_languages_are_kept() {
    let tags: Vec<String> = (0..20).map(|n| format!("x-{n}")).collect();
    let remark = |tag: &String| format!(" UTF-8'{tag}'{tag}");
    let remarks = tags.iter().take(16).map(remark).collect::<Vec<_>>().concat();
    let reported = reported(&format!("1/2{remarks}"));
    let kept: Vec<&str> = texts(reported.translations.as_deref()).iter().map(|text| &*text.text).collect();
    assert_eq!(kept, tags[1..MAX_LANGUAGES]);
    let many = tags[1..].iter().map(|tag| label_in(tag, tag));
    let kept = Translations::of(&label_in("x-0", "x-0"), many).unwrap();
    assert_eq!(kept.texts().len() + 1, MAX_LANGUAGES);
}

#[test]
fn l10_05_a_first_text_without_a_tag_can_have_translations() {
    let translations = Translations::of(&label("a"), [label("x"), label_in("de", "b")]);
    let point = Reported { label: Some(label("a")), translations, ..reported("1/2") };
    assert_eq!(point.label_in(&reads("de")), Some(&label_in("de", "b")));
    assert_eq!(point.label_in(&reads("en")), Some(&label("a")));
    assert_eq!(point.label_in(&Languages::ANY), Some(&label("a")));
    assert_eq!(point.print(Dialect::Plain), "1/2 \"a\"", "of no language, so in no ext-value");
}

#[test]
fn a_point_in_several_languages_survives_its_record_and_its_succession() {
    let point = reported("1/2 UTF-8'en'a UTF-8'de'b");
    let record = serde_json::to_string(&point).unwrap();
    assert_eq!(serde_json::from_str::<Reported>(&record).unwrap(), point);
    let next = reported("0/2 UTF-8'en'c UTF-8'de'd").succeed(Some(&point)).reported;
    assert_eq!(next.label_in(&reads("de")), Some(&label_in("de", "d")));
    assert_eq!(reported("2/2 UTF-8'en'e").succeed(Some(&next)).reported.translations, None);
}

/// A record is counted as small, and most operations have one language: what they do not use must not
/// cost them.
#[test]
fn what_is_not_translated_is_not_larger() {
    assert_eq!(size_of::<Option<Box<Translations>>>(), size_of::<usize>());
    assert_eq!(size_of::<Languages>(), size_of::<usize>());
}
