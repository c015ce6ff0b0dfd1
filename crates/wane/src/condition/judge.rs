//! Whether a request satisfies a condition.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};

use super::{Condition, Target, Test, cidr, host, path};
use crate::arguments::{Arguments, Lookup, Node};
use crate::code::Code;
use crate::json;
use crate::limits;
use crate::name::Name;
use crate::refusal::Refusal;
use crate::value::{Integer, Value};

/// What conditions are judged on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evidence<'a> {
    pub(crate) arguments: &'a Arguments,
    /// Stated by the enforcement point.
    pub(crate) facts: &'a BTreeMap<Name, Value>,
    /// Stated by the holder, in the seal.
    pub(crate) said: &'a BTreeMap<Name, Value>,
    /// The values that each trusted result field returned in this session.
    pub(crate) seen: &'a BTreeMap<Box<str>, BTreeSet<Value>>,
}

/// A value that a condition may be judged on.
#[derive(Clone, Copy, PartialEq)]
enum Scalar<'a> {
    Bool(bool),
    Integer(Integer),
    Null,
    Text(&'a str),
}

impl Condition {
    /// Whether the request satisfies this condition.
    pub(crate) fn judge(&self, evidence: &Evidence<'_>) -> Result<(), Refusal> {
        let stated = match &self.target {
            Target::Argument(pointer) => match evidence.arguments.lookup(pointer) {
                Lookup::Found(node) => return self.judge_argument(node, evidence),
                // spec: T82 T83
                Lookup::Blocked(above) => return Err(self.shape(&format!("`{above}` is not an object"))),
                Lookup::Missing => None,
            },
            // spec: T90
            Target::Fact(name) => evidence.facts.get(name),
            Target::Said(name) => evidence.said.get(name),
        };
        match (stated, &self.target) {
            // spec: T87
            (Some(Value::Text(text)), _)
                if self.test != Test::Absent && text.len() > limits::CONDITIONED_TEXT_BYTES =>
            {
                Err(self.shape(&format!("a text of {} bytes, more than 4096", text.len())))
            }
            (Some(value), _) => self.judge_scalar(value.into(), evidence),
            (None, _) if self.test == Test::Absent => Ok(()),
            // spec: T84
            (None, Target::Argument(_)) => Err(self.refuse(Code::DenyMissingArgument, &self.target.to_string())),
            (None, _) => Err(self.refuse(Code::DenyMissingFact, &self.target.to_string())),
        }
    }

    /// The same, but that an array of which only some elements satisfy the condition cannot be judged.
    pub(crate) fn judge_alike(&self, evidence: &Evidence<'_>) -> Result<(), Refusal> {
        let refusal = match self.judge(evidence) {
            Err(refusal) if refusal.code() == Code::DenyCondition => refusal,
            answer => return answer,
        };
        let Target::Argument(pointer) = &self.target else { return Err(refusal) };
        let Lookup::Found(Node::Array(elements)) = evidence.arguments.lookup(pointer) else { return Err(refusal) };
        let holds = |node: &Node| self.scalar(node, "").and_then(|scalar| self.judge_scalar(scalar, evidence)).is_ok();
        // `len` counts elements, and asks nothing of any.
        let some = !matches!(self.test, Test::LenAtMost(_)) && elements.iter().any(holds);
        Err(if some { self.shape("an array of which only some elements satisfy the condition") } else { refusal })
    }

    fn judge_argument(&self, node: &Node, evidence: &Evidence<'_>) -> Result<(), Refusal> {
        if self.test == Test::Absent {
            return Err(self.refuse(Code::DenyCondition, &format!("{} at {}", node.kind(), self.target)));
        }
        let Node::Array(elements) = node else {
            return self.judge_scalar(self.scalar(node, "")?, evidence);
        };
        // spec: T86
        if elements.is_empty() {
            return Err(self.shape("an empty array"));
        }
        if elements.len() > limits::CONDITIONED_ELEMENTS {
            return Err(self.shape(&format!("an array of {}", elements.len())));
        }
        // spec: T162
        let bytes: usize = elements.iter().map(Node::text_bytes).sum();
        if bytes > limits::CONDITIONED_ARRAY_BYTES {
            return Err(self.shape(&format!("an array with {bytes} bytes of text")));
        }
        for element in elements {
            self.scalar(element, "an array with ")?;
        }
        if let Test::LenAtMost(length) = &self.test {
            let found = || format!("an array of {}", elements.len());
            return if length.bounds(elements.len()) {
                Ok(())
            } else {
                Err(self.refuse(Code::DenyCondition, &found()))
            };
        }
        elements.iter().try_for_each(|element| self.judge_scalar(self.scalar(element, "")?, evidence))
    }

