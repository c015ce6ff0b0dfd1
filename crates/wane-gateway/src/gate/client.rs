//! What a client sends.

use std::io;
use std::sync::MutexGuard;

use wane::{Code, Decision, Permit, Refusal, Request, SealedToken, UntrustedApproval, Verdict};
use wane_policy::Demand;

use super::{Gate, Notice, OWN_ID, Side};
use crate::answer::{self, Denial, Era, LIST_CHANGED};
use crate::approvals::Question;
use crate::call::{Ask, Parameters};
use crate::credential::ToServer;
use crate::flow::{Admitted, Begins, Crowded, State, Waits};
use crate::message::{Fault, Id, Kind, Message};
use crate::method::{self, Asked};
use crate::object::Object;

/// Sources, each with the pointers into a result.
type Trusted = Vec<(String, Vec<String>)>;

/// Why a request may be passed on.
enum Ground {
    /// Nothing of it is decided.
    Passes,
    /// All of it was admitted.
    Admitted(Vec<Permit>),
}

/// A request of a client, as far as it was read.
pub(super) struct Received<'m> {
    pub(super) message: &'m Message<'m>,
    pub(super) id: Id<'m>,
    pub(super) method: &'m str,
    pub(super) asked: Asked,
    pub(super) parameters: Parameters<'m>,
}

/// What a request is judged with beside itself.
#[derive(Clone, Copy)]
pub(super) struct Beside<'a> {
    pub(super) approvals: &'a [UntrustedApproval],
    /// The question that it answers.
    pub(super) state: Option<&'a State>,
    pub(super) stage: Stage,
}

/// Whether a request has just come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It has.
    Fresh,
    /// It was kept back, under this number.
    Held(u64),
}

/// What a ledger says of a call that waits for approvals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looked {
    /// They are missing, and approvers are shown it.
    Waits,
    /// They are missing, and nobody is shown it any more: one that is equal was admitted, or its hour is over.
    Forgotten,
    /// Anything else.
    Otherwise,
}

/// Why a request goes no further.
pub(super) enum Stopped {
    Denied(Denial),
    /// It needs an approval, and all of it is this one question, where it can be shown.
    Asks(Denial, Option<Box<Question>>),
    /// Nobody waits for it any more.
    Gone,
}

impl From<Denial> for Stopped {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Self {
        Self::Denied(refusal.into())
    }
}

/// A request that goes on to the server, and whose answer is waited for.
pub(super) struct Onward<'g> {
    bytes: Vec<u8>,
    ground: Ground,
    /// Whose answer is not waited for any more.
    given_up: Option<String>,
    /// No cancellation goes before it does.
    in_order: Option<MutexGuard<'g, ()>>,
}

impl Gate {
    /// A message from the client.
    ///
    /// # Errors
    /// Where the client or the server cannot be written to any more.
    ///
    /// ```
    /// fn hand(gate: &wane_gateway::Gate, line: &[u8]) -> std::io::Result<()> {
    ///     gate.from_client(line)
    /// }
    /// # let _ = hand;
    /// ```
    pub fn from_client(&self, bytes: &[u8]) -> io::Result<()> {
        let message = match Message::read(bytes) {
            Ok(message) => message,
            Err(fault) => return self.unread(&fault),
        };
        match *message.kind() {
            Kind::Request { method, params } => match message.id() {
                Some(id) => self.client_asks(&message, id, method, params),
                None => Ok(()),
            },
            Kind::Notification { method, params } => self.client_notifies(&message, method, params),
            Kind::Result { result: part } | Kind::Error { error: part } => {
                if brings_token(part) {
                    self.dropped(Side::Client, "an answer that brings a token");
                    return Ok(());
                }
                if let Some(id) = message.id().filter(is_own) {
                    let is_answer = matches!(message.kind(), Kind::Result { .. });
                    self.person_answers(&id.key(), if is_answer { Some(part) } else { None });
                    return Ok(());
                }
                // spec: G14
                let waited = message.id().is_some_and(|id| self.flow().server_answered(&id.key()));
                match waited {
                    true => (self.to_server)(bytes),
                    false => {
                        self.dropped(Side::Client, "an answer that nobody waits for");
                        Ok(())
                    }
                }
            }
        }
    }

