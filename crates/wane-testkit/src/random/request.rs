//! What is asked, and whom the verifier trusts.

use serde_json::{Value, json};

use super::Dice;
use super::chain::{APPROVERS, Grown};
use super::words::{ACTIONS, AUDIENCES, COUNTERS, LABELS, LEVELS, PATTERNS, arguments};
use crate::cbor::Item;
use crate::chain::Block;
use crate::claims::{EXP, IAT, NOW};
use crate::key::{ROOT, key_text};
use crate::request::{Request, approval_claims, approval_text};

/// The ledger that verifiers have here, and another one: 16 times these bytes.
pub(super) const LEDGER: u8 = 0x5e;
pub(super) const OTHER_LEDGER: u8 = 0x11;

/// The part of a request that its digest covers.
pub(super) struct Asked {
    pub(super) aud: &'static str,
    call: Option<[&'static str; 2]>,
    pub(super) actions: Vec<&'static str>,
    pub(super) arguments: Option<String>,
}

impl Asked {
    pub(super) fn thrown(dice: &mut Dice) -> Self {
        let aud = if dice.in_hundred(85) { "files" } else { dice.word(AUDIENCES) };
        let calls = [["tools/call", "read_report"], ["resources/read", "file:///data/a"], ["prompts/get", "sum up"]];
        let call = dice.in_hundred(50).then(|| *dice.one(&calls));
        let mut actions = vec![dice.word(ACTIONS)];
        if dice.in_hundred(20) {
            actions.push(dice.word(ACTIONS));
        }
        let arguments = dice.in_hundred(80).then(|| arguments(dice));
        Self { aud, call, actions, arguments }
    }

    fn base(&self) -> Request {
        let request = Request::new(&self.actions).aud(self.aud);
        match &self.call {
            Some(call) => request.call(call),
            None => request,
        }
    }

    /// The digest, or nothing like it where the arguments are no JSON.
    pub(super) fn digest(&self, said: Vec<(Item, Item)>) -> [u8; 32] {
        let arguments = self.arguments.as_deref().unwrap_or("{}");
        match serde_json::from_str::<Value>(arguments) {
            Ok(_) => self.base().digest(arguments, said),
            Err(_) => [0; 32],
        }
    }

    pub(super) fn request(&self, dice: &mut Dice, grown: &Grown) -> Request {
        let level = if dice.in_hundred(75) { dice.below(2) } else { dice.below(5) };
        let level = LEVELS.get(usize::try_from(level).unwrap_or(0)).copied().unwrap_or("public");
        let mut request = self.base().level(level);
        for label in dice.some(LABELS, 12) {
            request = request.label(label);
        }
        if dice.in_hundred(50) {
            request = request.fact("env", dice.word(&["prod", "prod", "test"]));
        }
        if dice.in_hundred(40) {
            request = request.seen(dice.word(&["crm:id", "crm:name", "mail:id"]), json!(*dice.one(&[7, 8])));
        }
        for counter in COUNTERS {
            if dice.in_hundred(70) {
                request = request.cost(counter, *dice.one(&[0, 1, 1, 2, 5]));
            }
        }
        if dice.in_hundred(12) {
            let by = dice.word(&["@oncall", "@oncall", "@local", "@nobody", "@local, @oncall"]);
            request = request.asking(format!("{} by {by} need {}", dice.word(PATTERNS), *dice.one(&[1_u8, 1, 2])));
        }
        if dice.in_hundred(3) {
            request = request.request_seal();
        }
        for _ in 0..*dice.one(&[0, 0, 0, 0, 1, 1, 2]) {
            request = request.approved(self.approval(dice, grown));
        }
        request
    }

    /// Mostly good, by one of the four.
    fn approval(&self, dice: &mut Dice, grown: &Grown) -> String {
        let approver = if dice.in_hundred(96) { *dice.one(&APPROVERS) } else { 2 };
        let digest = if dice.in_hundred(95) { grown.digest } else { [9; 32] };
        let mut actions = self.actions.clone();
        if dice.in_hundred(3) {
            actions.push("read:other");
        }
        let mut claims = approval_claims(approver, digest, &actions);
        if dice.in_hundred(10) {
            let iat = *dice.one(&[NOW - 600, NOW + 30, NOW + 31]);
            claims = claims.iat(iat).exp(iat + *dice.one(&[0, 600, 3_600, 3_601]));
        }
        let last = if dice.in_hundred(96) { grown.last } else { [3; 32] };
        let signer = if dice.in_hundred(98) { approver } else { 9 };
        approval_text(&Block::new(3, &claims).by(signer), last)
    }
}

pub(super) fn now(dice: &mut Dice) -> u64 {
    match dice.below(12) {
        0 => *dice.one(&[EXP, EXP - 1, IAT - 30, IAT - 31, NOW + 300, NOW + 599, NOW + 600, NOW - 30, NOW - 31]),
        _ => NOW,
    }
}

/// A roots file of one key, mostly without a ceiling, and a group.
pub(super) fn roots(dice: &mut Dice, asked: &Asked) -> Vec<String> {
    let mut lines =
        vec!["[[root]]".to_owned(), format!("key = \"{}\"", key_text(if dice.in_hundred(98) { ROOT } else { 8 }))];
    if dice.in_hundred(35) {
        let action = asked.actions.first().copied().unwrap_or("read:hr");
        let scopes = [
            format!("scopes = [\"{action}\", \"read:*\"]"),
            "scopes = [\"*\"]".to_owned(),
            "scopes = [\"* if path under /data\", \"send:*\"]".to_owned(),
            "scopes = [\"read:* if limit <= 100 open\", \"*:*\"]".to_owned(),
        ];
        let aud = format!("aud = [\"{}\", \"mail\"]", asked.aud);
        let from = [
            "mint-from = 2026-01-01T00:00:00Z",
            "mint-until = 2026-01-01T00:00:02Z",
            "mint-from = 2026-01-01T00:00:01Z",
            "mint-until = 2026-01-01T00:00:01Z",
        ];
        let ratchet = "ratchet = [ { level = \"internal\", labels = [\"hr\"], keep = [\"read:*\"] } ]";
        let (scope, window) = (dice.one::<String>(&scopes).clone(), dice.word(&from));
        let members: [&str; 12] = [
            &scope,
            &aud,
            "aud = [\"*\"]",
            "max-ttl = \"1h\"",
            "max-ttl = \"59m\"",
            "depth = 3",
            "level = \"internal\"",
            "labels = [\"untrusted\"]",
            ratchet,
            window,
            "own-ratchet = true",
            "name = \"ops\"",
        ];
        let mut stated: Vec<&str> = Vec::new();
        for member in dice.some(&members, 9) {
            let name = member.split(' ').next().unwrap_or_default();
            if !stated.contains(&name) || dice.in_hundred(2) {
                stated.push(name);
                lines.push((*member).to_owned());
            }
        }
    }
    if dice.in_hundred(60) {
        lines.push("issuer = true".to_owned());
    }
    if dice.in_hundred(10) {
        lines.push(format!("succeeds = [\"{}\"]", key_text(8)));
    }
    if dice.in_hundred(85) {
        lines.push("[groups]".to_owned());
        lines.push(format!("oncall = [\"{}\", \"{}\"]", key_text(APPROVERS[0]), key_text(APPROVERS[1])));
    }
    lines
}
