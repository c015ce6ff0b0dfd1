//! From the parameters of a request to what it asks for.

use wane::{Arguments, Code, Refusal};
use wane_policy::Incoming;

use crate::answer::{Era, QUESTION, TOKEN, consent};
use crate::approvals::Consent;
use crate::flow::State;
use crate::gate::OWN_ID;
use crate::method::Asked;
use crate::object::{Object, elements, quoted};

/// Resources that one request may subscribe to.
const SUBSCRIPTIONS: usize = 64;

/// The member of `_meta` by which each request of the newer era says which version it speaks.
pub(crate) const VERSION: &str = "io.modelcontextprotocol/protocolVersion";

/// The member of `_meta` by which it says what its client can do.
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// What a client of the newer era brings when it makes a request again that a server has asked something about.
const STATE: &str = "requestState";
const RESPONSES: &str = "inputResponses";
const CARRIED: [&str; 2] = [STATE, RESPONSES];

/// Bytes of both that are kept while a question of ours is open.
const CARRIED_BYTES: usize = 64 * 1024;

/// Whether these capabilities have forms to ask a user with.
fn elicits(capabilities: &str) -> bool {
    let elicitation = Object::read(capabilities).and_then(|all| Object::read(all.borrowed("elicitation")?));
    elicitation.is_some_and(|modes| {
        modes.names().next().is_none() || modes.get("form").is_some_and(|form| form.starts_with('{'))
    })
}

/// The parameters of a request, read as far as a decision needs them.
#[derive(Debug)]
pub(crate) struct Parameters<'a> {
    members: Object<'a>,
    meta: Option<Object<'a>>,
}

/// What a request asks for; what is decided, name by name.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Tool(String, Arguments),
    Prompt(String, Arguments),
    Resource(String),
}

impl Ask {
    /// As a catalogue is asked.
    pub(crate) fn incoming(&self) -> Incoming<'_> {
        match self {
            Self::Tool(name, arguments) => Incoming::Tool { name, arguments },
            Self::Prompt(name, arguments) => Incoming::Prompt { name, arguments },
            Self::Resource(uri) => Incoming::Resource { uri },
        }
    }
}

impl<'a> Parameters<'a> {
    /// Reads parameters, which are an object, and whose names could be taken for no others.
    // spec: G4
    pub(crate) fn read(text: &'a str) -> Result<Self, Refusal> {
        const DECIDED: [&str; 11] = [
            "_meta",
            "argument",
            "arguments",
            "context",
            "cursor",
            RESPONSES,
            "name",
            "notifications",
            "ref",
            STATE,
            "uri",
        ];
        let members = Object::read(text).ok_or_else(|| unread("the parameters are no object"))?;
        if !members.is_plain(&DECIDED) {
            return Err(unread("a parameter could be taken for another"));
        }
        let meta =
            members.borrowed("_meta").map(|text| Object::read(text).ok_or_else(|| unread("`_meta` is no object")));
        Ok(Self { meta: meta.transpose()?, members })
    }

    /// Which era the request belongs to.
    pub(crate) fn era(&self) -> Era {
        let states = self.meta.as_ref().is_some_and(|meta| meta.get(VERSION).is_some());
        if states { Era::Stateless } else { Era::Handshake }
    }

    /// The token that comes with it, as it stands there.
    pub(crate) fn token(&self) -> Result<Option<String>, Refusal> {
        let Some(meta) = &self.meta else { return Ok(None) };
        // It would go on to the server with the request.
        if meta.names().any(|name| name != TOKEN && name.eq_ignore_ascii_case(TOKEN)) {
            return Err(unread("a member of `_meta` could be taken for the token"));
        }
        match (meta.get(TOKEN), meta.text(TOKEN)) {
            (None, _) => Ok(None),
            (Some(_), Some(text)) => Ok(Some(text)),
            (Some(_), None) => Err(Refusal::new(Code::ParseText, "token", "it is no text", "")),
        }
    }

    /// Whether there is a `_meta`.
    pub(crate) const fn has_meta(&self) -> bool {
        self.meta.is_some()
    }

