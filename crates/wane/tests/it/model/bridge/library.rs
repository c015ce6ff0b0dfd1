//! The model's words in the library's types.

use wane::{
    Approval, Arguments, AskRule, Bearer, BlockId, BlockState, Decision, FirstState, LedgerId, LedgerState, Level,
    LiveState, Mark, PublicKey, Request, Roots, Rule, Scope, TrustedRoot, UntrustedApproval, Value, Verified,
    Volatility,
};

use super::super::naive::{self, Answer, CONDITIONS, Chain, Charge, Entry, Kept, Live, No, Stated, Tree};
use super::forge::{Forged, secret};

fn parsed<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap_or_else(|refusal| panic!("{text}: {refusal:?}"))
}

pub(crate) fn key(number: u8) -> PublicKey {
    secret(number).public_key()
}

fn mark(mark: &naive::Mark) -> Mark {
    mark.labels.iter().fold(Mark::at(level(mark.level)), |mark, label| mark.with(parsed(label)))
}

fn level(number: u8) -> Level {
    Level::ALL[usize::from(number)]
}

fn rule(rule: &naive::Rule) -> Rule {
    let labels = rule.labels.iter().map(|label| parsed(label));
    Rule::new(level(rule.level), labels, rule.keep.iter().map(|pattern| parsed(pattern)))
}

/// An ask, written as people write them.
fn ask(stated: &naive::Ask) -> AskRule {
    let approver = |approver: &naive::Approver| match approver {
        naive::Approver::Key(number) => key(*number).to_string(),
        naive::Approver::Group(name) => format!("@{name}"),
    };
    let approvers: Vec<_> = stated.approvers.iter().map(approver).collect();
    parsed(&format!("{} by {} need {}", stated.pattern, approvers.join(", "), stated.need))
}

/// A whole scope, written as people write them.
pub(crate) fn scope(stated: &Stated) -> Scope {
    fn value(tree: &Tree) -> String {
        match tree {
            Tree::Array(elements) => elements.iter().map(value).collect::<Vec<_>>().join(", "),
            scalar => scalar.json(),
        }
    }
    let condition = |place: &usize| {
        const OPERATORS: [&str; 13] =
            ["", "=", "in", "<=", ">=", "len <=", "like", "under", "host", "scheme", "cidr", "absent", "seen"];
        let condition = &CONDITIONS[*place];
        let operand = condition.operand.as_ref().map(value).unwrap_or_default();
        let operand = if condition.operator == 2 { format!("[{operand}]") } else { operand };
        format!("{} {} {operand}", condition.target, OPERATORS[usize::from(condition.operator)])
    };
    let conditions: Vec<_> = stated.conditions.iter().map(condition).collect();
    let conditions = if conditions.is_empty() { String::new() } else { format!(" if {}", conditions.join(" and ")) };
    parsed(&format!("{}{conditions} {}", stated.pattern.unwrap_or("*"), if stated.only { "only" } else { "open" }))
}

pub(crate) fn roots(entry: &Entry) -> Roots {
    let mut root = TrustedRoot::new(key(naive::ROOT_KEY));
    if let Some(audiences) = &entry.aud {
        root = root.audiences(audiences.iter().map(|audience| parsed(audience)));
    }
    if let Some(scopes) = &entry.scopes {
        root = root.scopes(scopes.iter().map(scope));
    }
    root = entry.max_ttl.into_iter().fold(root, TrustedRoot::longest);
    root = entry.depth.into_iter().fold(root, TrustedRoot::depth);
    root = root.mark(mark(&naive::Mark { level: entry.level, labels: entry.labels.clone() }));
    root = entry.rules.iter().map(rule).fold(root, TrustedRoot::rule);
    root = entry.mint_from.into_iter().fold(root, TrustedRoot::minting_from);
    root = entry.mint_until.into_iter().fold(root, TrustedRoot::minting_until);
    root = entry.succeeds.map(key).into_iter().fold(root, TrustedRoot::succeeds);
    if entry.issuer {
        root = root.allow_issuer();
    }
    if entry.own_ratchet {
        root = root.allow_own_ratchet();
    }
    let groups =
        entry.groups.iter().map(|(name, keys)| (parsed(name), keys.iter().map(|number| key(*number)).collect()));
    Roots::with_groups([root], groups.collect()).expect("one root and its groups")
}

