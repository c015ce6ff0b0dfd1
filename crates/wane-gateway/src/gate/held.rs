//! Calls that are kept back until somebody has approved them, and whoever looks after them.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::answer::{self, Denial};
use crate::approvals::{Consent, Question, Terminal};
use crate::message::MESSAGE_BYTES;

use super::Gate;
use super::client::Looked;

/// Calls that may be kept back at once: as many as may wait in the ledger for one session.
const CALLS: usize = 64;

/// Bytes of all that is kept back.
const BYTES: usize = 4 * MESSAGE_BYTES;

/// How often the ledger is asked whether a call is approved by now.
pub(super) const POLL: Duration = Duration::from_millis(500);

/// How long a person may take where calls do not wait otherwise.
pub(super) const ASKED: Duration = Duration::from_secs(120);

/// A call that is kept back.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// Which one it is, whatever ids come again.
    pub(super) number: u64,
    /// Under which number its id is kept back.
    pub(super) hold: u64,
    /// Its id, as [`crate::Id::key`] writes it.
    pub(super) key: String,
    pub(super) message: Arc<[u8]>,
    /// What it is answered with where nobody approves it.
    pub(super) denial: Denial,
    pub(super) question: Option<Question>,
    /// The question to its client's user, where that is how a person is asked.
    pub(super) elicited: Option<String>,
    /// Whether it is asked on the terminal.
    pub(super) turn: Turn,
    pub(super) polls: Polls,
    pub(super) until: Instant,
    pub(super) next: Instant,
    pub(super) answer: Option<Consent>,
}

/// Whether a question is asked on a terminal, where one is asked after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is not.
    Never,
    /// It will be.
    Comes,
    /// It is, or was.
    Came,
}

/// Whether the ledger is asked as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Polls {
    /// Others may approve meanwhile.
    Ledger,
    /// Only who is asked here.
    Nothing,
}

#[derive(Debug, Default)]
struct Calls {
    calls: Vec<Held>,
    numbers: u64,
    ended: Ended,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ended {
    #[default]
    Open,
    /// Nobody waits any more.
    Closed,
}

/// What is kept back, and whoever waits for something to happen to it.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    calls: Mutex<Calls>,
    changed: Condvar,
}

/// What is to be done for a call now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// A person has answered.
    Answered(Consent),
    /// The ledger may know more.
    Look,
    /// Nobody has approved it in time.
    Over,
}

impl Shelf {
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a call back; its number, where there is room for it.
    pub(super) fn put(&self, held: Held) -> Option<u64> {
        let mut calls = self.calls();
        let bytes = calls.calls.iter().fold(held.message.len(), |sum, held| sum.saturating_add(held.message.len()));
        if calls.ended == Ended::Closed || calls.calls.len() >= CALLS || bytes > BYTES {
            return None;
        }
        calls.numbers = calls.numbers.wrapping_add(1);
        let number = calls.numbers;
        calls.calls.push(Held { number, ..held });
        drop(calls);
        self.changed.notify_all();
        Some(number)
    }

    /// Takes a call off that was cancelled, or is answered.
    pub(super) fn take(&self, is_it: impl Fn(&Held) -> bool) -> Option<Held> {
        let mut calls = self.calls();
        let place = calls.calls.iter().position(is_it)?;
        Some(calls.calls.remove(place))
    }

    /// What a call is denied with where a person has said no to it so far. Whatever is answered from here on comes too late.
    // spec: G24
    pub(super) fn settle(&self, hold: u64) -> Option<Denial> {
        let mut calls = self.calls();
        let held = calls.calls.iter_mut().find(|held| held.hold == hold)?;
        held.until = held.until.min(Instant::now());
        (held.answer == Some(Consent::No)).then(|| held.denial.clone())
    }

