//! Conditions: tests on one argument or fact of a request.

mod cidr;
mod glob;
mod host;
mod judge;
mod operand;
mod path;
mod target;
pub(crate) mod words;

use alloc::collections::BTreeMap;
use core::fmt;

pub use cidr::Network;
pub use glob::Glob;
pub use host::{Host, Scheme};
pub use operand::{Length, Operands, Source};
pub use path::Directory;
pub use target::Target;

pub(crate) use judge::Evidence;

use crate::arguments::Arguments;
use crate::code::Code;
use crate::limits;
use crate::name::Name;
use crate::refusal::Refusal;
use crate::value::{Integer, Value};

/// A test on one argument or fact of a request: `path under /data`.
///
/// On an array it holds if the array is not empty, has only scalars, and every element satisfies it. On
/// something missing it fails; only `absent` holds there.
///
/// ```
/// let condition: wane::Condition = "limit <= 100".parse()?;
/// assert_eq!(condition.target().to_string(), "/limit");
/// assert!(matches!(condition.test(), wane::Test::AtMost(n) if n.get() == 100));
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    target: Target,
    test: Test,
}

impl Condition {
    /// The condition that `target` passes `test`.
    ///
    /// # Errors
    /// `parse-condition` for the fact `@said`, whose name is taken; `parse-limit` for a text operand over
    /// 256 bytes.
    ///
    /// ```
    /// use wane::{Condition, Target, Test, Value};
    /// let condition = Condition::new("@env".parse()?, Test::Equals(Value::text("prod")?))?;
    /// assert_eq!(condition.to_string(), "@env = prod");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn new(target: Target, test: Test) -> Result<Self, Refusal> {
        // spec: T80
        if matches!(&target, Target::Fact(name) if name.as_str() == "said") {
            return Err(target::said_alone());
        }
        let values = match &test {
            Test::Equals(value) => core::slice::from_ref(value),
            Test::In(values) => values.as_slice(),
            _ => &[],
        };
        for value in values {
            if let Value::Text(text) = value
                && text.len() > limits::TEXT_BYTES
            {
                return Err(Refusal::new(Code::ParseLimit, "conditions", text.len(), "256 bytes of text"));
            }
        }
        Ok(Self { target, test })
    }

    /// What is tested.
    ///
    /// ```
    /// assert_eq!("@env = prod".parse::<wane::Condition>()?.target().to_string(), "@env");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// Whether it holds for these arguments and facts of an enforcement point. In a condition of a catalogue nothing is said by
    /// the holder, and nothing was seen.
    ///
    /// # Errors
    /// `deny-condition` where it does not hold; `deny-argument-shape` also for an array of which some elements satisfy it and some do
    /// not, so that no rule is passed by with one more element; `deny-missing-argument`, `deny-missing-fact`, `deny-argument-shape`,
    /// `deny-argument-type`, `deny-path`, `deny-url` or `deny-address` where it cannot be told.
    ///
    /// ```
    /// use wane::{Arguments, Code, Condition};
    /// let condition: Condition = "path under /data".parse()?;
    /// let on = |json: &str| condition.holds(&Arguments::from_json(json.as_bytes())?, &Default::default());
    /// assert!(on(r#"{"path": "/data/a"}"#).is_ok());
    /// assert_eq!(on(r#"{"path": "/etc"}"#).unwrap_err().code(), Code::DenyCondition);
    /// assert_eq!(on(r#"{"path": "/data/../etc"}"#).unwrap_err().code(), Code::DenyPath);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn holds(&self, arguments: &Arguments, facts: &BTreeMap<Name, Value>) -> Result<(), Refusal> {
        let (said, seen) = (BTreeMap::new(), BTreeMap::new());
        self.judge_alike(&Evidence { arguments, facts, said: &said, seen: &seen })
    }

    /// The test.
    ///
    /// ```
    /// assert_eq!("cwd absent".parse::<wane::Condition>()?.test(), &wane::Test::Absent);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub const fn test(&self) -> &Test {
        &self.test
    }
}

/// As scope text writes it: `path under /data, /tmp`. It parses back to the same condition.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        words::target(f, &self.target)?;
        words::test(f, &self.test)
    }
}

/// What a condition asks of a value: a closed set. Comparison is by type: `1`, `"1"` and `true` differ.
///
/// ```
/// use wane::{Operands, Test};
/// let test = Test::Under(Operands::new(vec!["/data".parse()?, "/tmp".parse()?])?);
/// assert_eq!("path under /data, /tmp".parse::<wane::Condition>()?.test(), &test);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// `absent`: nothing stands there, and every existing step above is an object. `null` is present.
    Absent,
    /// `>= n`, on integers.
    AtLeast(Integer),
    /// `<= n`, on integers.
    AtMost(Integer),
    /// `cidr c[, c]`: a literal address in one of the networks. IPv4-mapped addresses count as IPv4.
    Cidr(Operands<Network>),
    /// `= value`: this value, of this type.
    Equals(Value),
    /// `host h[, h]`: a URL in its plain form, without userinfo, on one of these hosts.
    Host(Operands<Host>),
    /// `in [value, ..]`: one of these values.
    In(Operands<Value>),
    /// `len <= n`: at most so many elements of an array, or bytes of a text.
    LenAtMost(Length),
    /// `like glob`: the whole text matches.
    Like(Glob),
    /// `scheme s`: a URL in its plain form, without userinfo, with this scheme.
    Scheme(Scheme),
    /// `seen s[, s]`: exactly this value was returned in this session by one of these trusted fields.
    Seen(Operands<Source>),
    /// `under dir[, dir]`: a plain absolute path that is or lies below one of the directories. Symbolic
    /// links are not seen.
    Under(Operands<Directory>),
}

#[cfg(test)]
mod tests;