fn fact(tree: &Tree) -> Value {
    match tree {
        Tree::Null => Value::Null,
        Tree::Bool(value) => Value::Bool(*value),
        Tree::Int(value) => Value::integer(*value).expect("a small integer"),
        Tree::Text(_) | Tree::Long(..) => Value::Text(tree.text().unwrap_or_default().into()),
        other => panic!("{other:?} is no fact"),
    }
}

pub(crate) fn request(asked: &naive::Request) -> Request {
    let actions = asked.actions.iter().map(|action| parsed(action)).collect();
    let arguments = Arguments::from_json(asked.point.arguments.json().as_bytes()).expect("arguments");
    let mut request =
        Request::for_actions(parsed(asked.audience), actions, level(asked.mark.level)).expect("one to four actions");
    request = asked.mark.labels.iter().fold(request, |request, label| request.label(parsed(label)));
    request = asked.point.facts.iter().fold(request, |request, (name, value)| request.fact(parsed(name), fact(value)));
    request = asked.point.seen.iter().fold(request, |request, (source, value)| request.seen(source, fact(value)));
    request = asked.costs.iter().fold(request, |request, (name, cost)| request.cost(parsed(name), *cost));
    request = asked.ask.iter().fold(request, |request, rule| request.asking(ask(rule)).expect("a few asks"));
    if asked.needs_own_seal { request.require_request_seal() } else { request }.arguments(arguments)
}

fn block_state(state: &naive::BlockState) -> BlockState {
    BlockState {
        mark: mark(&state.mark),
        revoked: state.revoked,
        spent: state.spent.iter().map(|(name, spent)| (parsed(name), *spent)).collect(),
        registered: state.registered,
    }
}

pub(crate) fn live(live: &Live, chain: &Chain, forged: &Forged, asked: &naive::Request) -> LiveState {
    let mut approvals: Vec<(Approval, bool)> = Vec::new();
    for approval in &live.approvals {
        let (bytes, last) = forged.approval(approval, asked, chain);
        let read = UntrustedApproval::from_bytes(&bytes).expect("an approval");
        approvals.push((read.verify(BlockId::from_bytes(last)).expect("signed by its key"), approval.used));
    }
    let mut state = LiveState::without_ledger();
    if let Some(ledger) = &live.ledger {
        let volatility = match ledger.kept {
            Kept::Durably => Volatility::Durable,
            Kept::Allowed => Volatility::VolatileAllowed,
            Kept::Refused => Volatility::VolatileRefused,
        };
        let first = ledger.first.as_ref().map(|first| FirstState {
            state: block_state(&first.state),
            root: key(first.root),
            issued_at: first.iat,
            continues: first.continues,
        });
        let bearer = |bearer: &naive::Bearer| match bearer {
            naive::Bearer::Root(number) => Bearer::Root(key(*number)),
            naive::Bearer::Key(number) => Bearer::Key(key(*number)),
            naive::Bearer::Agent(name) => Bearer::Agent((*name).into()),
        };
        let used = approvals.iter().filter(|(_, used)| *used).map(|(approval, _)| approval.id());
        let seal = forged.ids.last().filter(|_| ledger.seal_used).map(|id| BlockId::from_bytes(*id));
        state = LiveState::with_ledger(LedgerState {
            since: ledger.since,
            collected: ledger.collected,
            blocks: (0..chain.blocks.len()).map(|index| block_state(&ledger.block(index))).collect(),
            first,
            revoked_before: ledger.revoked_before.iter().map(|(it, time)| (bearer(it), *time)).collect(),
            used: used.chain(seal).collect(),
            ..LedgerState::new(LedgerId::from_bytes([ledger.id; 16]), volatility)
        });
    }
    state = state.marked(mark(&live.mark));
    state = live.local.map(key).into_iter().fold(state, LiveState::local_approver);
    approvals.into_iter().fold(state, |state, (approval, _)| state.approved_by(approval))
}

