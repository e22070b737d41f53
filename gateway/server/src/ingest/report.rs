//! What a report says, in either of its two forms.

mod messages;

use http::HeaderMap;
use progress_core::event::{Heard, ProgressEvent};
use progress_core::language::LanguageTag;
use progress_core::progress::{self, Fraction, Label, Reported, Translations};
use serde::Deserialize;

use self::messages::Messages;

/// Origin: the report cannot be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misreport {
    /// The `Progress` field cannot be used.
    Field,
    /// The content is no JSON of the form that is taken.
    Content,
    /// The language of the message is none.
    Language,
}

impl Misreport {
    /// For people.
    pub(super) fn detail(self) -> &'static str {
        match self {
            Self::Field => "The Progress field is malformed.",
            Self::Content => {
                "The content is not JSON such as {\"completed\":3,\"total\":10,\"message\":\"copying\"} with integer counts."
            }
            Self::Language => "The language is not a BCP 47 tag such as \"en\".",
        }
    }
}

/// A report as JSON. Members that are not known are left alone.
#[derive(Debug, Deserialize)]
struct Json {
    completed: u64,
    total: Option<u64>,
    unit: Option<String>,
    message: Option<String>,
    language: Option<String>,
    /// The message by language (L10-01).
    messages: Option<Messages>,
}

/// Reads a report; a `Progress` field wins over the content. Without either it says that the origin is
/// alive, as a bare `102` does.
pub(super) fn read(fields: &HeaderMap, content: &[u8]) -> Result<Heard, Misreport> {
    let mut heard = Heard::in_processing(fields);
    if heard.invalid.is_some() {
        return Err(Misreport::Field);
    }
    if fields.contains_key(progress::FIELD) || content.is_empty() {
        return Ok(heard);
    }
    let json: Json = serde_json::from_slice(content).map_err(|_| Misreport::Content)?;
    heard.events.retain(|event| *event != ProgressEvent::Heartbeat);
    heard.events.insert(0, ProgressEvent::Progress(json.reported()?));
    Ok(heard)
}

impl Json {
    fn reported(self) -> Result<Reported, Misreport> {
        let language = self.language.as_deref().map(tag).transpose()?;
        let message = self.message.and_then(|message| Label::sanitized(&message, language));
        let mut labels: Vec<Label> = message.into_iter().collect();
        for (language, message) in self.messages.unwrap_or_default().0 {
            labels.extend(Label::sanitized(&message, Some(tag(&language)?)));
        }
        let mut labels = labels.into_iter();
        let label = labels.next();
        Ok(Reported {
            unit: self.unit.and_then(|unit| Label::sanitized(&unit, None)).map(|label| label.text),
            translations: label.as_ref().and_then(|label| Translations::of(label, labels)),
            label,
            ..Reported::of_fraction(Fraction { completed: self.completed, total: self.total })
        })
    }
}

fn tag(text: &str) -> Result<LanguageTag, Misreport> {
    LanguageTag::parse(text).ok_or(Misreport::Language)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(heard: &Heard) -> &Reported {
        let [ProgressEvent::Progress(reported)] = &heard.events[..] else { panic!("{heard:?}") };
        reported
    }

    fn field(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(progress::FIELD, value.parse().unwrap())])
    }

    #[test]
    fn a_report_is_a_field_or_json_and_the_field_wins() {
        let heard = read(&field("3/10 (copying)"), b"{\"completed\":9}").unwrap();
        assert_eq!(reported(&heard).fraction, Fraction { completed: 3, total: Some(10) });
        let json =
            r#"{"completed":4,"total":8,"unit":"files","message":"hal\u0000b","language":"de","more":1}"#;
        let heard = read(&HeaderMap::new(), json.as_bytes()).unwrap();
        let told = reported(&heard);
        assert_eq!((told.fraction.completed, told.unit.as_deref()), (4, Some("files")));
        let label = told.label.as_ref().unwrap();
        assert_eq!((label.text.as_str(), label.language.as_ref().unwrap().as_str()), ("hal b", "de"));
        let heard = read(&HeaderMap::new(), b"{\"completed\":1,\"total\":null}").unwrap();
        assert_eq!(reported(&heard).fraction.total, None);
    }

    #[test]
    fn l10_01_a_message_can_come_in_several_languages() {
        let languages = |json: &str| {
            let heard = read(&HeaderMap::new(), json.as_bytes()).unwrap();
            let told = reported(&heard);
            let rest = told.translations.iter().flat_map(|translations| translations.texts());
            let all = told.label.iter().chain(rest);
            let all =
                all.map(|label| (label.language.as_ref().map_or("-", LanguageTag::as_str), &*label.text));
            all.map(|(tag, text)| format!("{tag}={text}")).collect::<Vec<_>>().join(" ")
        };
        for (members, expected) in [
            (r#""messages":{"en":"a","de":"b"}"#, "en=a de=b"),
            (r#""messages":{"de":"b","en":"a"}"#, "de=b en=a"),
            (r#""message":"c","messages":{"en":"a","de":"b"}"#, "-=c en=a de=b"),
            (r#""message":"c","language":"en","messages":{"EN":"a","de":"b\u0000","fr":" "}"#, "en=c de=b"),
            (r#""message":"","messages":{"de":"b"}"#, "de=b"),
            (r#""message":"c","messages":{}"#, "-=c"),
            (r#""messages":null"#, ""),
        ] {
            assert_eq!(languages(&format!("{{\"completed\":1,{members}}}")), expected, "{members}");
        }
        for (messages, expected) in [
            (r#"{"":"a"}"#, Misreport::Language),
            (r#"{"de_DE":"a"}"#, Misreport::Language),
            (r#"{"de":1}"#, Misreport::Content),
            (r#"["de"]"#, Misreport::Content),
        ] {
            let json = format!("{{\"completed\":1,\"messages\":{messages}}}");
            assert_eq!(read(&HeaderMap::new(), json.as_bytes()).unwrap_err(), expected, "{messages}");
        }
    }

    #[test]
    fn a_report_of_nothing_is_a_sign_of_life() {
        assert_eq!(read(&HeaderMap::new(), b"").unwrap().events, [ProgressEvent::Heartbeat]);
    }

    #[test]
    fn bad_values_are_refused_whole() {
        for json in
            ["{", "[]", "{}", "3", "{\"completed\":-1}", "{\"completed\":1.5}", "{\"completed\":\"1\"}"]
        {
            assert_eq!(read(&HeaderMap::new(), json.as_bytes()).unwrap_err(), Misreport::Content, "{json}");
        }
        assert_eq!(read(&field("half way"), b"{\"completed\":1}").unwrap_err(), Misreport::Field);
        let json = b"{\"completed\":1,\"message\":\"x\",\"language\":\"not a tag\"}";
        assert_eq!(read(&HeaderMap::new(), json).unwrap_err(), Misreport::Language);
    }
}
