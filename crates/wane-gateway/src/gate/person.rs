//! Who is asked for an approval that is missing, and what becomes of the call meanwhile.

use std::io;
use std::time::Instant;

use wane::Refusal;

use super::client::{Beside, Looked, Onward, Received, Stage, Stopped};
use super::held::{ASKED, Held, POLL, Polls, Turn};
use super::{Gate, OWN_ID, Side};
use crate::answer::{self, Denial, Era};
use crate::approvals::{Consent, Question};
use crate::call::Parameters;
use crate::flow::State;
use crate::message::{Id, Kind, Message};
use crate::method::{self, Asked};

/// How a person is asked.
enum Way {
    /// By the client, while its request waits.
    Elicits(String),
    /// By the client, which makes its request again.
    Returns(String),
    /// On a terminal of the gateway's own.
    Terminal,
    /// Nobody is.
    Nobody,
}

/// What a request brings as the answer to a question of ours.
pub(super) struct Brought {
    /// The question, where it is known and can still be answered.
    state: Option<State>,
    consent: Consent,
}

impl Gate {
    /// The answer that a request brings; whatever becomes of it, it has served.
    // spec: G25
    pub(super) fn brought(&self, received: &Received<'_>) -> Option<Brought> {
        let (name, consent) = received.parameters.answers()?;
        Some(Brought { state: self.flow().close(&name, Instant::now()), consent })
    }