    /// Bytes that are no message are answered where it can be told to what.
    // spec: G1 G2
    fn unread(&self, fault: &Fault) -> io::Result<()> {
        let refusal = Refusal::new(Code::ParseMessage, "message", fault.message(), "");
        match fault.id() {
            Some(id) if Id::read(id).is_ok_and(|id| self.is_on_its_way(&id)) => Ok(()),
            Some(id) => {
                (self.report)(&Notice::Denied { what: "a message", refusal: &refusal });
                (self.to_client)(Denial::from(refusal).error(id).as_bytes())
            }
            None => {
                self.dropped(Side::Client, fault.message());
                Ok(())
            }
        }
    }

    fn client_notifies(&self, message: &Message<'_>, method: &str, params: &str) -> io::Result<()> {
        // spec: G6
        if !method::client_notifies(method) {
            self.dropped(Side::Client, "a notification whose method does not pass");
            return Ok(());
        }
        // spec: G11 G12
        if brings_token(params) {
            self.dropped(Side::Client, "a notification that brings a token");
            return Ok(());
        }
        if method == "notifications/cancelled" {
            let id = Object::read(params).and_then(|params| Id::read(params.borrowed("requestId")?).ok());
            return self.client_cancels(message, id);
        }
        (self.to_server)(message.bytes())
    }

    fn client_cancels(&self, message: &Message<'_>, id: Option<Id<'_>>) -> io::Result<()> {
        let in_order = self.in_order();
        let kept_back = id.and_then(|id| self.flow().cancel_hold(&id.key()));
        if let Some(number) = kept_back {
            drop(in_order);
            // The server has never heard of it.
            return self.stops_waiting(number);
        }
        // An answer that comes all the same has no receiver any more.
        let waited = id.is_some_and(|id| !is_own(&id) && self.flow().give_up(&id.key()));
        if !waited {
            self.dropped(Side::Client, "a cancellation of what is not on its way");
            return Ok(());
        }
        (self.to_server)(message.bytes())
    }

    fn client_asks(&self, message: &Message<'_>, id: Id<'_>, method: &str, params: &str) -> io::Result<()> {
        if self.flow().has_ended() {
            return self.has_ended(id);
        }
        if self.is_on_its_way(&id) {
            return Ok(());
        }
        let parameters = Parameters::read(params);
        let era = parameters.as_ref().map_or(Era::Handshake, Parameters::era);
        let asked = method::asked(method, era);
        let received = self.check_id(&id).map_err(Denial::from).and_then(|()| match (asked, parameters) {
            (None, _) => Err(Denial::from(Refusal::new(Code::DenyMethod, "method", format_args!("`{method}`"), ""))),
            (Some(_), Err(refusal)) => Err(refusal.into()),
            (Some(asked), Ok(parameters)) => Ok(Received { message, id, method, asked, parameters }),
        });
        match received {
            Ok(received) => self.answer(&received),
            Err(_) if self.flow().has_ended() => self.has_ended(id),
            Err(denial) => self.refuse(id, method, asked, era, &denial),
        }
    }

    /// A request goes on, is kept back, or is refused.
    fn answer(&self, received: &Received<'_>) -> io::Result<()> {
        let Received { id, method, asked, parameters, .. } = received;
        let brought = self.brought(received);
        match self.judge_with_answer(received, brought.as_ref()) {
            Ok(onward) => self.pass_on(onward),
            Err(Stopped::Gone) => Ok(()),
            // Whatever was decided meanwhile.
            Err(_) if self.flow().has_ended() => self.has_ended(*id),
            Err(Stopped::Asks(denial, question)) => self.ask_or_refuse(received, brought.as_ref(), denial, question),
            Err(Stopped::Denied(denial)) => self.refuse(*id, method, Some(*asked), parameters.era(), &denial),
        }
    }

    // spec: G17
    pub(super) fn has_ended(&self, id: Id<'_>) -> io::Result<()> {
        (self.to_client)(answer::unanswered(id, "has ended").as_bytes())
    }

