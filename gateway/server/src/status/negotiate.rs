//! Which representation of a status document a client is sent (DOC-12).

use http::HeaderMap;
use http::header::ACCEPT;

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
}

impl Form {
    const ALL: [Self; 4] = [Self::Json, Self::Text, Self::Html, Self::Events];

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
            Self::Json => "application/json",
            Self::Text => "text/plain; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Events => super::events::MEDIA_TYPE,
        }
    }

    /// The metric label.
    pub(super) const fn label(self) -> Format {
        match self {
            Self::Json => Format::Json,
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
    (kind, weight.map_or(1_000, thousandths))
}

/// A weight of at most three decimals; anything else counts as 0.
fn thousandths(weight: &str) -> u16 {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|digit| digit.is_ascii_digit()) {
        return 0;
    }
    let thousandths = format!("{decimals:0<3}").parse::<u16>().unwrap_or(0);
    match whole {
        "0" => thousandths,
        "1" if thousandths == 0 => 1_000,
        _ => 0,
    }
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
        ] {
            assert_eq!(form(accept), expected, "{accept}");
        }
    }
}
