//! JSON numbers, read from their text: what is exactly an integer is one, everything else is the nearest
//! double. An exponent is compared and never expanded, so `1e999999999` costs what `1e9` costs.

use core::iter;

use crate::limits;
use crate::value::Integer;

/// A number of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Integer(Integer),
    /// Finite, neither zero nor integral.
    Float(f64),
}

/// Why a text is not a number here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not a number of RFC 8259 section 6.
    Grammar,
    /// An integer beyond ±(2^53−1).
    IntegerRange,
    /// A fraction whose nearest double is zero, infinite or an integer.
    FloatRange,
}

/// Digits of 2^53: an integer with more is out of range.
const INTEGER_DIGITS: i64 = 16;

/// The parts of a number's text.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    /// The power of ten, held within ±2^40: far above what digits of a request could make up for.
    exponent: i64,
}

pub(crate) fn read(text: &str) -> Result<Number, Fault> {
    let parts = split(text).ok_or(Fault::Grammar)?;
    let digits = || parts.whole.bytes().chain(parts.fraction.bytes());
    let Some(first) = digits().position(|digit| digit != b'0') else {
        return Ok(Number::Integer(Integer::ZERO));
    };
    let last = count(digits()) - count(digits().rev().take_while(|digit| *digit == b'0'));
    // The value is 0.d₁d₂…dₖ × 10^magnitude with d₁ and dₖ not zero: an integer unless digits stay behind
    // the point.
    let leading = count(iter::repeat_n((), first));
    let magnitude = count(parts.whole.bytes()) - leading + parts.exponent;
    let significant = last - leading;
    if magnitude < significant {
        return float(text);
    }
    if magnitude > INTEGER_DIGITS {
        // spec: T126
        return Err(Fault::IntegerRange);
    }
    let zeros = digits().chain(iter::repeat(b'0')).skip(first);
    let value = (0..magnitude).zip(zeros).fold(0_i64, |sum, (_, digit)| sum * 10 + i64::from(digit - b'0'));
    Integer::new(if parts.negative { -value } else { value }).map(Number::Integer).ok_or(Fault::IntegerRange)
}

fn float(text: &str) -> Result<Number, Fault> {
    let value: f64 = text.parse().map_err(|_| Fault::Grammar)?;
    // A remainder of zero is zero or an integer; infinity has none.
    if value.is_finite() && value % 1.0 != 0.0 { Ok(Number::Float(value)) } else { Err(Fault::FloatRange) }
}

fn split(text: &str) -> Option<Parts<'_>> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        None => (text, 0),
        Some((mantissa, power)) => {
            let (down, power) = match power.strip_prefix('-') {
                Some(rest) => (true, rest),
                None => (false, power.strip_prefix('+').unwrap_or(power)),
            };
            let held = |sum: i64, digit: u8| (sum * 10 + i64::from(digit - b'0')).min(1 << 40);
            let size = digits(power).then(|| power.bytes().fold(0, held))?;
            (mantissa, if down { -size } else { size })
        }
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        None => (mantissa, ""),
        Some((whole, fraction)) => (whole, digits(fraction).then_some(fraction)?),
    };
    let canonical = digits(whole) && (whole == "0" || !whole.starts_with('0'));
    canonical.then_some(Parts { negative, whole, fraction, exponent })
}

/// How many, as a number that may be subtracted. A request has at most [`limits::REQUEST_BYTES`] digits.
fn count<T>(items: impl Iterator<Item = T>) -> i64 {
    i64::try_from(items.take(limits::REQUEST_BYTES).count()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::{String, ToString};
    use proptest::prelude::*;

    fn integer(value: i64) -> Result<Number, Fault> {
        Ok(Number::Integer(Integer::new(value).unwrap()))
    }

    #[test]
    fn what_is_exactly_an_integer_is_one() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("-0.0e-5", 0),
            ("0e99999999999", 0),
            ("0e-99999999999999999999999", 0),
            ("1.0", 1),
            ("1e2", 100),
            ("1E+2", 100),
            ("1200e-2", 12),
            ("-12.50e1", -125),
            ("9007199254740991", 9_007_199_254_740_991),
            ("-9007199254740991.000", -9_007_199_254_740_991),
            ("9.007199254740991e15", 9_007_199_254_740_991),
            ("0.00000000000000000000000000000001e32", 1),
        ] {
            assert_eq!(read(text), integer(value), "{text}");
        }
        assert_eq!(read(&format!("1{}e-400", "0".repeat(400))), integer(1));
        assert_eq!(read(&format!("0.{}1e401", "0".repeat(400))), integer(1));
    }

    #[test]
    fn integers_beyond_two_to_the_53_are_refused() {
        for text in ["9007199254740992", "9007199254740993", "-9007199254740992", "1e16", "1e400", "1e999999999"] {
            assert_eq!(read(text), Err(Fault::IntegerRange), "{text}");
        }
        assert_eq!(read("1e99999999999999999999999999"), Err(Fault::IntegerRange));
        assert_eq!(read("9007199254740993.0"), Err(Fault::IntegerRange));
        assert_eq!(read("18446744073709551617"), Err(Fault::IntegerRange));
    }

    #[test]
    fn fractions_become_the_nearest_double() {
        assert_eq!(read("0.1"), Ok(Number::Float(0.1)));
        assert_eq!(read("-1.5e-3"), Ok(Number::Float(-0.0015)));
        assert_eq!(read("5e-324"), Ok(Number::Float(5e-324)));
        // Between two doubles: the nearer, which not every reader finds.
        assert_eq!(read("2.2250738585072011e-308"), Ok(Number::Float(2.225_073_858_507_201e-308)));
    }

    #[test]
    fn fractions_that_no_double_keeps_are_refused() {
        for text in ["1e-400", "1e-999999999", "9007199254740993.5", "4503599627370496.5", "0.99999999999999999999"] {
            assert_eq!(read(text), Err(Fault::FloatRange), "{text}");
        }
        assert_eq!(read(&format!("1{}.5", "0".repeat(400))), Err(Fault::FloatRange));
    }

    #[test]
    fn texts_outside_the_grammar() {
        for text in ["", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "1e1.5", "1.e1", "0x10", "NaN", "1_0", "--1"]
        {
            assert_eq!(read(text), Err(Fault::Grammar), "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn an_integer_is_found_however_it_is_written(value in -9_007_199_254_740_991_i64..=9_007_199_254_740_991, shift in 0_usize..40) {
            prop_assert_eq!(read(&format!("{value}{}e-{shift}", "0".repeat(shift))), integer(value));
            let digits = format!("{:0>40}", value.unsigned_abs());
            let (whole, fraction) = digits.split_at(40 - shift);
            let whole = Some(whole.trim_start_matches('0')).filter(|w| !w.is_empty()).unwrap_or("0");
            let point = if fraction.is_empty() { "" } else { "." };
            let sign = if value < 0 { "-" } else { "" };
            prop_assert_eq!(read(&format!("{sign}{whole}{point}{fraction}E{shift}")), integer(value));
        }

        #[test]
        fn a_double_that_is_no_integer_is_kept(value in proptest::num::f64::NORMAL) {
            let text: String = format!("{value:e}");
            match read(&text) {
                Ok(Number::Float(read)) => prop_assert_eq!(read, value),
                Ok(Number::Integer(read)) => prop_assert_eq!(read.get().to_string().parse::<f64>().unwrap(), value),
                Err(fault) => prop_assert!(fault == Fault::IntegerRange && value.abs() > 9e15),
            }
        }
    }
}
