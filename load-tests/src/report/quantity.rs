//! Numbers as people read them: three digits and a unit.

/// A unit that suits a range of values, for a number in a sentence as well as for an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    /// Its sign.
    pub(crate) unit: &'static str,
    /// How much one of it is.
    pub(crate) one: f64,
}

/// What a number measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantity {
    /// Seconds.
    Time,
    /// Octets.
    Size,
    /// Things, whole ones.
    Count,
    /// Things, on average.
    Mean,
    /// Things a second.
    Rate,
    /// A share of the whole, 1 being all.
    Share,
}

const TIMES: [Scale; 3] =
    [Scale { unit: "s", one: 1.0 }, Scale { unit: "ms", one: 1e-3 }, Scale { unit: "µs", one: 1e-6 }];
const SIZES: [Scale; 4] = [
    Scale { unit: "GiB", one: 1_073_741_824.0 },
    Scale { unit: "MiB", one: 1_048_576.0 },
    Scale { unit: "KiB", one: 1024.0 },
    Scale { unit: "B", one: 1.0 },
];

impl Quantity {
    /// The unit in which a value of this size is best read.
    pub(crate) fn scale(self, value: f64) -> Scale {
        let largest_below = |scales: &[Scale]| {
            // What is rounded up to one of it is one of it.
            let fits = |scale: &&Scale| value.abs() >= 0.9995 * scale.one;
            *scales.iter().find(fits).unwrap_or(&scales[scales.len() - 1])
        };
        match self {
            Self::Time => largest_below(&TIMES),
            Self::Size => largest_below(&SIZES),
            Self::Count | Self::Mean => Scale { unit: "", one: 1.0 },
            Self::Rate => Scale { unit: "/s", one: 1.0 },
            Self::Share => Scale { unit: "%", one: 0.01 },
        }
    }

    /// The value with its unit.
    pub(crate) fn say(self, value: f64) -> String {
        if !value.is_finite() {
            return "not a number".to_owned();
        }
        if self == Self::Count {
            return grouped(&format!("{value:.0}"));
        }
        let scale = self.scale(if value == 0.0 { 1.0 } else { value });
        let number = digits(value / scale.one);
        if scale.unit.is_empty() { number } else { format!("{number} {}", scale.unit) }
    }

    /// The value with its unit, or a dash.
    pub(crate) fn say_if(self, value: Option<f64>) -> String {
        value.map_or_else(|| "–".to_owned(), |value| self.say(value))
    }
}

/// A count with its digits in groups of three.
pub(crate) fn count(count: u64) -> String {
    grouped(&count.to_string())
}

/// A count as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "counts and sizes stay far below 2^52")]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

/// Three significant digits, and no zeros behind the point that say nothing.
pub(crate) fn digits(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.0995 || size == 0.0 => 2,
        _ => 4,
    };
    let said = format!("{value:.decimals$}");
    let said = if said.contains('.') { said.trim_end_matches('0').trim_end_matches('.') } else { &said };
    if said == "-0" { "0".to_owned() } else { grouped(said) }
}

/// A comma before every third digit of the whole part.
fn grouped(number: &str) -> String {
    let (whole, fraction) = number.split_at(number.find('.').unwrap_or(number.len()));
    let (sign, whole) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut said = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    said + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_a_unit_that_suits_them() {
        let said = |quantity: Quantity, value: f64| quantity.say(value);
        assert_eq!(said(Quantity::Time, 0.0), "0 s");
        assert_eq!(said(Quantity::Time, 0.000_031_4), "31.4 µs");
        assert_eq!(said(Quantity::Time, 0.001), "1 ms");
        assert_eq!(said(Quantity::Time, 0.5023), "502 ms");
        assert_eq!(said(Quantity::Time, 0.9994), "999 ms");
        assert_eq!(said(Quantity::Time, 0.9996), "1 s");
        assert_eq!(said(Quantity::Time, 0.000_999_6), "1 ms");
        assert_eq!(said(Quantity::Size, 1023.6), "1 KiB");
        assert_eq!(said(Quantity::Time, 60.0), "60 s");
        assert_eq!(said(Quantity::Size, 0.0), "0 B");
        assert_eq!(said(Quantity::Time, 3600.0), "3,600 s");
        assert_eq!(said(Quantity::Size, 512.0), "512 B");
        assert_eq!(said(Quantity::Size, 1_048_576.0 * 23.4), "23.4 MiB");
        assert_eq!(said(Quantity::Size, -2048.0), "-2 KiB");
        assert_eq!(said(Quantity::Count, 1_234_567.0), "1,234,567");
        assert_eq!(said(Quantity::Mean, 4.996), "5");
        assert_eq!(said(Quantity::Rate, 40.04), "40 /s");
        assert_eq!(said(Quantity::Share, 0.001_26), "0.13 %");
        assert_eq!(said(Quantity::Share, 0.0), "0 %");
        assert_eq!(said(Quantity::Time, f64::NAN), "not a number");
    }

    #[test]
    fn digits_are_grouped_from_the_right() {
        assert_eq!([count(0), count(999), count(1000), count(1_000_000)], ["0", "999", "1,000", "1,000,000"]);
        assert_eq!(digits(-1234.0), "-1,234");
        assert_eq!(digits(-0.000_01), "0");
    }

    #[test]
    fn what_is_absent_is_a_dash() {
        assert_eq!(Quantity::Time.say_if(None), "–");
        assert_eq!(Quantity::Time.say_if(Some(2.0)), "2 s");
    }
}
