//! A single value written as JSON, read as the arguments are.

use alloc::format;

use super::{Node, read};
use crate::code::Code;
use crate::refusal::Refusal;
use crate::value::{INTEGER_RANGE, Value};

impl Value {
    /// The scalar written as JSON, by the rules of [`Arguments`](crate::Arguments): `1e2` is the integer 100.
    ///
    /// # Errors
    /// `parse-json-number` for a number that is no integer within ±(2^53−1), `parse-limit` for a text over 256
    /// bytes, `parse-json` for anything else that is not one JSON scalar.
    ///
    /// ```
    /// use wane::{Code, Value};
    /// assert_eq!(Value::from_json("1e2")?, Value::integer(100)?);
    /// assert_eq!(Value::from_json("\"a\"")?, Value::text("a")?);
    /// assert_eq!(Value::from_json("0.5").unwrap_err().code(), Code::ParseJsonNumber);
    /// assert_eq!(Value::from_json("1e400").unwrap_err().code(), Code::ParseJsonNumber);
    /// assert_eq!(Value::from_json("[]").unwrap_err().code(), Code::ParseJson);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn from_json(json: &str) -> Result<Self, Refusal> {
        match read::read(json.as_bytes())? {
            Node::Bool(truth) => Ok(Self::Bool(truth)),
            Node::Integer(integer) => Ok(Self::Integer(integer)),
            Node::Null => Ok(Self::Null),
            Node::Text(text) => Self::text(&text),
            Node::Float(number) => Err(Refusal::new(Code::ParseJsonNumber, "value", number, INTEGER_RANGE)),
            other => {
                let found = format!("{} where a scalar is expected", other.kind());
                Err(Refusal::new(Code::ParseJson, "value", found, ""))
            }
        }
    }
}
