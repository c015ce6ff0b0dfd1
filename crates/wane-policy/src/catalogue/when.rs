//! `when`: the conditions under which a rule, or the entry of a resource, matches.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use wane::{Arguments, Code, Condition, Name, Refusal, Scope, Target, Test, Value};

/// Conditions that must all hold; without any it always matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct When(Vec<Condition>);

impl When {
    /// Whether it matches every call.
    pub(super) const fn is_always(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it matches; refused where one of its conditions cannot be judged.
    pub(super) fn matches(&self, arguments: &Arguments, facts: &BTreeMap<Name, Value>) -> Result<bool, Refusal> {
        match self.judge(arguments, facts) {
            Ok(()) => Ok(true),
            Err(refusal) if refusal.code() == Code::DenyCondition => Ok(false),
            Err(refusal) => Err(refusal),
        }
    }

    /// The refusal of the first condition that does not hold. `deny-condition` alone says that it does not match.
    // spec: C7
    pub(super) fn judge(&self, arguments: &Arguments, facts: &BTreeMap<Name, Value>) -> Result<(), Refusal> {
        self.0.iter().try_for_each(|condition| condition.holds(arguments, facts))
    }
}

impl FromStr for When {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        // The reader of scope text reads conditions behind `if`; with `open` at the end nothing else can follow them.
        let scope: Scope = format!("* if {text} open").parse()?;
        let refuse = |what: &str| {
            Err(Refusal::new(Code::ParseCatalogue, "when", format_args!("{what} has no place in `when`: `{text}`"), ""))
        };
        // spec: C5
        for condition in scope.conditions() {
            match (condition.target(), condition.test()) {
                (Target::Said(_), _) => return refuse("what the holder says"),
                (_, Test::Seen(_)) => return refuse("`seen`"),
                _ => {}
            }
        }
        Ok(Self(scope.conditions().to_vec()))
    }
}

/// As it is written, `path under /a and limit <= 5`.
impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, condition) in self.0.iter().enumerate() {
            write!(f, "{}{condition}", if i == 0 { "" } else { " and " })?;
        }
        Ok(())
    }
}