    /// `_meta` for a request of our own that this one causes: without our token, and without what asks for news of this one.
    pub(crate) fn meta_for_another(&self) -> Object<'a> {
        let mut meta = self.meta_without_token();
        meta.remove("progressToken");
        meta
    }

    fn meta_without_token(&self) -> Object<'a> {
        let mut meta = self.meta.clone().unwrap_or_default();
        meta.remove(TOKEN);
        meta
    }

    /// The parameters as the server gets them, where that is not as they came: without our token, without the answer to a question of
    /// ours, and with what the server itself had asked for before.
    pub(crate) fn onward(&self, has_token: bool, answered: Option<&State>) -> Option<Object<'a>> {
        let answers = self.answers().is_some();
        if !has_token && !answers {
            return None;
        }
        let mut members = self.members.clone();
        if has_token {
            members.set("_meta", self.meta_without_token().to_string());
        }
        if answers {
            CARRIED.iter().for_each(|name| members.remove(name));
            for (name, value) in answered.iter().flat_map(|state| &state.carried) {
                members.set(name, value.clone());
            }
        }
        Some(members)
    }

    /// The name of the question of ours that it brings an answer to, and the answer.
    pub(crate) fn answers(&self) -> Option<(String, Consent)> {
        let name = self.members.text(STATE).filter(|name| name.starts_with(OWN_ID))?;
        let given = self.members.get(RESPONSES).and_then(Object::read);
        let given = given.as_ref().and_then(|given| given.get(QUESTION));
        Some((name, given.map_or(Consent::No, consent)))
    }

    /// What it answers to the server, and is to be given back to it when our own question is answered. Nothing where that is too much.
    pub(crate) fn carried(&self) -> Option<Vec<(&'static str, String)>> {
        let all = CARRIED.iter().filter_map(|name| Some((*name, self.members.get(name)?.to_owned())));
        let all: Vec<_> = all.collect();
        let bytes = all.iter().map(|(_, value)| value.len()).fold(0_usize, usize::saturating_add);
        (bytes <= CARRIED_BYTES).then_some(all)
    }

    /// Whether its client asks its user what a server wants to know, as each request of the newer era says.
    pub(crate) fn asks_user(&self) -> bool {
        self.meta.as_ref().and_then(|meta| meta.get(CAPABILITIES)).is_some_and(elicits)
    }

    /// The same of an `initialize`, for all that follows it.
    pub(crate) fn asks_user_from_now_on(&self) -> bool {
        self.members.get("capabilities").is_some_and(elicits)
    }

    /// Whether a list is asked for from its start.
    pub(crate) fn is_first_page(&self) -> bool {
        self.members.get("cursor").is_none_or(|cursor| cursor == "null")
    }

    /// What is asked for; each of it must be allowed. Nothing for a method of which nothing is decided.
    pub(crate) fn asks(&self, asked: Asked) -> Result<Vec<Ask>, Refusal> {
        match asked {
            Asked::Tool => Ok(vec![Ask::Tool(self.text("name")?, self.arguments()?)]),
            Asked::Prompt => Ok(vec![Ask::Prompt(self.text("name")?, self.arguments()?)]),
            Asked::Resource => Ok(vec![Ask::Resource(self.text("uri")?)]),
            Asked::Listen => self.subscriptions(),
            Asked::Completion => Ok(vec![self.completed()?]),
            Asked::ListTools | Asked::Passes => Ok(Vec::new()),
        }
    }

    fn text(&self, name: &str) -> Result<String, Refusal> {
        self.members.text(name).ok_or_else(|| unread(&format!("`{name}` is no text")))
    }

    fn arguments(&self) -> Result<Arguments, Refusal> {
        self.members.get("arguments").map_or(Ok(Arguments::empty()), |json| Arguments::from_json(json.as_bytes()))
    }

    /// A completion tells something of what the prompt would give for these values: it is decided as that prompt.
    fn completed(&self) -> Result<Ask, Refusal> {
        let part = |name: &str, members: &[&str]| {
            let part = self.members.get(name).and_then(Object::read);
            let part = part.ok_or_else(|| unread(&format!("`{name}` is no object")))?;
            let known = part.names().all(|name| members.contains(&name));
            if known { Ok(part) } else { Err(unread(&format!("`{name}` has a member that it should not have"))) }
        };
        let reference = part("ref", &["name", "title", "type", "uri"])?;
        let argument = part("argument", &["name", "value"])?;
        if reference.text("type").as_deref() != Some("ref/prompt") || reference.get("uri").is_some() {
            return Err(Refusal::new(
                Code::DenyMethod,
                "method",
                "`completion/complete` of a template of resources",
                "",
            ));
        }
        let text = |of: &Object<'_>, name: &str| of.text(name).ok_or_else(|| unread(&format!("`{name}` is no text")));
        let (name, value) = (text(&argument, "name")?, text(&argument, "value")?);
        // What was completed before counts like what is being completed.
        let context = self.members.get("context").map(|_| part("context", &["arguments"])).transpose()?;
        let known = context.as_ref().and_then(|context| context.get("arguments")).unwrap_or("{}").to_owned();
        let mut arguments = Object::read(&known).ok_or_else(|| unread("`arguments` is no object"))?;
        if arguments.get(&name).is_some() {
            return Err(unread("the argument stands in its context too"));
        }
        arguments.set(&name, quoted(&value));
        Ok(Ask::Prompt(text(&reference, "name")?, Arguments::from_json(arguments.to_string().as_bytes())?))
    }

    fn subscriptions(&self) -> Result<Vec<Ask>, Refusal> {
        let wanted = self.members.get("notifications").and_then(Object::read);
        let wanted = wanted.ok_or_else(|| unread("`notifications` is no object"))?;
        let known = ["promptsListChanged", "resourceSubscriptions", "resourcesListChanged", "toolsListChanged"];
        if let Some(name) = wanted.names().find(|name| !known.contains(name)) {
            return Err(Refusal::new(
                Code::DenyMethod,
                "method",
                format_args!("`subscriptions/listen` for {name:?}"),
                "",
            ));
        }
        let Some(list) = wanted.get("resourceSubscriptions") else { return Ok(Vec::new()) };
        let uris = elements(list).filter(|uris| uris.len() <= SUBSCRIPTIONS);
        let uris =
            uris.ok_or_else(|| unread(&format!("`resourceSubscriptions` is no list of at most {SUBSCRIPTIONS}")))?;
        let read =
            |uri: &str| serde_json::from_str(uri).map(Ask::Resource).map_err(|_| unread("a resource is no text"));
        uris.into_iter().map(read).collect()
    }
}

