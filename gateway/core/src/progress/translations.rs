//! One label in several languages: which is shown depends on who reads it, each time anew (L10-04).

use http::HeaderValue;
use serde::{Deserialize, Serialize};

use crate::language::{LanguageTag, Languages};

use super::{Dialect, Label, LabelForm, Reported};

/// The most languages of one label. A record is counted as small, so it must stay small: 8 texts of 200
/// octets. Later ones are dropped.
pub const MAX_LANGUAGES: usize = 8;

/// A label in further languages: at least one and at most [`MAX_LANGUAGES`] - 1, each with a tag, no
/// language twice, none of them that of the label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Translations(Vec<Label>);

impl Translations {
    /// What `rest` adds to a label. Texts without a tag are no translations, and neither are those in
    /// a language that is there already; `None` if nothing is left.
    pub fn of(label: &Label, rest: impl IntoIterator<Item = Label>) -> Option<Box<Translations>> {
        let mut kept: Vec<Label> = Vec::new();
        for text in rest {
            if kept.len() + 1 == MAX_LANGUAGES {
                break;
            }
            let Some(tag) = &text.language else { continue };
            if !std::iter::once(label).chain(&kept).any(|known| known.is_in(tag)) {
                kept.push(text);
            }
        }
        (!kept.is_empty()).then(|| Box::new(Translations(kept)))
    }

    /// The texts, in the sender's order.
    pub fn texts(&self) -> &[Label] {
        &self.0
    }
}

impl Label {
    fn is_in(&self, tag: &LanguageTag) -> bool {
        self.language.as_ref().is_some_and(|language| language.is_same(tag))
    }
}

impl Reported {
    /// Which of its labels somebody is shown: 0 for its own, then its translations. Stays the same as
    /// long as the languages of a label do.
    pub fn choice(&self, languages: &Languages) -> usize {
        let (Some(label), Some(translations)) = (&self.label, &self.translations) else { return 0 };
        let labels = std::iter::once(label).chain(translations.texts());
        let tags: Vec<_> = labels.map(|label| label.language.as_ref()).collect();
        languages.choose(&tags)
    }

    /// The label that somebody is shown.
    pub fn label_in(&self, languages: &Languages) -> Option<&Label> {
        self.chosen(self.choice(languages))
    }

    /// The label of a choice.
    pub(crate) fn chosen(&self, choice: usize) -> Option<&Label> {
        match (choice.checked_sub(1), &self.translations) {
            (Some(place), Some(translations)) => translations.texts().get(place),
            _ => self.label.as_ref(),
        }
    }

    /// As [`Reported::print`], with the label of a choice.
    pub(crate) fn print_choice(&self, choice: usize, dialect: Dialect) -> HeaderValue {
        self.print_with(self.chosen(choice), (dialect, LabelForm::Auto))
    }
}
