//! A progress point as field values, encoded once for all who are told of it.

use std::sync::OnceLock;

use http::HeaderValue;

use crate::progress::{Dialect, Reader, Reported};

/// A progress point with its field values: one for each form of labels, and for each language that
/// somebody has asked for.
#[derive(Clone, Debug)]
pub struct EncodedProgress {
    /// The point itself.
    pub reported: Reported,
    comment: HeaderValue,
    plain: HeaderValue,
    /// The values with each translation, if there are any.
    translated: Option<Box<[Translated]>>,
}

/// The values with one translation, from when they are first asked for.
#[derive(Clone, Debug, Default)]
struct Translated {
    comment: OnceLock<HeaderValue>,
    plain: OnceLock<HeaderValue>,
}

impl EncodedProgress {
    /// Encodes a point in both dialects.
    pub fn new(reported: Reported) -> Self {
        let comment = reported.print(Dialect::Comment);
        let plain = reported.print(Dialect::Plain);
        let texts = reported.translations.as_ref().map(|translations| translations.texts().len());
        let translated = texts.map(|texts| std::iter::repeat_with(Translated::default).take(texts).collect());
        Self { reported, comment, plain, translated }
    }

    /// The field value for a reader (PRG-11, L10-01); a reference count, not a copy.
    pub fn value(&self, reader: &Reader) -> HeaderValue {
        let Some(translated) = &self.translated else { return self.own(reader.dialect) };
        let choice = self.reported.choice(&reader.languages);
        let Some(values) = choice.checked_sub(1).and_then(|place| translated.get(place)) else {
            return self.own(reader.dialect);
        };
        let value = match reader.dialect {
            Dialect::Comment => &values.comment,
            Dialect::Plain => &values.plain,
        };
        value.get_or_init(|| self.reported.print_choice(choice, reader.dialect)).clone()
    }

    fn own(&self, dialect: Dialect) -> HeaderValue {
        match dialect {
            Dialect::Comment => self.comment.clone(),
            Dialect::Plain => self.plain.clone(),
        }
    }
}
