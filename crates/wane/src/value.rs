//! The scalar values that conditions compare.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

use crate::cbor::Writer;
use crate::code::Code;
use crate::limits;
use crate::refusal::Refusal;

/// A scalar: null, a boolean, an integer within ±(2^53−1), or a text. Values of different types are
/// never equal: `1`, `"1"` and `true` differ.
///
/// ```
/// use wane::Value;
/// assert_ne!(Value::integer(1)?, Value::text("1")?);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    /// `null`, which is present.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer within ±(2^53−1).
    Integer(Integer),
    /// A text of at most 256 bytes.
    Text(Box<str>),
}

/// An integer within ±(2^53−1), the range every JSON implementation keeps exactly.
///
/// ```
/// assert_eq!(wane::Integer::new(7).map(wane::Integer::get), Some(7));
/// assert_eq!(wane::Integer::new(1 << 53), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Integer(i64);

/// What an integer out of range is compared with, in messages.
pub(crate) const INTEGER_RANGE: &str = "-9007199254740991 to 9007199254740991";

impl Integer {
    pub(crate) const ZERO: Self = Self(0);

    /// The integer, if it lies within ±(2^53−1).
    ///
    /// ```
    /// assert!(wane::Integer::new(-9_007_199_254_740_991).is_some());
    /// ```
    #[must_use]
    pub const fn new(value: i64) -> Option<Self> {
        if value >= -limits::INTEGER_MAX && value <= limits::INTEGER_MAX { Some(Self(value)) } else { None }
    }

    /// The number.
    ///
    /// ```
    /// assert_eq!(wane::Integer::new(-3).unwrap().get(), -3);
    /// ```
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl Value {
    /// An integer value.
    ///
    /// # Errors
    /// `parse-json-number` outside ±(2^53−1).
    ///
    /// ```
    /// assert!(wane::Value::integer(1 << 60).is_err());
    /// ```
    pub fn integer(value: i64) -> Result<Self, Refusal> {
        Integer::new(value)
            .map(Self::Integer)
            .ok_or_else(|| Refusal::new(Code::ParseJsonNumber, "value", value, INTEGER_RANGE))
    }

    /// A text value.
    ///
    /// # Errors
    /// `parse-limit` over 256 bytes.
    ///
    /// ```
    /// assert_eq!(wane::Value::text("hr")?.to_string(), "\"hr\"");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn text(value: &str) -> Result<Self, Refusal> {
        if value.len() > limits::TEXT_BYTES {
            return Err(Refusal::new(Code::ParseLimit, "value", value.len(), "256 bytes of text"));
        }
        Ok(Self::Text(value.to_string().into_boxed_str()))
    }

    /// As deterministic CBOR, as the digest of a request has it.
    ///
    /// ```
    /// assert_eq!(wane::Value::text("hr")?.to_cbor(), b"\x62hr");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn to_cbor(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.value(self);
        out.into_bytes()
    }

    /// The type as a word, for messages: `null`, `a boolean`, `an integer` or `a text`.
    ///
    /// ```
    /// assert_eq!(wane::Value::Bool(true).kind(), "a boolean");
    /// ```
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Text(_) => "a text",
        }
    }
}

/// As JSON: `null`, `true`, `7`, `"text"`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{}", value.get()),
            Self::Text(text) => f.write_str(&crate::json::quote(text)),
        }
    }
}
