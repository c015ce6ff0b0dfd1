//! What conditions compare with: lists, lengths and texts that were checked when they were made.

use alloc::vec::Vec;
use core::fmt;

use crate::code::Code;
use crate::limits;
use crate::refusal::Refusal;

/// One to 64 distinct operands, in the order they were stated.
///
/// ```
/// use wane::{Directory, Operands};
/// let dirs = Operands::<Directory>::new(vec!["/data".parse()?])?;
/// assert_eq!(dirs.as_slice().len(), 1);
/// assert!(Operands::<Directory>::new(vec![]).is_err());
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operands<T>(Vec<T>);

impl<T: fmt::Display + PartialEq> Operands<T> {
    /// The operands as one list.
    ///
    /// # Errors
    /// `parse-condition` if there is none or one stands twice, `parse-limit` over 64.
    ///
    /// ```
    /// use wane::{Operands, Value};
    /// assert!(Operands::new(vec![Value::Null, Value::Bool(true)]).is_ok());
    /// assert!(Operands::new(vec![Value::Null, Value::Null]).is_err());
    /// ```
    pub fn new(operands: Vec<T>) -> Result<Self, Refusal> {
        if operands.is_empty() {
            return Err(Refusal::new(Code::ParseCondition, "conditions", "an empty list", "a list of operands"));
        }
        if operands.len() > limits::LIST {
            return Err(Refusal::new(Code::ParseLimit, "conditions", operands.len(), "64 operands"));
        }
        let repeats = |(i, operand)| operands.iter().skip(i + 1).any(|other| other == operand);
        if let Some((_, twice)) = operands.iter().enumerate().find(|entry| repeats(*entry)) {
            let found = alloc::format!("`{twice}` twice");
            return Err(Refusal::new(Code::ParseCondition, "conditions", found, "a list of distinct operands"));
        }
        Ok(Self(operands))
    }
}

impl<T> Operands<T> {
    /// The operands.
    ///
    /// ```
    /// # use wane::{Operands, Value};
    /// assert_eq!(Operands::new(vec![Value::Null])?.as_slice(), [Value::Null]);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }
}

/// How many elements or bytes: 0 to 2^53−1.
///
/// ```
/// assert_eq!(wane::Length::new(64)?.get(), 64);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Length(u64);

impl Length {
    /// This length.
    ///
    /// # Errors
    /// `parse-condition` over 2^53−1.
    ///
    /// ```
    /// assert!(wane::Length::new(1 << 53).is_err());
    /// ```
    pub fn new(length: u64) -> Result<Self, Refusal> {
        if length > limits::INTEGER_MAX.unsigned_abs() {
            return Err(Refusal::new(Code::ParseCondition, "conditions", length, "a length up to 9007199254740991"));
        }
        Ok(Self(length))
    }

    /// The number.
    ///
    /// ```
    /// assert_eq!(wane::Length::new(0)?.get(), 0);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whether `count` is no more than this.
    pub(super) fn bounds(self, count: usize) -> bool {
        u64::try_from(count).is_ok_and(|count| count <= self.0)
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A text of at most 256 bytes that passed a check when it was parsed.
macro_rules! text_operand {
    ($(#[$doc:meta])* $name:ident, $valid:expr, $what:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(alloc::boxed::Box<str>);

        impl $name {
            /// The operand as text.
            ///
            /// ```
            #[doc = concat!("let operand: wane::", stringify!($name), " = ", stringify!($example), ".parse()?;")]
            #[doc = concat!("assert_eq!(operand.as_str(), ", stringify!($example), ");")]
            /// # Ok::<(), wane::Refusal>(())
            /// ```
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl core::str::FromStr for $name {
            type Err = $crate::refusal::Refusal;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                use $crate::{code::Code, limits, refusal::Refusal};
                if text.len() > limits::TEXT_BYTES {
                    return Err(Refusal::new(Code::ParseLimit, "conditions", text.len(), "256 bytes of text"));
                }
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(Refusal::new(Code::ParseCondition, "conditions", $crate::json::quote_start(text), $what))
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(super) use text_operand;

text_operand! {
    /// The name of a trusted result field whose values the enforcement point keeps, 1–256 bytes:
    /// `search.results`.
    ///
    /// ```
    /// assert!("search.results".parse::<wane::Source>().is_ok());
    /// assert!("".parse::<wane::Source>().is_err());
    /// ```
    Source, |text| !text.is_empty(), "the name of a result field", "search.results"
}
