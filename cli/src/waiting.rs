//! A request that waits for approval, as approvers are shown it: nothing is shown that the digest does not cover, unless it
//! is marked so.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use wane::{Action, Approver, Arguments, AskRule, Audience, BlockId, Call, Code, Name, PublicKey, Refusal, Value};
use wane::{limits, request_digest};
use wane_gateway::Question;
use wane_ledger::PendingRequest;

use crate::exact;
use crate::failure::Failure;
use crate::output::escape;
use crate::time;

/// A request that waits, whose digest is that of what it shows.
pub(crate) struct Waiting<'a> {
    request: &'a PendingRequest,
    call: Call,
    arguments: Arguments,
    said: BTreeMap<Name, Value>,
    actions: Vec<Action>,
    asks: Vec<AskRule>,
}

/// Who tells what the digest does not cover.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Witness {
    /// The ledger of the server that was asked.
    Ledger,
    /// Whoever wrote the file.
    File,
}

/// Asks and agents that are shown; a chain has no more blocks.
const SHOWN: usize = limits::BLOCKS;

impl<'a> Waiting<'a> {
    /// Computes the digest again: an approver signs for a digest, and must have seen what it stands for.
    pub(crate) fn of(request: &'a PendingRequest) -> Result<Self, Failure> {
        let parts: Vec<&str> = request.call.iter().map(String::as_str).collect();
        let (audience, call) = (request.audience.parse::<Audience>()?, Call::from_parts(&parts)?);
        let arguments = Arguments::from_json(request.arguments.as_bytes())?;
        let said = read_said(&request.said)?;
        // spec: S84
        let digest = request_digest(&audience, &call, &arguments, said.iter());
        if digest != request.digest {
            let (found, bound) = (BlockId::from_bytes(request.digest), BlockId::from_bytes(digest));
            return Err(Refusal::new(Code::DenyApprovalRequest, "digest", found, bound).into());
        }
        let mut actions: Vec<Action> = Vec::new();
        for action in &request.actions {
            let action = action.parse()?;
            // Each once, as a decision counts them.
            if !actions.contains(&action) {
                actions.push(action);
            }
        }
        // As signing does, but before anybody is asked.
        if !(1..=limits::ACTIONS).contains(&actions.len()) {
            return Err(Refusal::new(Code::UseActions, "actions", actions.len(), limits::ACTIONS).into());
        }
        let mut asks: Vec<AskRule> = Vec::new();
        for ask in &request.asks {
            let ask = ask.parse()?;
            if !asks.contains(&ask) {
                asks.push(ask);
            }
        }
        Ok(Self { request, call, arguments, said, actions, asks })
    }

    /// What it was made of.
    pub(crate) const fn request(&self) -> &'a PendingRequest {
        self.request
    }

    /// The actions, which the statement repeats.
    pub(crate) fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// Refuses a key whose approval could not count: one of the chain itself, or one that no ask can mean.
    pub(crate) fn check_approver(&self, key: &PublicKey) -> Result<(), Failure> {
        if self.request.chain_keys.contains(key) {
            return Err(Refusal::new(Code::DenyApprovalSelf, "approval", key.hint(), "").into());
        }
        // Who belongs to a group only the enforcement point's roots can tell.
        let may_mean = |approver: &Approver| match approver {
            Approver::Group(_) => true,
            Approver::Key(named) => named == key,
        };
        match self.asks.iter().any(|ask| ask.approvers().iter().any(may_mean)) {
            true => Ok(()),
            false => Err(Refusal::new(Code::DenyApprovalKey, "approval", key.hint(), "").into()),
        }
    }

    /// The lines of the request, every character written so that it can be taken for no other.
    pub(crate) fn lines(&self, witness: Witness) -> Vec<String> {
        let request = self.request;
        let mut lines = covered(&request.digest, &request.audience, &self.call, &self.actions, &self.arguments);
        lines.extend(
            self.said.iter().map(|(name, value)| format!("  said       {name} = {}", exact::json(&value.to_string()))),
        );
        lines.push(match witness {
            Witness::Ledger => "as the server that was asked tells it:".into(),
            Witness::File => "as the file tells it, which anybody may have written:".into(),
        });
        lines.push(format!("  level      {}", request.mark));
        lines.extend(listed("asks", &self.asks));
        let agents: Vec<String> = request.agents.iter().take(SHOWN).map(|agent| exact::text(agent)).collect();
        if !agents.is_empty() {
            lines.push(format!("  agents     {}{}", agents.join(" > "), more(request.agents.len())));
        }
        let mut lines: Vec<String> = lines.iter().flat_map(|line| exact::broken(line)).collect();
        lines.push(format!("  session    {}", request.session));
        lines.push(format!("  signed for {}, the last block of the chain", request.last));
        lines.push(format!("  waits      since {} until {}", time::show(request.at), time::show(request.until)));
        lines
    }
}