fn unread(why: &str) -> Refusal {
    Refusal::new(Code::ParseMessage, "params", why, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(asked: Asked, params: &str) -> Result<String, Code> {
        let asks = Parameters::read(params).and_then(|parameters| parameters.asks(asked));
        asks.map(|asks| format!("{asks:?}")).map_err(|refusal| refusal.code())
    }

    #[test]
    fn what_is_asked_for_stands_in_one_place() {
        for (asked, params, expected) in [
            (Asked::Tool, r#"{"name":"a","arguments":{}}"#, "[Tool(\"a\", Arguments"),
            (Asked::Tool, r#"{"name":"a"}"#, "[Tool(\"a\", Arguments"),
            (Asked::Resource, r#"{"uri":"file:///a"}"#, "[Resource(\"file:///a\")]"),
            (
                Asked::Completion,
                r#"{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"x","value":"y"}}"#,
                "[Prompt(\"p\"",
            ),
            (
                Asked::Completion,
                r#"{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"x","value":"y"},"context":{"arguments":{"z":"w"}}}"#,
                "[Prompt(\"p\"",
            ),
            (Asked::Listen, r#"{"notifications":{"toolsListChanged":true}}"#, "[]"),
            (
                Asked::Listen,
                r#"{"notifications":{"resourceSubscriptions":["a:b","c:d"]}}"#,
                "[Resource(\"a:b\"), Resource(\"c:d\")]",
            ),
        ] {
            let found = asks(asked, params).unwrap();
            assert!(found.starts_with(expected), "{params}: {found}");
        }
    }

    #[test]
    fn what_could_be_read_otherwise_is_refused() {
        for (asked, params, code) in [
            (Asked::Tool, r#"{"name":"a","Name":"b"}"#, Code::ParseMessage),
            (Asked::Tool, r#"{"name":"a","Arguments":{"path":"/etc"}}"#, Code::ParseMessage),
            (Asked::Tool, r#"{"name":"a","argumentſ":{"path":"/etc"}}"#, Code::ParseMessage),
            (Asked::Tool, r#"{"name":["a"]}"#, Code::ParseMessage),
            (Asked::Tool, r#"{"NAME":"a"}"#, Code::ParseMessage),
            (Asked::Tool, "{}", Code::ParseMessage),
            (Asked::Tool, r#"{"name":"a","arguments":"{}"}"#, Code::ParseJson),
            (Asked::Tool, r#"{"name":"a","arguments":null}"#, Code::ParseJson),
            (Asked::Tool, r#"{"name":"a","arguments":{"n":9007199254740993}}"#, Code::ParseJsonNumber),
            (Asked::Tool, r#"{"name":"a","_meta":[]}"#, Code::ParseMessage),
            (Asked::Resource, r#"{"name":"a"}"#, Code::ParseMessage),
            (
                Asked::Completion,
                r#"{"ref":{"type":"ref/resource","uri":"a:{b}"},"argument":{"name":"x","value":"y"}}"#,
                Code::DenyMethod,
            ),
            (
                Asked::Completion,
                r#"{"ref":{"type":"ref/prompt","name":"p","Name":"q"},"argument":{"name":"x","value":"y"}}"#,
                Code::ParseMessage,
            ),
            (
                Asked::Completion,
                r#"{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"x","value":"y","Value":"z"}}"#,
                Code::ParseMessage,
            ),
            (
                Asked::Completion,
                r#"{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"x","value":"y"},"context":{"arguments":{"x":"z"}}}"#,
                Code::ParseMessage,
            ),
            (
                Asked::Listen,
                r#"{"notifications":{},"Notifications":{"resourceSubscriptions":["a:b"]}}"#,
                Code::ParseMessage,
            ),
            // A prompt, and what is none.
            (
                Asked::Completion,
                r#"{"ref":{"type":"ref/prompt","name":"p","uri":"a:{b}"},"argument":{"name":"x","value":"y"}}"#,
                Code::DenyMethod,
            ),
            (Asked::Listen, "{}", Code::ParseMessage),
            (Asked::Listen, r#"{"notifications":{"resourceSubscriptions":"a:b"}}"#, Code::ParseMessage),
            (Asked::Listen, r#"{"notifications":{"everything":true}}"#, Code::DenyMethod),
        ] {
            assert_eq!(asks(asked, params).unwrap_err(), code, "{params}");
        }
    }

    #[test]
    fn a_request_subscribes_to_so_many_resources_at_most() {
        let listen = |count: usize| {
            let uris = vec![r#""a:b""#; count].join(",");
            asks(Asked::Listen, &format!(r#"{{"notifications":{{"resourceSubscriptions":[{uris}]}}}}"#)).map(|_| ())
        };
        assert_eq!((listen(SUBSCRIPTIONS), listen(SUBSCRIPTIONS + 1)), (Ok(()), Err(Code::ParseMessage)));
        assert_eq!(SUBSCRIPTIONS, 64);
    }

    #[test]
    fn the_token_is_cut_out_and_nothing_else() {
        let text = r#"{"name":"a","_meta":{"x/y":1.50,"dev.wane/token":"wane1.sealed.AA"},"arguments":{"n":1e2}}"#;
        let parameters = Parameters::read(text).unwrap();
        assert_eq!(parameters.token().unwrap().as_deref(), Some("wane1.sealed.AA"));
        let left = r#"{"name":"a","_meta":{"x/y":1.50},"arguments":{"n":1e2}}"#;
        assert_eq!(parameters.onward(true, None).unwrap().to_string(), left);
        assert!(Parameters::read(r#"{"_meta":{"dev.wane/token":7}}"#).unwrap().token().is_err());
        for name in ["Dev.Wane/Token", "dev.wane/TOKEN", r"\u0044ev.wane/token"] {
            let text = format!(r#"{{"_meta":{{"{name}":"wane1.sealed.AA"}}}}"#);
            assert!(Parameters::read(&text).unwrap().token().is_err(), "{text}");
        }
        assert_eq!(Parameters::read(r#"{"_meta":{"dev.wane/tokens":"x"}}"#).unwrap().token().unwrap(), None);
    }
}
