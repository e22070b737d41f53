//! Which representation of a status document a client is sent (DOC-12).

use http::HeaderMap;
use http::header::ACCEPT;

use progress_core::quality;

use crate::metrics::labels::Format;

/// The forms that exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// `application/json`; also what is sent where nothing acceptable exists.
    #[default]
    Json,
    /// `text/plain`: one line.
    Text,
    /// `text/html`: the live page.
    Html,
    /// `text/event-stream`: the JSON document at each change.
    Events,
    /// The JSON document by a name of its own, whatever the route's profile makes of JSON.
    Operation,
    /// `application/http`: where the profile has it, the result as a whole message.
    Message,
}

/// The media type of the JSON document alone.
const OPERATION: &str = "application/vnd.progress-gateway.operation+json";

impl Form {
    const ALL: [Self; 6] = [Self::Json, Self::Text, Self::Html, Self::Events, Self::Operation, Self::Message];

    /// The form that `Accept` prefers; the earliest of the above on a tie (RFC 9110 12.5.1).
    pub(super) fn of(fields: &HeaderMap) -> Self {
        let ranges = fields.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut quality = [Quality::default(); Self::ALL.len()];
        for range in ranges.flat_map(|value| value.split(',')) {
            let (kind, q) = parse(range);
            for (form, quality) in Self::ALL.into_iter().zip(&mut quality) {
                if let Some(specificity) = form.matches(kind)
                    && specificity >= quality.specificity
                {
                    *quality = Quality { specificity, q };
                }
            }
        }
        let best = quality.iter().map(|quality| quality.q).max().unwrap_or_default();
        let preferred = Self::ALL.into_iter().zip(quality).find(|(_, quality)| quality.q == best);
        preferred.map_or_else(Self::default, |(form, _)| form)
    }

    /// The media type.
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Json | Self::Message => "application/json",
            Self::Operation => OPERATION,
            Self::Text => "text/plain; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Events => super::events::MEDIA_TYPE,
        }
    }

    /// The metric label.
    pub(super) const fn label(self) -> Format {
        match self {
            Self::Json | Self::Operation | Self::Message => Format::Json,
            Self::Text => Format::Text,
            Self::Html => Format::Html,
            Self::Events => Format::Events,
        }
    }

    /// How closely a media range names this form.
    fn matches(self, kind: &str) -> Option<u8> {
        let (exact, any) = match self {
            Self::Json => ("application/json", "application/*"),
            Self::Text => ("text/plain", "text/*"),
            Self::Html => ("text/html", "text/*"),
            Self::Events => ("text/event-stream", "text/*"),
            Self::Operation => (OPERATION, "application/*"),
            Self::Message => ("application/http", "application/*"),
        };
        if kind.eq_ignore_ascii_case(exact) {
            Some(3)
        } else if kind.eq_ignore_ascii_case(any) {
            Some(2)
        } else {
            (kind == "*/*").then_some(1)
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Quality {
    specificity: u8,
    /// In thousandths.
    q: u16,
}

fn parse(range: &str) -> (&str, u16) {
    let mut parts = range.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    // A weight that is none counts as 0.
    (kind, weight.map_or(quality::WHOLE, |weight| quality::thousandths(weight).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(accept: &str) -> Form {
        Form::of(&HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]))
    }

    #[test]
    fn doc_12_json_unless_another_is_preferred() {
        assert_eq!(Form::of(&HeaderMap::new()), Form::Json);
        for (accept, expected) in [
            ("*/*", Form::Json),
            ("text/plain", Form::Text),
            ("text/*", Form::Text),
            ("text/plain, application/json", Form::Json),
            ("text/plain, application/json;q=0.9", Form::Text),
            ("text/plain;q=0.5, */*;q=0.1", Form::Text),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Form::Html),
            ("text/html, application/json", Form::Json),
            ("text/event-stream", Form::Events),
            ("text/event-stream, text/html;q=0.5", Form::Events),
            ("text/*;q=0.5, text/plain;q=0.1", Form::Html),
            ("*/*;q=0", Form::Json),
            ("text/plain;q=0", Form::Json),
            ("text/plain;q=2.0", Form::Json),
            ("image/png", Form::Json),
            ("application/*", Form::Json),
            ("application/fhir+json", Form::Json),
            ("application/http", Form::Message),
            ("application/vnd.progress-gateway.operation+json, application/json;q=0.9", Form::Operation),
        ] {
            assert_eq!(form(accept), expected, "{accept}");
        }
    }
}