/// The lines of what a digest and an approval are about, but for what the holder said.
fn covered(digest: &[u8; 32], audience: &str, call: &Call, actions: &[Action], arguments: &Arguments) -> Vec<String> {
    let mut parts = call.parts();
    let kind = parts.next().unwrap_or_default();
    let call: Vec<String> = parts.map(exact::text).collect();
    let mut lines = vec![
        format!("request {}", BlockId::from_bytes(*digest)),
        format!("  audience   {}", exact::text(audience)),
        format!("  call       {kind} {}", call.join(" ")),
    ];
    lines.extend(listed("actions", actions));
    let members = arguments.members_json();
    match members.len() {
        0 => lines.push("  arguments  none".into()),
        1 => lines.push("  arguments  1".into()),
        count => lines.push(format!("  arguments  {count}")),
    }
    lines.extend(members.map(|(name, value)| format!("    {} = {}", exact::text(name), exact::json(&value))));
    lines
}

/// The lines of a question that a gateway asks itself, none of them wider than that.
pub(crate) fn question(question: &Question, width: usize) -> Vec<String> {
    let request = question.request();
    let (audience, arguments) = (request.audience().as_str(), request.stated_arguments());
    let mut lines = covered(question.request_digest(), audience, request.call(), request.actions(), arguments);
    lines.push("as this gateway and its catalogue tell it:".into());
    lines.push(format!("  server     {}", exact::text(question.server())));
    lines.push(format!("  level      {}", request.mark()));
    lines.extend(listed("asks", question.asks()));
    lines.iter().flat_map(|line| exact::broken_at(line, width)).collect()
}

/// Which question it is that stands in so many lines, said once more behind them.
// spec: G64
pub(crate) fn in_short(question: &Question, lines: usize, width: usize) -> Vec<String> {
    let (request, mut parts) = (question.request(), question.request().call().parts());
    let kind = parts.next().unwrap_or_default();
    let call: Vec<String> = parts.map(exact::text).collect();
    let digits: String = BlockId::from_bytes(*question.request_digest()).to_string().chars().take(DIGITS).collect();
    let short = [
        format!("This is {kind} {} at {},", call.join(" "), exact::text(request.audience().as_str())),
        format!("request {digits}, as it stands in the {lines} lines above."),
    ];
    short.iter().flat_map(|line| exact::broken_at(line, width)).collect()
}

/// As many of a digest as tell one request from another at a glance.
const DIGITS: usize = 16;

fn listed(what: &str, values: &[impl ToString]) -> Vec<String> {
    let line = |(i, value): (usize, String)| format!("  {:<9}  {}", if i == 0 { what } else { "" }, escape(&value));
    let shown = values.iter().map(ToString::to_string).take(SHOWN).enumerate().map(line);
    shown.chain(values.get(SHOWN).map(|_| format!("  {:<9} {}", "", more(values.len())))).collect()
}

/// How many are not shown.
fn more(count: usize) -> String {
    match count.saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}