pub(crate) fn refusal(refusal: &wane::Refusal) -> No {
    No { code: refusal.code().as_str(), block: refusal.block() }
}

pub(crate) fn answer(decision: &Decision, forged: &Forged) -> Answer {
    let permit = match decision {
        Decision::Deny(reason) => return Answer::Deny(refusal(reason)),
        Decision::Ask(ask) => return Answer::Ask(refusal(ask.refusal())),
        Decision::Allow(permit) => permit,
    };
    let charge = |charge: &wane::Charge| Charge {
        block: forged.ids.iter().position(|id| id == charge.block.as_bytes()),
        name: known(charge.name.as_str()),
        cost: charge.cost,
        cap: charge.cap,
    };
    Answer::Allow(as_stated(permit.mark()), permit.effects().charges.iter().map(charge).collect())
}

/// A name that the model knows by the same text.
fn known(name: &str) -> &'static str {
    const NAMES: [&str; 22] = [
        "pii",
        "untrusted",
        "c",
        "dd",
        "l0",
        "l1",
        "l2",
        "l3",
        "l4",
        "l5",
        "l6",
        "l7",
        "l8",
        "l9",
        "la",
        "lb",
        "lc",
        "ld",
        "le",
        "lf",
        "lg",
        "lh",
    ];
    NAMES.into_iter().find(|known| *known == name).unwrap_or_else(|| panic!("{name} stands in no case"))
}

fn as_stated(mark: &Mark) -> naive::Mark {
    let mut labels: Vec<_> = mark.labels().map(|label| known(label.as_str())).collect();
    labels.sort_unstable();
    naive::Mark { level: mark.level().number(), labels }
}

/// What is in force after a block, as text that both sides can write.
pub(crate) fn in_force(verified: &Verified) -> Vec<String> {
    let show = |grant: &wane::Grant| {
        let join = |list: Vec<String>| list.join(",");
        let mark = as_stated(grant.mark());
        let ledger = grant.ledger().map(|id| id.as_bytes()[0]);
        let continues = grant.continues().map(|id| id.as_bytes()[0]);
        let times = (grant.expires_at(), grant.not_before(), grant.issued_at());
        format!(
            "{} {times:?} {mark:?} {} {} {:?} {ledger:?} {continues:?} [{}] [{}] [{}] {} {}",
            join(grant.audiences().iter().map(ToString::to_string).collect()),
            grant.clearance().number(),
            grant.depth(),
            grant.session(),
            join(grant.budgets().iter().map(|(name, cap)| format!("{name}={cap}")).collect()),
            join(grant.scopes().iter().map(|scope| scope.pattern().to_string()).collect()),
            join(grant.denied().map(ToString::to_string).collect()),
            grant.asks().count(),
            grant.rules().count(),
        )
    };
    verified.grants().iter().map(show).collect()
}

pub(crate) fn in_force_by_model(grant: &naive::Grant) -> String {
    let mut mark = grant.mark.clone();
    mark.labels.sort_unstable();
    format!(
        "{} {:?} {mark:?} {} {} {:?} {:?} {:?} [{}] [{}] [{}] {} {}",
        grant.audiences.join(","),
        (grant.exp, grant.nbf, grant.iat),
        grant.clearance,
        grant.depth,
        grant.session,
        grant.ledger,
        grant.continues,
        grant.budgets.iter().map(|(name, cap)| format!("{name}={cap}")).collect::<Vec<_>>().join(","),
        grant.scopes.iter().map(|scope| scope.pattern).collect::<Vec<_>>().join(","),
        grant.deny.iter().map(|(_, pattern)| *pattern).collect::<Vec<_>>().join(","),
        grant.ask.len(),
        grant.rules.len(),
    )
}
