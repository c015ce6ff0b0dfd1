//! Arguments: small trees.

/// A value as JSON has it. Members stand in the order of their encoded names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Int(i64),
    /// One half: the one number here that is no integer.
    Half,
    Text(&'static str),
    /// This text so many times.
    Long(&'static str, usize),
    Array(Vec<Tree>),
    Object(Vec<(&'static str, Tree)>),
}

impl Tree {
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some((*text).into()),
            Self::Long(text, times) => Some(text.repeat(*times)),
            _ => None,
        }
    }

    /// The texts here need no escapes.
    pub(crate) fn json(&self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Half => "0.5".into(),
            Self::Text(_) | Self::Long(..) => format!("\"{}\"", self.text().unwrap_or_default()),
            Self::Array(elements) => {
                let elements: Vec<String> = elements.iter().map(Self::json).collect();
                format!("[{}]", elements.join(","))
            }
            Self::Object(members) => {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("\"{name}\":{}", value.json())).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }
}