/// What the holder said: an object of scalars.
fn read_said(json: &str) -> Result<BTreeMap<Name, Value>, Failure> {
    let members: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(json).map_err(|error| Refusal::new(Code::ParseJson, "said", error, ""))?;
    let read = |(name, value): (String, Box<RawValue>)| Ok((name.parse()?, Value::from_json(value.get())?));
    Ok(members.into_iter().map(read).collect::<Result<_, Refusal>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wane::{Mark, SecretKey};

    fn request(arguments: &str) -> PendingRequest {
        let id = BlockId::from_bytes([1; 32]);
        let said = BTreeMap::from([("purpose".parse().unwrap(), Value::text("report").unwrap())]);
        let call = Call::tool("send").unwrap();
        let read = Arguments::from_json(arguments.as_bytes()).unwrap();
        PendingRequest {
            session: id,
            last: id,
            digest: request_digest(&"mail".parse().unwrap(), &call, &read, said.iter()),
            audience: "mail".into(),
            call: call.parts().map(str::to_owned).collect(),
            arguments: read.to_json(),
            said: r#"{"purpose":"report"}"#.into(),
            actions: vec!["send:mail".into()],
            mark: Mark::default(),
            asks: vec!["send:* by @oncall need 1".into()],
            chain_keys: vec![SecretKey::from_seed([1; 32]).public_key()],
            agents: vec!["plan\u{202e}ner".into()],
            at: 1_000,
            until: 4_600,
        }
    }

    #[test]
    fn what_is_shown_is_what_is_signed() {
        let honest = request(r#"{"to": "bo\u0430rd"}"#);
        let lines = Waiting::of(&honest).unwrap().lines(Witness::Ledger).join("\n");
        assert!(lines.contains(r#""to" = "bo\u0430rd" (1 written out)"#), "{lines}");
        assert!(lines.contains(r#""plan\u202ener" (8 code points, 1 written out)"#) && lines.is_ascii(), "{lines}");
        for forged in [
            PendingRequest { arguments: r#"{"to":"board"}"#.into(), ..honest.clone() },
            PendingRequest { audience: "files".into(), ..honest.clone() },
            PendingRequest { said: "{}".into(), ..honest.clone() },
            PendingRequest { call: vec!["tools/call".into(), "read".into()], ..honest.clone() },
        ] {
            assert_eq!(Waiting::of(&forged).err().unwrap().code(), "deny-approval-request");
        }
    }

    #[test]
    fn what_is_repeated_is_shown_once() {
        let honest = request("{}");
        let often = PendingRequest {
            actions: vec!["send:mail".into(); 2_000],
            asks: (0..2_000).map(|i| format!("send:* by @oncall need {}", 1 + i % 20)).collect(),
            agents: vec!["planner".into(); 2_000],
            ..honest.clone()
        };
        let lines = Waiting::of(&often).unwrap().lines(Witness::File);
        assert!(lines.len() < 80, "{lines:?}");
        let text = lines.join("\n");
        assert_eq!(text.matches("send:mail").count(), 1);
        assert!(text.contains("\n             and 4 more\n") && text.contains(" and 1984 more\n"), "{text}");
        assert!(text.contains("as the file tells it, which anybody may have written:"), "{text}");
        for count in [0, 5] {
            let actions = (0..count).map(|i| format!("send:mail{i}")).collect();
            let many = PendingRequest { actions, ..honest.clone() };
            assert_eq!(Waiting::of(&many).err().unwrap().code(), "use-actions", "{count}");
        }
    }

    #[test]
    fn a_key_that_cannot_count_is_refused() {
        let [own, other] = [1, 2].map(|seed| SecretKey::from_seed([seed; 32]).public_key());
        let by_group = request("{}");
        assert_eq!(Waiting::of(&by_group).unwrap().check_approver(&own).unwrap_err().code(), "deny-approval-self");
        assert!(Waiting::of(&by_group).unwrap().check_approver(&other).is_ok());
        let by_key = PendingRequest { asks: vec![format!("send:* by {own} need 1")], chain_keys: vec![], ..by_group };
        assert_eq!(Waiting::of(&by_key).unwrap().check_approver(&other).unwrap_err().code(), "deny-approval-key");
    }
}
