//! Actions with places for arguments: `read:hr:{table}`, `send:web:{host url}`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use wane::{Action, Arguments, Code, Host, Name, Pattern, Pointer, Refusal, Target, Value};

/// What becomes an action when the arguments are filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    /// The verb, which is always written out.
    verb: String,
    parts: Vec<Part>,
}

/// One segment of an action after the verb.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Segment(String),
    /// `{target}`: a scalar as it is written.
    Scalar(Place),
    /// `{host target}`: the host of a URL.
    Host(Place),
}

/// Where a scalar stands that is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Argument(Pointer),
    Fact(Name),
}

impl Place {
    /// The scalar there, if one is.
    pub(super) fn scalar(&self, arguments: &Arguments, facts: &BTreeMap<Name, Value>) -> Option<Value> {
        match self {
            Self::Argument(pointer) => arguments.scalar(pointer),
            Self::Fact(name) => facts.get(name).cloned(),
        }
    }
}

impl Template {
    pub(super) fn verb(&self) -> &str {
        &self.verb
    }

    /// Every action that can come out lies in this pattern.
    pub(super) fn pattern(&self) -> Result<Pattern, Refusal> {
        let segments = self.parts.iter().map(|part| match part {
            Part::Segment(segment) => segment.as_str(),
            Part::Scalar(_) | Part::Host(_) => "*",
        });
        std::iter::once(self.verb()).chain(segments).collect::<Vec<_>>().join(":").parse()
    }

    /// The action for these arguments.
    pub(super) fn fill(&self, arguments: &Arguments, facts: &BTreeMap<Name, Value>) -> Result<Action, Refusal> {
        let mut text = self.verb.clone();
        for part in &self.parts {
            text.push(':');
            match part {
                Part::Segment(segment) => text.push_str(segment),
                Part::Scalar(place) => text.push_str(&self.segment(place, arguments, facts)?),
                Part::Host(place) => text.push_str(&self.host(place, arguments, facts)?),
            }
        }
        // spec: C14
        text.parse().map_err(|_| self.refuse(&format!("an action of {} bytes", text.len())))
    }

    fn segment(&self, place: &Place, arguments: &Arguments, facts: &BTreeMap<Name, Value>) -> Result<String, Refusal> {
        let scalar = place.scalar(arguments, facts);
        let text = match &scalar {
            // spec: C16
            Some(Value::Text(text)) => text.to_string(),
            Some(Value::Integer(integer)) => integer.get().to_string(),
            Some(Value::Bool(truth)) => truth.to_string(),
            Some(Value::Null) | None => return Err(self.refuse(&format!("what stands at {place}"))),
        };
        // A tool that takes it for a path would walk out of what the action names.
        let walks = text.split('/').any(|piece| matches!(piece, "" | "." | ".."));
        if is_segment(&text) && !walks { Ok(text) } else { Err(self.refuse(&format!("what stands at {place}"))) }
    }

    // spec: C15
    fn host(&self, place: &Place, arguments: &Arguments, facts: &BTreeMap<Name, Value>) -> Result<String, Refusal> {
        let host = match place.scalar(arguments, facts) {
            Some(Value::Text(url)) if url.starts_with("https://") || url.starts_with("http://") => {
                Host::of_url(&url).ok()
            }
            _ => None,
        };
        // A host with a port, and an IPv6 address, are no segments.
        let name = host.map(|host| host.as_str().to_owned()).filter(|host| is_segment(host));
        name.ok_or_else(|| self.refuse(&format!("the host of what stands at {place}")))
    }

    fn refuse(&self, found: &str) -> Refusal {
        // spec: C9
        let pattern = self.pattern().map_or(String::new(), |pattern| pattern.as_str().to_owned());
        Refusal::new(Code::DenyTemplate, "actions", found, pattern)
    }
}

/// Whether it is one segment of an action.
fn is_segment(text: &str) -> bool {
    !text.contains(':') && text.parse::<Action>().is_ok()
}

impl FromStr for Template {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let refuse = |why: &str| {
            Refusal::new(
                Code::ParseCatalogue,
                "action",
                format_args!("`{text}` is no template of an action: {why}"),
                "",
            )
        };
        let mut pieces = split(text).into_iter();
        let verb =
            pieces.next().filter(|verb| is_segment(verb)).ok_or_else(|| refuse("its verb is not written out"))?;
        let parts = pieces.map(|piece| part(piece).ok_or_else(|| refuse(piece))).collect::<Result<Vec<_>, _>>()?;
        let template = Self { verb: verb.to_owned(), parts };
        template.pattern().map_err(|_| refuse("more than 8 segments or 256 bytes"))?;
        Ok(template)
    }
}

/// The pieces between the `:` that stand outside of braces.
fn split(text: &str) -> Vec<&str> {
    let mut inside = false;
    text.split(|c| {
        inside = match c {
            '{' => true,
            '}' => false,
            _ => inside,
        };
        c == ':' && !inside
    })
    .collect()
}

fn part(piece: &str) -> Option<Part> {
    match piece.strip_prefix('{') {
        None => is_segment(piece).then(|| Part::Segment(piece.to_owned())),
        Some(rest) => {
            let inside = rest.strip_suffix('}')?;
            match inside.strip_prefix("host ") {
                Some(place) => place.parse().ok().map(Part::Host),
                None => inside.parse().ok().map(Part::Scalar),
            }
        }
    }
}