    /// The answer of a request that goes no further.
    pub(super) fn refuse(
        &self,
        id: Id<'_>,
        method: &str,
        asked: Option<Asked>,
        era: Era,
        denial: &Denial,
    ) -> io::Result<()> {
        // A name that means nothing here may hold anything.
        let what = if asked.is_some() { method } else { "a method that does not pass" };
        (self.report)(&Notice::Denied { what, refusal: &denial.refusal });
        let answer = match asked {
            Some(Asked::Tool) if !denial.is_fault() => denial.tool_result(id, era),
            _ => denial.error(id),
        };
        (self.to_client)(answer.as_bytes())
    }

    /// Whether a request goes on to the server, and as what.
    pub(super) fn judge(&self, received: &Received<'_>, beside: Beside<'_>) -> Result<Onward<'_>, Stopped> {
        let Received { message, id, method, asked, parameters } = received;
        let (changes, heard) = (self.flow().changes(), self.lists.changes());
        let within = parameters.token()?;
        let shown = self.credential.check(within.as_deref(), self.beside.as_deref())?;
        let cuts = within.is_some() && matches!(self.credential.to_server(), ToServer::Never);
        let mut pinned = None;
        let (ground, waits) = match asked {
            Asked::Passes if *method == "initialize" => {
                self.flow().elicits = parameters.asks_user_from_now_on();
                (Ground::Passes, Waits::Handshake)
            }
            Asked::Passes => (Ground::Passes, Waits::Plain),
            Asked::ListTools => {
                let begins = if parameters.is_first_page() { Begins::Anew } else { Begins::Behind };
                if begins == Begins::Anew {
                    self.flow().forget_tools();
                }
                (Ground::Passes, Waits::ListTools(self.credential.for_list(shown, &self.audience)?, begins, heard))
            }
            Asked::Tool | Asked::Prompt | Asked::Resource | Asked::Listen | Asked::Completion => {
                let asks = parameters.asks(*asked)?;
                pinned = self.pinned(&asks)?;
                let admit = |ask: &Ask| self.admit(ask, parameters, shown, beside.approvals);
                let permits =
                    asks.iter().map(admit).collect::<Result<Vec<_>, _>>().map_err(|stopped| match stopped {
                        // What would be admitted in part already is not made again.
                        Stopped::Asks(denial, _) if asks.len() > 1 => Stopped::Denied(denial),
                        stopped => stopped,
                    })?;
                // Only a call of a tool has trusted fields, and is the only one of its request.
                let admitted = permits.last().map(|(permit, trusted)| Admitted {
                    session: permit.effects().session,
                    mark: permit.mark().clone(),
                    trusted: trusted.clone(),
                });
                let permits = permits.into_iter().map(|(permit, _)| permit).collect();
                (Ground::Admitted(permits), Waits::Admitted(admitted))
            }
        };
        // spec: G9
        let bytes = match parameters.onward(cuts, beside.state.filter(|state| is_for(state, &ground))) {
            None => message.bytes().to_vec(),
            Some(params) => answer::request(id, method, params).into_bytes(),
        };
        // spec: G22
        let in_order = matches!(beside.stage, Stage::Held(_)).then(|| self.in_order());
        let mut flow = self.flow();
        // What was announced or listed while the ledger was written comes before the call.
        // spec: G13
        if let Some(name) = pinned {
            let changed = || Refusal::new(Code::DenyPin, "digest", "of the server", "its tools have just changed");
            match flow.tool(&name) {
                // What is heard meanwhile stops it, whoever hears it, and whatever is listed behind that.
                Some(None)
                    if flow.changes() == changes
                        && self.lists.is_as_then(&name, heard)
                        && self.is_as_listed(&flow, &name) => {}
                Some(Some(why_not)) => return Err(why_not.clone().into()),
                Some(None) | None => return Err(changed().into()),
            }
        }
        // Nor does what somebody has said no to while the ledger was asked: it was charged for, and does not go on.
        // spec: G24
        if let Stage::Held(number) = beside.stage
            && let Some(denial) = self.shelf.settle(number)
        {
            return Err(denial.into());
        }
        // spec: G22
        if matches!(beside.stage, Stage::Held(_)) && self.shelf.has_ended() {
            return Err(
                Refusal::new(Code::StateUnreachable, "ledger", "nobody waits for approvals any more", "").into()
            );
        }
        // Whoever was cancelled meanwhile does not go on, and neither does another call under the same id.
        if let Stage::Held(number) = beside.stage
            && !flow.has_ended()
            && !flow.let_go(&id.key(), number)
        {
            return Err(Stopped::Gone);
        }
        let given_up = flow.wait(id.key().into_owned(), waits).map_err(|why| crowded(id, why))?;
        Ok(Onward { bytes, ground, given_up, in_order })
    }

    /// Whether a request with this id waits for its answer, and would take that of another one for it.
    // spec: G14
    fn is_on_its_way(&self, id: &Id<'_>) -> bool {
        let is = self.flow().check(&id.key()) == Err(Crowded::OnItsWay);
        if is {
            self.dropped(Side::Client, "a request whose id is that of one on its way");
        }
        is
    }

    /// Whether a request can have this id.
    fn check_id(&self, id: &Id<'_>) -> Result<(), Refusal> {
        let checked = if is_own(id) { Err(Crowded::OwnId) } else { self.flow().check(&id.key()) };
        checked.map_err(|why| crowded(id, why))
    }

    /// The tool that is called, where it is pinned.
    fn pinned(&self, asks: &[Ask]) -> Result<Option<String>, Refusal> {
        let server = self.listed()?;
        Ok(asks.iter().find_map(|ask| match ask {
            Ask::Tool(name, _) => server.pin(name).is_some().then(|| name.clone()),
            Ask::Prompt(..) | Ask::Resource(_) => None,
        }))
    }

    /// One request, decided and committed.
    // spec: G3
    fn admit(
        &self,
        ask: &Ask,
        parameters: &Parameters<'_>,
        shown: Option<&str>,
        approvals: &[UntrustedApproval],
    ) -> Result<(Permit, Trusted), Stopped> {
        let demand = self.listed()?.demand(&ask.incoming())?;
        // Nobody has a server asked for its tools who shows no genuine token.
        if demand.pin().is_some()
            && let Some(sealed) = self.credential.to_verify(shown, demand.request().call())?
        {
            self.guard()?.verify(&sealed, (self.clock)())?;
        }
        self.check_pin(ask, &demand, parameters)?;
        let trusted = demand.trusted().map(|(source, pointers)| (source.to_owned(), pointers.to_vec())).collect();
        let request = demand.into_request();
        // Looking at the pin may have taken time.
        let (sealed, now) = self.sealed_for(&request, shown)?;
        match self.guard()?.admit(&sealed, &request, approvals, now).decision {
            Decision::Allow(permit) => Ok((permit, trusted)),
            Decision::Ask(ask) => {
                let question = Question::of(&self.server, &request, &sealed, &ask).map(Box::new);
                Err(Stopped::Asks(Denial::asking(&ask), question))
            }
            Decision::Deny(refusal) => Err(refusal.into()),
        }
    }

    /// What would become of a call that waits, as the ledger knows it now. Nothing is written.
    pub(super) fn looked_up(&self, parameters: &Parameters<'_>, asked: Asked) -> Result<Looked, Refusal> {
        let shown = parameters.token()?;
        for ask in parameters.asks(asked)? {
            let request = self.listed()?.demand(&ask.incoming())?.into_request();
            let (sealed, now) = self.sealed_for(&request, shown.as_deref())?;
            let guard = self.guard()?;
            if let Verdict::Ask(_) = guard.check(&sealed, &request, &[], now).verdict {
                let waits = guard.waits_until(&sealed, &request, now)?.is_some();
                return Ok(if waits { Looked::Waits } else { Looked::Forgotten });
            }
        }
        Ok(Looked::Otherwise)
    }

    /// The token by which a request is judged, and when.
    pub(super) fn sealed_for(&self, request: &Request, shown: Option<&str>) -> Result<(SealedToken, u64), Refusal> {
        let now = (self.clock)();
        let mut rng = self.rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok((self.credential.for_request(shown, request, now, &mut *rng)?, now))
    }

    /// Whether a pinned tool is the one that the server lists now.
    // spec: G13
    fn check_pin(&self, ask: &Ask, demand: &Demand, parameters: &Parameters<'_>) -> Result<(), Refusal> {
        let (Ask::Tool(name, _), Some(_)) = (ask, demand.pin()) else { return Ok(()) };
        let listing = self.listing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = {
            let flow = self.flow();
            match flow.tool(name) {
                Some(None) => self.is_as_listed(&flow, name),
                // What differs does so until the list begins anew.
                Some(Some(_)) => true,
                None => false,
            }
        };
        if !known {
            self.list_or_recall(name, parameters)?;
        }
        drop(listing);
        self.check_pinned(&self.listed()?, name)
    }

    /// Passes a request on. What was admitted is used up by it. The client is told of everything else only then: it may read slowly, and
    /// meanwhile what was decided would not be so any more.
    // spec: G3
    pub(super) fn pass_on(&self, onward: Onward<'_>) -> io::Result<()> {
        // Before the server can answer: its answer tells of the mark as well.
        // spec: G15
        let changes = match onward.ground {
            Ground::Passes => false,
            Ground::Admitted(permits) => {
                let changes = self.changes_list(&permits);
                permits.into_iter().for_each(|permit| drop(permit.into_request()));
                changes
            }
        };
        let passed = (self.to_server)(&onward.bytes);
        drop(onward.in_order);
        if let Some(id) = onward.given_up {
            (self.to_client)(answer::unanswered(id, "has not answered").as_bytes())?;
        }
        if changes {
            (self.to_client)(LIST_CHANGED.as_bytes())?;
        }
        passed
    }

    /// Whether the list of tools may be shorter now, before a server that tells such things.
    fn changes_list(&self, permits: &[Permit]) -> bool {
        let flow = self.flow();
        flow.announces && permits.iter().any(|permit| flow.rises(permit.effects().session, permit.mark()))
    }
}