    fn judge_scalar(&self, scalar: Scalar<'_>, evidence: &Evidence<'_>) -> Result<(), Refusal> {
        let same_type =
            |value: &Value| core::mem::discriminant(&Scalar::from(value)) == core::mem::discriminant(&scalar);
        let (holds, otherwise) = match (&self.test, scalar) {
            // spec: T85
            (Test::Absent, _) => (false, Code::DenyCondition),
            (Test::AtLeast(bound), Scalar::Integer(value)) => (value >= *bound, Code::DenyCondition),
            (Test::AtMost(bound), Scalar::Integer(value)) => (value <= *bound, Code::DenyCondition),
            (Test::Cidr(networks), Scalar::Text(text)) => match cidr::address(text) {
                Some(address) => (networks.as_slice().iter().any(|net| net.holds(&address)), Code::DenyCondition),
                None => (false, Code::DenyAddress),
            },
            (Test::Equals(value), _) if same_type(value) => (Scalar::from(value) == scalar, Code::DenyCondition),
            (Test::Host(hosts), Scalar::Text(text)) => match host::plain_url(text) {
                Some(url) => (hosts.as_slice().iter().any(|host| host.admits(&url)), Code::DenyCondition),
                None => (false, Code::DenyUrl),
            },
            (Test::In(values), _) if values.as_slice().iter().any(same_type) => {
                (values.as_slice().iter().any(|value| Scalar::from(value) == scalar), Code::DenyCondition)
            }
            (Test::LenAtMost(length), Scalar::Text(text)) => (length.bounds(text.len()), Code::DenyCondition),
            (Test::Like(glob), Scalar::Text(text)) => (glob.matches(text), Code::DenyCondition),
            (Test::Scheme(scheme), Scalar::Text(text)) => match host::plain_url(text) {
                Some(url) => (url.scheme() == scheme.as_str(), Code::DenyCondition),
                None => (false, Code::DenyUrl),
            },
            (Test::Seen(sources), _) => {
                let value = scalar.to_value();
                // spec: T99
                let returned = |source: &str| evidence.seen.get(source).is_some_and(|values| values.contains(&value));
                (sources.as_slice().iter().any(|source| returned(source.as_str())), Code::DenyCondition)
            }
            (Test::Under(dirs), Scalar::Text(text)) if path::is_plain(text) => {
                (dirs.as_slice().iter().any(|dir| dir.holds(text)), Code::DenyCondition)
            }
            (Test::Under(_), Scalar::Text(_)) => (false, Code::DenyPath),
            // spec: T88
            _ => (false, Code::DenyArgumentType),
        };
        // spec: T89
        if holds { Ok(()) } else { Err(self.refuse(otherwise, &scalar.shown())) }
    }

    /// The value as a scalar that may stand under a condition; `context` starts the message if it may not.
    fn scalar<'a>(&self, node: &'a Node, context: &str) -> Result<Scalar<'a>, Refusal> {
        match node {
            Node::Bool(value) => Ok(Scalar::Bool(*value)),
            Node::Integer(value) => Ok(Scalar::Integer(*value)),
            Node::Null => Ok(Scalar::Null),
            // spec: T87
            Node::Text(text) if text.len() <= limits::CONDITIONED_TEXT_BYTES => Ok(Scalar::Text(text)),
            Node::Text(text) => Err(self.shape(&format!("{context}a text of {} bytes, more than 4096", text.len()))),
            Node::Array(_) | Node::Float(_) | Node::Object(_) => Err(self.shape(&format!("{context}{}", node.kind()))),
        }
    }

    fn shape(&self, why: &str) -> Refusal {
        Refusal::new(Code::DenyArgumentShape, "conditions", &self.target, why)
    }

    fn refuse(&self, code: Code, found: &str) -> Refusal {
        // These three messages end with the condition, the others quote it themselves.
        let bare = matches!(code, Code::DenyArgumentType | Code::DenyMissingArgument | Code::DenyMissingFact);
        let bound = if bare { format!("`{self}`") } else { self.to_string() };
        Refusal::new(code, "conditions", found, bound)
    }
}

impl Scalar<'_> {
    fn to_value(self) -> Value {
        match self {
            Self::Bool(value) => Value::Bool(value),
            Self::Integer(value) => Value::Integer(value),
            Self::Null => Value::Null,
            Self::Text(text) => Value::Text(text.into()),
        }
    }

    fn shown(self) -> String {
        match self {
            Self::Text(text) => json::quote_start(text),
            Self::Bool(_) | Self::Integer(_) | Self::Null => self.to_value().to_string(),
        }
    }
}

impl<'a> From<&'a Value> for Scalar<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::Integer(value) => Self::Integer(*value),
            Value::Null => Self::Null,
            Value::Text(text) => Self::Text(text),
        }
    }
}
