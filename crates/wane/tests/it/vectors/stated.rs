//! The headers `request` and `state` as the library's own types. A member that the documentation does not list fails.

use serde_json::{Map, Value as Json};
use wane::{
    Arguments, Bearer, BlockState, Call, FirstState, LedgerId, LedgerState, LiveState, Mark, PublicKey, Refusal,
    Request, Value, Volatility,
};

/// A header is not as documented, or the library refuses what it says.
pub(super) enum Trouble {
    Header(String),
    Refused(Refusal),
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// An object whose members are taken out one by one; what is left is not known.
struct Members(Map<String, Json>);

impl Members {
    fn of(value: Json) -> Result<Self, Trouble> {
        match value {
            Json::Object(members) => Ok(Self(members)),
            other => Err(header("an object", &other)),
        }
    }

    fn take(&mut self, name: &str) -> Option<Json> {
        self.0.remove(name)
    }

    fn need(&mut self, name: &str) -> Result<Json, Trouble> {
        self.take(name).ok_or_else(|| Trouble::Header(format!("{name} is not there")))
    }

    fn object(&mut self, name: &str) -> Result<Map<String, Json>, Trouble> {
        self.take(name).map_or_else(|| Ok(Map::new()), |value| Ok(Members::of(value)?.0))
    }

    fn list(&mut self, name: &str) -> Result<Vec<Json>, Trouble> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Json::Array(list)) => Ok(list),
            Some(other) => Err(header("a list", &other)),
        }
    }

    fn texts(&mut self, name: &str) -> Result<Vec<String>, Trouble> {
        self.list(name)?.into_iter().map(text).collect()
    }

    fn flag(&mut self, name: &str) -> Result<bool, Trouble> {
        match self.take(name) {
            None => Ok(false),
            Some(Json::Bool(flag)) => Ok(flag),
            Some(other) => Err(header("true or false", &other)),
        }
    }

    fn time(&mut self, name: &str) -> Result<u64, Trouble> {
        self.take(name).map_or(Ok(0), unsigned)
    }

    /// Level and labels, joined.
    fn mark(&mut self) -> Result<Mark, Trouble> {
        let level = self.take("level").map(text).transpose()?;
        let mut mark = Mark::at(level.map_or(Ok(Default::default()), |level| level.parse())?);
        for label in self.texts("labels")? {
            mark = mark.with(label.parse()?);
        }
        Ok(mark)
    }

    fn end(self) -> Result<(), Trouble> {
        match self.0.keys().next() {
            Some(name) => Err(Trouble::Header(format!("the member {name} is not known"))),
            None => Ok(()),
        }
    }
}

fn header(wanted: &str, found: &Json) -> Trouble {
    Trouble::Header(format!("{found} stands where {wanted} is expected"))
}

fn text(value: Json) -> Result<String, Trouble> {
    match value {
        Json::String(text) => Ok(text),
        other => Err(header("a text", &other)),
    }
}

fn unsigned(value: Json) -> Result<u64, Trouble> {
    value.as_u64().ok_or_else(|| header("a number", &value))
}

fn value(value: Json) -> Result<Value, Trouble> {
    Ok(match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(value),
        Json::Number(number) => {
            Value::integer(number.as_i64().ok_or_else(|| Trouble::Header(format!("{number} is no integer")))?)?
        }
        // Longer than in a token: facts are the enforcement point's.
        Json::String(text) => Value::Text(text.into()),
        other => return Err(header("a value", &other)),
    })
}

/// The request, and the approvals that came with it as texts.
pub(super) fn request(stated: &Json, arguments: Option<&str>) -> Result<(Request, Vec<String>), Trouble> {
    let mut members = Members::of(stated.clone())?;
    let audience = text(members.need("aud")?)?.parse()?;
    let call = members.texts("call")?;
    let actions = members.texts("actions")?.iter().map(|action| action.parse()).collect::<Result<_, _>>()?;
    let level = text(members.need("level")?)?.parse()?;
    let call = Call::from_parts(&call.iter().map(String::as_str).collect::<Vec<_>>())?;
    let mut request = Request::new(audience, call, actions, level)?;
    for label in members.texts("labels")? {
        request = request.label(label.parse()?);
    }
    for (name, fact) in members.object("facts")? {
        request = request.fact(name.parse()?, value(fact)?);
    }
    for pair in members.list("seen")? {
        match pair {
            Json::Array(pair) => match <[Json; 2]>::try_from(pair) {
                Ok([source, seen]) => request = request.seen(&text(source)?, value(seen)?),
                Err(pair) => return Err(header("two parts", &Json::Array(pair))),
            },
            other => return Err(header("two parts", &other)),
        }
    }
    for (counter, cost) in members.object("costs")? {
        request = request.cost(counter.parse()?, unsigned(cost)?);
    }
    for ask in members.texts("ask")? {
        request = request.asking(ask.parse()?)?;
    }
    if members.flag("request-seal")? {
        request = request.require_request_seal();
    }
    let approvals = members.texts("approvals")?;
    members.end()?;
    if let Some(arguments) = arguments {
        request = request.arguments(Arguments::from_json(arguments.as_bytes())?);
    }
    Ok((request, approvals))
}