    /// Judges a request, with the answer that it brings to a question of ours.
    pub(super) fn judge_with_answer(
        &self,
        received: &Received<'_>,
        brought: Option<&Brought>,
    ) -> Result<Onward<'_>, Stopped> {
        // What is not known, or was answered, is no answer to anything.
        // spec: G25
        let answered = brought.and_then(|brought| Some((brought.state.as_ref()?, brought.consent)));
        let beside = Beside { approvals: &[], state: answered.map(|(state, _)| state), stage: Stage::Fresh };
        if let Some((state, Consent::No)) = answered {
            self.said_no(received, state)?;
        }
        let first = self.judge(received, beside);
        match (answered, &first) {
            // Else the question was about another request, or behind another chain: this one is still to be asked.
            (Some((state, Consent::Yes)), Err(Stopped::Asks(_, Some(question))))
                if question.is_about(&state.digest, state.last) =>
            {
                let approval = self.approve(question)?;
                self.judge(received, Beside { approvals: &approval, ..beside })
            }
            _ => first,
        }
    }

    /// Refuses what somebody was asked about and has said no to, whatever others have said of it meanwhile.
    // spec: G24
    fn said_no(&self, received: &Received<'_>, state: &State) -> Result<(), Stopped> {
        let shown = received.parameters.token()?;
        for ask in received.parameters.asks(received.asked)? {
            let request = self.listed()?.demand(&ask.incoming())?.into_request();
            let (sealed, _) = self.sealed_for(&request, shown.as_deref())?;
            if Question::covers(&request, &state.digest) && Question::last_of(&sealed) == Some(state.last) {
                return Err(Denial::declined(&request, &state.digest).into());
            }
        }
        Ok(())
    }

    fn approve(&self, question: &Question) -> Result<Vec<wane::UntrustedApproval>, Refusal> {
        let approval = self.approvals.approve(question, (self.clock)())?;
        Ok(approval.map(|approval| approval.statement().clone()).into_iter().collect())
    }

    /// A request needs an approval: somebody is asked, or it waits for others, or it is refused.
    pub(super) fn ask_or_refuse(
        &self,
        received: &Received<'_>,
        brought: Option<&Brought>,
        denial: Denial,
        question: Option<Box<Question>>,
    ) -> io::Result<()> {
        let Received { id, method, asked, parameters, .. } = received;
        let question = question.map(|question| *question);
        let refuse = |denial: &Denial| self.refuse(*id, method, Some(*asked), parameters.era(), denial);
        let carried = question.as_ref().and_then(|question| carried(parameters, brought, question));
        match (self.way(received, question.as_ref(), carried.is_some()), carried, question) {
            (Way::Returns(words), Some(carried), Some(question)) => {
                let name = self.open(carried, &question);
                (self.to_client)(answer::input_required(*id, &name, &words).as_bytes())
            }
            // What the server itself had asked before would be lost on any other way.
            // spec: G25
            _ if brought.is_some() => refuse(&denial),
            (way, _, question) => self.keep_or_refuse(received, denial, question, way),
        }
    }

    fn keep_or_refuse(
        &self,
        received: &Received<'_>,
        denial: Denial,
        question: Option<Question>,
        way: Way,
    ) -> io::Result<()> {
        let Received { id, method, asked, parameters, .. } = received;
        let refuse = |denial: &Denial| self.refuse(*id, method, Some(*asked), parameters.era(), denial);
        match way {
            Way::Elicits(words) => {
                let name = self.name();
                let id = format!("\"{name}\"");
                let held = self.held(received, denial, question, Some(id.clone()));
                match self.keep(held) {
                    Ok(_) => (self.to_client)(answer::elicitation(&id, &words).as_bytes()),
                    Err(denial) => refuse(&denial),
                }
            }
            Way::Terminal => {
                let held = Held { turn: Turn::Comes, ..self.held(received, denial, question, None) };
                self.keep(held).map_or_else(|denial| refuse(&denial), |_| Ok(()))
            }
            Way::Returns(_) | Way::Nobody if self.approvals.wait().is_zero() => refuse(&denial),
            Way::Returns(_) | Way::Nobody => {
                self.keep(self.held(received, denial, None, None)).map_or_else(|denial| refuse(&denial), |_| Ok(()))
            }
        }
    }

    /// How a person can be asked this.
    fn way(&self, received: &Received<'_>, question: Option<&Question>, carries: bool) -> Way {
        let (Some(local), Some(question)) = (self.approvals.local(), question) else { return Way::Nobody };
        // spec: G23
        if !question.is_for(&local.key.public_key()) {
            return Way::Nobody;
        }
        let Received { asked, method, parameters, .. } = received;
        let by_client = match parameters.era() {
            Era::Handshake => self.flow().elicits.then_some(Era::Handshake),
            Era::Stateless => {
                let answers = matches!(asked, Asked::Tool | Asked::Prompt) || *method == "resources/read";
                (answers && carries && parameters.asks_user()).then_some(Era::Stateless)
            }
        };
        // What cannot be shown whole is not asked.
        match (by_client, by_client.and_then(|_| (local.words)(question)), &local.terminal) {
            (Some(Era::Handshake), Some(words), _) => Way::Elicits(words),
            (Some(Era::Stateless), Some(words), _) => Way::Returns(words),
            (_, _, Some(_)) => Way::Terminal,
            _ => Way::Nobody,
        }
    }

    /// A name that nobody can guess: who could would answer for somebody else.
    fn name(&self) -> String {
        let mut bytes = [0; 16];
        self.rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fill_bytes(&mut bytes);
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{OWN_ID}{digits}")
    }

    /// Remembers a question that the client takes along; its name.
    fn open(&self, carried: Vec<(&'static str, String)>, question: &Question) -> String {
        let (name, until) = (self.name(), Instant::now() + self.patience());
        let (digest, last) = (*question.request_digest(), question.last_block());
        self.flow().open(State { name: name.clone(), digest, last, until, carried });
        name
    }

    /// How long a person may take.
    fn patience(&self) -> std::time::Duration {
        let wait = self.approvals.wait();
        if wait.is_zero() { ASKED } else { wait }
    }

    fn held(
        &self,
        received: &Received<'_>,
        denial: Denial,
        question: Option<Question>,
        elicited: Option<String>,
    ) -> Held {
        let (now, polls) =
            (Instant::now(), if self.approvals.wait().is_zero() { Polls::Nothing } else { Polls::Ledger });
        let until = now + self.patience();
        Held {
            number: 0,
            hold: 0,
            key: received.id.key().into_owned(),
            message: received.message.bytes().into(),
            denial,
            question,
            elicited,
            turn: Turn::Never,
            polls,
            until,
            next: if polls == Polls::Ledger { until.min(now + POLL) } else { until },
            answer: None,
        }
    }

    /// Keeps a call back; its number, or what it is denied with where there is no room.
    fn keep(&self, held: Held) -> Result<u64, Denial> {
        let (key, denial) = (held.key.clone(), held.denial.clone());
        let hold = self.flow().hold(key.clone());
        self.shelf.put(Held { hold, ..held }).ok_or_else(|| {
            self.flow().let_go(&key, hold);
            denial
        })
    }

    /// The client's user has answered a question of ours, perhaps.
    // spec: G24
    pub(super) fn person_answers(&self, id: &str, answer: Option<&str>) {
        // An error is no yes, whatever stands in it.
        let consent = answer.map_or(Consent::No, answer::consent);
        if !self.shelf.answered(|held| held.elicited.as_deref() == Some(id), consent) {
            self.dropped(Side::Client, "an answer that nobody waits for");
        }
    }

    /// A client waits no more for what was kept back under this number.
    pub(super) fn stops_waiting(&self, hold: u64) -> io::Result<()> {
        match self.shelf.take(|held| held.hold == hold) {
            Some(held) => self.take_back(&held),
            None => Ok(()),
        }
    }

    /// What the ledger says of a call that is kept back.
    pub(super) fn look_up(&self, held: &Held) -> Looked {
        let Ok(message) = Message::read(&held.message) else { return Looked::Otherwise };
        let looked = of(&message).map(|received| self.looked_up(&received.parameters, received.asked));
        looked.and_then(Result::ok).unwrap_or(Looked::Otherwise)
    }

    /// A call that nobody is shown any more waits in the ledger once again, and goes on being kept back.
    // spec: G22
    pub(super) fn wait_again(&self, held: &Held) -> io::Result<()> {
        self.judge_held(held, &[], |stopped| !matches!(stopped, Stopped::Asks(..)))
    }

    /// A call that was kept back is judged again as a whole, once.
    // spec: G22
    pub(super) fn make_again(&self, held: &Held, approved: Option<&Question>) -> io::Result<()> {
        let taken = self.shelf.take(|known| known.number == held.number);
        match taken {
            // Somebody has answered while the ledger was asked.
            // spec: G24
            Some(taken) if taken.answer == Some(Consent::No) => return self.give_up_on(&taken),
            Some(taken) => self.take_back(&taken)?,
            // Whoever took it answers it: it was cancelled, or nothing waits any more.
            None => return Ok(()),
        }
        let approvals = approved.map_or_else(|| Ok(Vec::new()), |question| self.approve(question));
        match approvals {
            Ok(approvals) => self.judge_held(held, &approvals, |_| true),
            Err(refusal) => self.answer_held(held, &refusal.into()),
        }
    }

    /// Nobody is asked about it any more.
    fn take_off(&self, held: &Held) -> io::Result<()> {
        match self.shelf.take(|known| known.number == held.number) {
            Some(_) => self.take_back(held),
            None => Ok(()),
        }
    }

    /// What becomes of a call that is kept back; it is kept back no longer where it goes on, or this is the end of it.
    fn judge_held(
        &self,
        held: &Held,
        approvals: &[wane::UntrustedApproval],
        ends: impl Fn(&Stopped) -> bool,
    ) -> io::Result<()> {
        let Ok(message) = Message::read(&held.message) else { return Ok(()) };
        let Some(received) = of(&message) else { return Ok(()) };
        let judged = self.judge(&received, Beside { approvals, state: None, stage: Stage::Held(held.hold) });
        match judged {
            Err(stopped) if !ends(&stopped) => Ok(()),
            Ok(onward) => {
                let passed = self.pass_on(onward);
                self.take_off(held)?;
                passed
            }
            Err(Stopped::Gone) => self.take_off(held),
            Err(Stopped::Denied(denial) | Stopped::Asks(denial, _)) => {
                self.take_off(held)?;
                self.answer_held(held, &denial)
            }
        }
    }

    /// The answer of a call that was judged again, if anybody still waits for it.
    fn answer_held(&self, held: &Held, denial: &Denial) -> io::Result<()> {
        let waited = self.flow().let_go(&held.key, held.hold);
        match (waited, self.flow().has_ended()) {
            (false, _) => Ok(()),
            // Whatever was decided meanwhile.
            (true, true) => self.has_ended_held(held),
            (true, false) => self.refuse_held(held, denial),
        }
    }

    fn has_ended_held(&self, held: &Held) -> io::Result<()> {
        Message::read(&held.message)
            .ok()
            .and_then(|message| message.id().map(|id| self.has_ended(id)))
            .unwrap_or(Ok(()))
    }

    /// The answer of a call that was kept back.
    pub(super) fn refuse_held(&self, held: &Held, denial: &Denial) -> io::Result<()> {
        let Ok(message) = Message::read(&held.message) else { return Ok(()) };
        match of(&message) {
            Some(received) => {
                let era = received.parameters.era();
                self.refuse(received.id, received.method, Some(received.asked), era, denial)
            }
            None => Ok(()),
        }
    }
}

/// What the server itself had asked before, and is to be given back to it once a question is answered. Nothing where that is too much, or
/// not known any more.
fn carried(
    parameters: &Parameters<'_>,
    brought: Option<&Brought>,
    question: &Question,
) -> Option<Vec<(&'static str, String)>> {
    match brought {
        None => parameters.carried(),
        Some(Brought { state: None, .. }) => None,
        // Of another request it is none.
        Some(Brought { state: Some(state), .. }) if state.digest != *question.request_digest() => Some(Vec::new()),
        Some(Brought { state: Some(state), .. }) => Some(state.carried.clone()),
    }
}

/// A request that was read before.
fn of<'m>(message: &'m Message<'m>) -> Option<Received<'m>> {
    match *message.kind() {
        Kind::Request { method, params } => {
            let parameters = Parameters::read(params).ok()?;
            let (id, asked): (Id<'m>, Asked) = (message.id()?, method::asked(method, parameters.era())?);
            Some(Received { message, id, method, asked, parameters })
        }
        _ => None,
    }
}