/// Whether this is a request that the gateway makes itself.
pub(crate) fn is_own_request(bytes: &[u8]) -> bool {
    let message = Message::read(bytes).ok();
    message.is_some_and(|message| {
        matches!(message.kind(), Kind::Request { .. }) && message.id().is_some_and(|id| is_own(&id))
    })
}

/// Whether what was admitted is what a question was about: then what the server had asked before is its own again.
fn is_for(state: &State, ground: &Ground) -> bool {
    match ground {
        Ground::Admitted(permits) => {
            matches!(permits.as_slice(), [permit] if Question::covers(permit.request(), &state.digest))
        }
        Ground::Passes => false,
    }
}

pub(super) fn is_own(id: &Id<'_>) -> bool {
    id.is_text() && is_own_id(&id.key())
}

/// The same of an id that is written in one way.
pub(crate) fn is_own_id(key: &str) -> bool {
    key.trim_start_matches('"').starts_with(OWN_ID)
}

/// Whether a token of ours stands in the `_meta` of what is no request, in capitals or not.
fn brings_token(part: &str) -> bool {
    let meta = Object::read(part).and_then(|part| Object::read(part.borrowed("_meta")?));
    meta.is_some_and(|meta| meta.names().any(|name| name.eq_ignore_ascii_case(answer::TOKEN)))
}

fn crowded(id: &Id<'_>, why: Crowded) -> Refusal {
    let why = match why {
        Crowded::OnItsWay | Crowded::GivenUp => format!("the id {id} is that of another request"),
        Crowded::OwnId => format!("ids that begin with {OWN_ID} are the gateway's own"),
        Crowded::Ended => "the tool server has ended".to_owned(),
        Crowded::TooManyGivenUp => "too many were cancelled and never answered: begin another connection".to_owned(),
        Crowded::TooMany => "too many requests are on their way".to_owned(),
    };
    Refusal::new(Code::ParseMessage, "id", why, "")
}