    /// Whether nothing is kept back any more.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.calls().ended, Ended::Closed)
    }

    /// Whether somebody still waits for an answer.
    pub(super) fn holds(&self, number: u64) -> bool {
        let now = Instant::now();
        self.calls().calls.iter().any(|held| held.number == number && now < held.until)
    }

    /// A person has answered; whether anybody had asked.
    pub(super) fn answered(&self, is_it: impl Fn(&Held) -> bool, consent: Consent) -> bool {
        let mut calls = self.calls();
        let now = Instant::now();
        // What comes too late is no answer any more.
        let waits = |held: &&mut Held| is_it(held) && held.answer.is_none() && now < held.until;
        let Some(held) = calls.calls.iter_mut().find(waits) else { return false };
        held.answer = Some(consent);
        drop(calls);
        self.changed.notify_all();
        true
    }

    /// Waits until a question is to be asked on the terminal: the oldest. Nothing where no more come.
    fn next_question(&self) -> Option<(u64, Question)> {
        let mut calls = self.calls();
        loop {
            if calls.ended == Ended::Closed {
                return None;
            }
            if let Some(held) = calls.calls.iter_mut().find(|held| held.turn == Turn::Comes) {
                held.turn = Turn::Came;
                if let Some(question) = held.question.clone() {
                    return Some((held.number, question));
                }
            } else {
                calls = self.changed.wait(calls).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Waits until something is to be done for a call. Nothing where no more comes.
    fn due(&self) -> Option<(Held, Due)> {
        let mut calls = self.calls();
        loop {
            if calls.ended == Ended::Closed {
                return None;
            }
            let now = Instant::now();
            // Answers first, and then whoever was not looked at for longest: none keeps another from its turn.
            let is_due = |held: &&mut Held| held.answer.is_some() || held.next <= now;
            let order = |held: &&mut Held| (held.answer.is_none(), held.next);
            if let Some(held) = calls.calls.iter_mut().filter(is_due).min_by_key(order) {
                let due = match held.answer {
                    Some(consent) => Due::Answered(consent),
                    None if held.until <= now => Due::Over,
                    None => Due::Look,
                };
                held.next = (now + POLL).min(held.until);
                return Some((held.clone(), due));
            }
            let next = calls.calls.iter().map(|held| held.next).min();
            calls = match next {
                Some(next) => {
                    let left = next.saturating_duration_since(now);
                    self.changed.wait_timeout(calls, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(calls).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Nobody waits any more; those who did.
    fn close(&self) -> Vec<Held> {
        let mut calls = self.calls();
        calls.ended = Ended::Closed;
        let all = std::mem::take(&mut calls.calls);
        drop(calls);
        self.changed.notify_all();
        all
    }
}

impl Gate {
    /// Looks after the calls that wait for an approval, until [`Gate::end_waits`]: whoever hands in messages does not wait for them. One
    /// thread does so; where none does, nothing that is kept back is answered.
    ///
    /// ```
    /// fn start(gate: std::sync::Arc<wane_gateway::Gate>) -> std::thread::JoinHandle<()> {
    ///     std::thread::spawn(move || gate.attend())
    /// }
    /// # let _ = start;
    /// ```
    // spec: G22
    pub fn attend(&self) {
        self.attend_with(|tend| tend());
    }

    /// The same, by way of somebody who counts who is at work.
    pub(crate) fn attend_with(&self, at_work: impl Fn(&dyn Fn())) {
        thread::scope(|scope| {
            if let Some(terminal) = self.approvals.terminal() {
                let asks = thread::Builder::new().name("wane-terminal".into());
                // Where no thread can be had nobody is asked, and it is denied in the end.
                let _: io::Result<_> = asks.spawn_scoped(scope, || self.ask_in_turn(terminal));
            }
            while let Some((held, due)) = self.shelf.due() {
                at_work(&|| {
                    // A side that cannot be reached any more is told of by whoever writes to it, and until then others still wait.
                    let _: io::Result<()> = self.tend(&held, due);
                });
            }
        });
    }

    /// Asks on the terminal, one question after the other: those of the calls that are kept back, and no more.
    // spec: G50
    fn ask_in_turn(&self, terminal: &Terminal) {
        while let Some((number, question)) = self.shelf.next_question() {
            match terminal(&question, &|| self.shelf.holds(number)) {
                Some(consent) => self.shelf.answered(|held| held.number == number, consent),
                // Nobody could be asked: others may still approve it, and else it is denied at once.
                None => self.shelf.answered(|held| held.number == number && held.polls == Polls::Nothing, Consent::No),
            };
        }
    }

    /// Those who wait for an approval are answered that there is none, and nobody waits from here on.
    ///
    /// # Errors
    /// Where the client cannot be written to any more.
    ///
    /// ```
    /// fn last_words(gate: &wane_gateway::Gate) {
    ///     // The client may be gone as well.
    ///     let _ = gate.end_waits();
    /// }
    /// # let _ = last_words;
    /// ```
    pub fn end_waits(&self) -> io::Result<()> {
        self.shelf.close().iter().try_for_each(|held| self.give_up_on(held))
    }

    fn tend(&self, held: &Held, due: Due) -> io::Result<()> {
        match due {
            Due::Look => match self.look_up(held) {
                Looked::Waits => Ok(()),
                Looked::Forgotten => self.wait_again(held),
                Looked::Otherwise => self.make_again(held, None),
            },
            Due::Answered(Consent::Yes) => self.make_again(held, held.question.as_ref()),
            Due::Over if held.polls == Polls::Ledger && self.look_up(held) == Looked::Otherwise => {
                self.make_again(held, None)
            }
            // spec: G24
            Due::Answered(Consent::No) | Due::Over => self.give_up_on(held),
        }
    }

    /// Nobody approves it: it is answered like any that nobody has.
    pub(super) fn give_up_on(&self, held: &Held) -> io::Result<()> {
        self.shelf.take(|known| known.number == held.number);
        if !self.flow().let_go(&held.key, held.hold) {
            return Ok(());
        }
        self.take_back(held)?;
        self.refuse_held(held, &held.denial)
    }

    /// A question that nobody answered is asked no longer.
    pub(super) fn take_back(&self, held: &Held) -> io::Result<()> {
        match &held.elicited {
            Some(question) if held.answer.is_none() => (self.to_client)(answer::taken_back(question).as_bytes()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wane::{Arguments, Call, Code, Level, Refusal, Request};

    fn held(key: &str, bytes: usize, next: Instant) -> Held {
        Held {
            number: 0,
            hold: 0,
            key: key.into(),
            message: vec![b'x'; bytes].into(),
            denial: Refusal::new(Code::DenyNeedsApproval, "ask", "a", "b").into(),
            question: None,
            elicited: None,
            turn: Turn::Never,
            polls: Polls::Ledger,
            until: next,
            next,
            answer: None,
        }
    }

    #[test]
    fn there_is_room_for_so_many_and_no_more() {
        let (shelf, later) = (Shelf::default(), Instant::now() + Duration::from_secs(60));
        let numbers: Vec<_> = (0..CALLS).map(|id| shelf.put(held(&id.to_string(), 1, later)).unwrap()).collect();
        assert_eq!(shelf.put(held("x", 1, later)), None);
        assert!(shelf.take(|held| held.key == "7").is_some() && !shelf.holds(numbers[7]) && shelf.holds(numbers[8]));
        // A call that comes under an id that was there is another one.
        let again = shelf.put(held("7", 1, later)).unwrap();
        assert!(!numbers.contains(&again));
        assert_eq!(shelf.close().len(), CALLS);
        assert_eq!(shelf.put(held("x", 1, later)), None, "nobody waits any more");
        let shelf = Shelf::default();
        assert!(shelf.put(held("1", BYTES - 1, later)).is_some());
        assert_eq!(shelf.put(held("2", 2, later)), None);
        assert!(shelf.put(held("3", 1, later)).is_some());
    }

    #[test]
    fn the_first_answer_counts_and_a_time_that_is_over_is_said() {
        let (shelf, now) = (Shelf::default(), Instant::now());
        let later = now + Duration::from_secs(60);
        let number = shelf.put(held("1", 1, later)).unwrap();
        assert!(shelf.answered(|held| held.number == number, Consent::No));
        assert!(!shelf.answered(|held| held.number == number, Consent::Yes));
        assert!(!shelf.answered(|held| held.number == number + 1, Consent::Yes));
        assert_eq!(shelf.due().map(|(_, due)| due), Some(Due::Answered(Consent::No)));
        shelf.take(|held| held.number == number);
        shelf.put(held("2", 1, now)).unwrap();
        assert_eq!(shelf.due().map(|(held, due)| (held.key, due)), Some(("2".into(), Due::Over)));
        shelf.close();
        assert!(shelf.due().is_none());
    }

    #[test]
    fn what_is_settled_is_answered_no_more() {
        let (shelf, later) = (Shelf::default(), Instant::now() + Duration::from_secs(60));
        let [first, second] = [1, 2].map(|hold| shelf.put(Held { hold, ..held("1", 1, later) }).unwrap());
        assert!(shelf.settle(1).is_none() && shelf.settle(3).is_none());
        assert!(!shelf.answered(|held| held.number == first, Consent::No));
        assert!(shelf.answered(|held| held.number == second, Consent::No));
        assert!(shelf.settle(2).is_some());
    }

    #[test]
    fn none_keeps_another_from_its_turn() {
        let (shelf, now) = (Shelf::default(), Instant::now());
        let earlier = |seconds| now.checked_sub(Duration::from_secs(seconds)).unwrap();
        let waits =
            |key: &str, seconds| Held { until: now + Duration::from_secs(60), ..held(key, 1, earlier(seconds)) };
        shelf.put(waits("first", 2)).unwrap();
        shelf.put(waits("second", 3)).unwrap();
        let answered = shelf.put(waits("third", 1)).unwrap();
        let due = || shelf.due().map(|(held, due)| (held.key, due)).unwrap();
        assert_eq!(due(), ("second".into(), Due::Look));
        assert!(shelf.answered(|held| held.number == answered, Consent::No));
        assert_eq!(due(), ("third".into(), Due::Answered(Consent::No)));
        shelf.take(|held| held.number == answered);
        assert_eq!(due(), ("first".into(), Due::Look));
        // A yes that comes too late is none, and is not said to be one.
        let late = shelf.put(held("late", 1, earlier(1))).unwrap();
        assert!(!shelf.holds(late));
        assert!(!shelf.answered(|held| held.number == late, Consent::Yes));
        assert_eq!(due(), ("late".into(), Due::Over));
    }

    #[test]
    fn questions_of_calls_that_wait_have_their_turn_on_the_terminal_once() {
        let (shelf, later) = (Shelf::default(), Instant::now() + Duration::from_secs(60));
        let arguments = Arguments::from_json(br#"{"a":1}"#).unwrap();
        let request = Request::new(
            "files".parse().unwrap(),
            Call::tool("post").unwrap(),
            vec!["send:web".parse().unwrap()],
            Level::Public,
        );
        let question = Question::to_show(request.unwrap().arguments(arguments));
        let asks = |key: &str, turn: Turn| {
            shelf.put(Held { turn, question: Some(question.clone()), ..held(key, 1, later) }).unwrap()
        };
        asks("elsewhere", Turn::Never);
        let [first, second, third] = ["1", "2", "3"].map(|key| asks(key, Turn::Comes));
        assert_eq!(shelf.next_question().map(|(number, _)| number), Some(first));
        // What was cancelled before its turn has none.
        shelf.take(|held| held.number == second);
        assert_eq!(shelf.next_question().map(|(number, _)| number), Some(third));
        shelf.close();
        assert!(shelf.next_question().is_none());
    }
}