/// The live state of a chain of so many blocks.
pub(super) fn state(stated: Option<&Json>, blocks: usize) -> Result<LiveState, Trouble> {
    let Some(stated) = stated else { return Ok(LiveState::without_ledger()) };
    let mut members = Members::of(stated.clone())?;
    let (mark, local, ledger) = (members.mark()?, members.take("local"), members.take("ledger"));
    members.end()?;
    let mut state = match ledger {
        Some(ledger) => LiveState::with_ledger(self::ledger(Members::of(ledger)?, blocks)?),
        None => LiveState::without_ledger(),
    };
    if let Some(key) = local {
        state = state.local_approver(text(key)?.parse()?);
    }
    Ok(state.marked(mark))
}

fn ledger(mut members: Members, blocks: usize) -> Result<LedgerState, Trouble> {
    let id: LedgerId = text(members.need("id")?)?.parse()?;
    let volatility = match members.take("keeps").map(text).transpose()?.as_deref() {
        None | Some("durable") => Volatility::Durable,
        Some("volatile-allowed") => Volatility::VolatileAllowed,
        Some("volatile-refused") => Volatility::VolatileRefused,
        Some(other) => return Err(Trouble::Header(format!("a ledger that keeps {other}"))),
    };
    let mut ledger = LedgerState::new(id, volatility);
    (ledger.since, ledger.collected) = (members.time("since")?, members.time("collected")?);
    for block in members.list("blocks")? {
        ledger.blocks.push(block_state(Members::of(block)?)?);
    }
    if ledger.blocks.len() > blocks {
        return Err(Trouble::Header(format!("{} blocks of {blocks}", ledger.blocks.len())));
    }
    ledger.blocks.resize_with(blocks, BlockState::default);
    ledger.first = members.take("first").map(|first| first_state(Members::of(first)?)).transpose()?;
    for entry in members.list("revoked-before")? {
        let mut entry = Members::of(entry)?;
        let at = unsigned(entry.need("at")?)?;
        let bearer = match (entry.take("root"), entry.take("key"), entry.take("agent")) {
            (Some(root), None, None) => Bearer::Root(key(root)?),
            (None, Some(holder), None) => Bearer::Key(key(holder)?),
            (None, None, Some(agent)) => Bearer::Agent(text(agent)?.into()),
            _ => return Err(Trouble::Header("revoked-before names one bearer".to_owned())),
        };
        entry.end()?;
        ledger.revoked_before.push((bearer, at));
    }
    for id in members.texts("used")? {
        ledger.used.insert(id.parse()?);
    }
    members.end()?;
    Ok(ledger)
}

fn key(value: Json) -> Result<PublicKey, Trouble> {
    Ok(text(value)?.parse()?)
}

fn block_state(mut members: Members) -> Result<BlockState, Trouble> {
    let state = block_members(&mut members)?;
    members.end()?;
    Ok(state)
}

fn block_members(members: &mut Members) -> Result<BlockState, Trouble> {
    let mut state = BlockState { mark: members.mark()?, ..BlockState::default() };
    state.revoked = members.flag("revoked")?;
    state.registered = members.flag("registered")?;
    for (counter, spent) in members.object("spent")? {
        state.spent.insert(counter.parse()?, unsigned(spent)?);
    }
    Ok(state)
}

fn first_state(mut members: Members) -> Result<FirstState, Trouble> {
    let first = FirstState {
        root: key(members.need("root")?)?,
        issued_at: unsigned(members.need("issued-at")?)?,
        continues: members.flag("continues")?,
        state: block_members(&mut members)?,
    };
    members.end()?;
    Ok(first)
}
