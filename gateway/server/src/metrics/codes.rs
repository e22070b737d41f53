//! Counters by status code: made when a code is first seen, found by its number ever after.

use std::sync::OnceLock;

use http::StatusCode;
use prometheus::{Error, IntCounter};

use super::exposition::Series;

/// Status codes that a label may have: 100 to 599 (D-12).
const HUNDREDS: usize = 5;

type Hundred = Box<[OnceLock<IntCounter>]>;

/// The counters of one label set whose last label is `code`.
#[derive(Debug)]
pub(super) struct Codes {
    family: Series<IntCounter>,
    /// The values of all labels but the last.
    labels: Box<[String]>,
    /// At most 100 counters each, made when the first of them is needed.
    hundreds: [OnceLock<Hundred>; HUNDREDS],
}

impl Codes {
    /// Counters of `family` under `labels`; those of `known` codes exist at zero at once.
    pub(super) fn new(
        family: &Series<IntCounter>,
        labels: &[&str],
        known: &[StatusCode],
    ) -> Result<Self, Error> {
        let labels: Box<[String]> = labels.iter().map(|label| (*label).to_owned()).collect();
        let codes = Self { family: family.clone(), labels, hundreds: Default::default() };
        for code in known {
            codes.make(*code)?;
            codes.of(*code);
        }
        Ok(codes)
    }

    /// The counter of a code. A code that HTTP does not define (600 and up) counts as 599.
    pub(super) fn of(&self, code: StatusCode) -> &IntCounter {
        let code = known(code);
        let number = usize::from(code.as_u16());
        let hundred = self.hundreds[number / 100 - 1]
            .get_or_init(|| std::iter::repeat_with(OnceLock::new).take(100).collect());
        hundred[number % 100]
            .get_or_init(|| self.make(code).expect("the family was made with one label more than `labels`"))
    }

    fn make(&self, code: StatusCode) -> Result<IntCounter, Error> {
        let mut values: Vec<&str> = self.labels.iter().map(String::as_str).collect();
        values.push(code.as_str());
        self.family.of(&values)
    }
}

fn known(code: StatusCode) -> StatusCode {
    if code.as_u16() < 600 { code } else { StatusCode::from_u16(599).unwrap_or(StatusCode::BAD_GATEWAY) }
}

#[cfg(test)]
mod tests {
    use super::super::exposition::Registry;
    use super::super::registrar::Family;
    use super::*;

    #[test]
    fn a_code_is_one_series_and_unknown_ones_share_one() {
        let family = Family { name: "answers_total", help: "Answers.", labels: &["who", "code"] };
        let family = family.counters(&Registry::default()).unwrap();
        let codes = Codes::new(&family, &["me"], &[StatusCode::OK]).unwrap();
        assert_eq!(codes.of(StatusCode::OK).get(), 0);
        codes.of(StatusCode::from_u16(200).unwrap()).inc();
        codes.of(StatusCode::CONTINUE).inc();
        codes.of(StatusCode::from_u16(999).unwrap()).inc();
        codes.of(StatusCode::from_u16(600).unwrap()).inc();
        for (code, count) in [("200", 1), ("100", 1), ("599", 2)] {
            assert_eq!(family.of(&["me", code]).unwrap().get(), count, "{code}");
        }
    }
}