/// As scope text writes a target: a pointer, the name of an argument for `/name`, or `@fact`.
impl FromStr for Place {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let odd = |c: char| c.is_whitespace() || c == '{' || c == '}';
        let refuse = || {
            let found = format_args!("`{text}` names neither an argument nor a fact");
            Refusal::new(Code::ParseCatalogue, "action", found, "")
        };
        if text.is_empty() || text.contains(odd) {
            return Err(refuse());
        }
        let written = if text.starts_with(['/', '@']) { text.to_owned() } else { format!("/{text}") };
        match written.parse()? {
            Target::Argument(pointer) => Ok(Self::Argument(pointer)),
            Target::Fact(name) => Ok(Self::Fact(name)),
            Target::Said(_) => Err(refuse()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(pointer) => write!(f, "{pointer}"),
            Self::Fact(name) => write!(f, "@{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str, json: &str) -> Result<String, Code> {
        let template: Template = template.parse().unwrap();
        let arguments = Arguments::from_json(json.as_bytes()).unwrap();
        let facts = BTreeMap::from([("env".parse().unwrap(), Value::text("prod").unwrap())]);
        let filled = template.fill(&arguments, &facts);
        if let Ok(action) = &filled {
            assert!(template.pattern().unwrap().covers(action));
        }
        filled.map(|action| action.as_str().to_owned()).map_err(|refusal| refusal.code())
    }

    #[test]
    fn arguments_become_segments() {
        for (template, json, action) in [
            ("read", "{}", "read"),
            ("read:hr:{table}", r#"{"table": "people"}"#, "read:hr:people"),
            ("read:{/a/b}", r#"{"a": {"b": 7}}"#, "read:7"),
            ("read:{a}:{@env}", r#"{"a": true}"#, "read:true:prod"),
            ("read:{a:b}", r#"{"a:b": "x"}"#, "read:x"),
            ("read:repo:{repo}", r#"{"repo": "octo/cat"}"#, "read:repo:octo/cat"),
            ("send:{host url}", r#"{"url": "https://api.example.com/x?y=1"}"#, "send:api.example.com"),
            ("send:{host url}", r#"{"url": "http://10.0.0.1/"}"#, "send:10.0.0.1"),
        ] {
            assert_eq!(filled(template, json), Ok(action.to_owned()), "{template} {json}");
        }
    }

    #[test]
    fn what_does_not_fit_is_denied() {
        for (template, json) in [
            ("read:{a}", "{}"),
            ("read:{a}", r#"{"a": null}"#),
            ("read:{a}", r#"{"a": ""}"#),
            ("read:{a}", r#"{"a": "*"}"#),
            ("read:{a}", r#"{"a": "x:y"}"#),
            ("read:{a}", r#"{"a": "x y"}"#),
            ("read:{a}", r#"{"a": "ü"}"#),
            ("read:{a}", r#"{"a": "x\n"}"#),
            ("read:{a}", r#"{"a": ["x"]}"#),
            ("read:{a}", r#"{"a": 0.5}"#),
            ("read:{/a/b}", r#"{"a": "b"}"#),
            ("read:{@other}", "{}"),
            ("send:{host url}", r#"{"url": "https://EXAMPLE.com/"}"#),
            ("send:{host url}", r#"{"url": "https://example.com:8443/"}"#),
            ("send:{host url}", r#"{"url": "https://[::1]/"}"#),
            ("send:{host url}", r#"{"url": "https://a@example.com/"}"#),
            ("send:{host url}", r#"{"url": "file:///etc"}"#),
            ("send:{host url}", r#"{"url": "ftp://example.com/"}"#),
            ("send:{host url}", r#"{"url": "gopher-x://example.com/"}"#),
            ("read:{a}", r#"{"a": "acme/../evil"}"#),
            ("read:{a}", r#"{"a": "../x"}"#),
            ("read:{a}", r#"{"a": "x/."}"#),
            ("read:{a}", r#"{"a": "x//y"}"#),
            ("read:{a}", r#"{"a": "x/"}"#),
            ("send:{host url}", r#"{"url": 7}"#),
        ] {
            assert_eq!(filled(template, json), Err(Code::DenyTemplate), "{template} {json}");
        }
        let long = format!(r#"{{"a": "{}", "b": "{}"}}"#, "x".repeat(64), "x".repeat(65));
        assert!(filled("read:{a}", &long).is_ok());
        assert_eq!(filled("read:{b}", &long), Err(Code::DenyTemplate));
        assert_eq!(filled("read:{a}:{a}:{a}:{a}", &long), Err(Code::DenyTemplate));
    }

    #[test]
    fn templates_that_are_none() {
        for text in [
            "",
            ":",
            "read:",
            "{a}",
            "{a}:x",
            "read:{",
            "read:{}",
            "read:}",
            "read:{a",
            "read:a}",
            "read:{a}b",
            "read:x{a}",
            "read:*",
            "*",
            "read:{ a}",
            "read:{a b}",
            "read:{host}x",
            "read:{host }",
            "read:{host  a}",
            "read:{@said.x}",
            "read:{@}",
            "read:{/a~}",
            "read:{a{b}}",
            "a:b:c:d:e:f:g:h:{i}",
            "read:ü",
        ] {
            assert_eq!(text.parse::<Template>().map_err(|refusal| refusal.code()), Err(Code::ParseCatalogue), "{text}");
        }
    }
}
