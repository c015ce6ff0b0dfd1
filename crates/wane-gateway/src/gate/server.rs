//! What a server sends.

use std::io;
use std::time::{Duration, Instant};

use wane::{Arguments, Code, Refusal, Value};

use super::client::is_own;
use super::{Gate, Side};
use crate::answer::{self, Denial, MARK, MarkJson, OURS};
use crate::flow::{Admitted, Crowded, Untold, Waits};
use crate::message::{Fault, Id, Kind, Message};
use crate::method;
use crate::object::Object;

impl Gate {
    /// A message from the server.
    ///
    /// # Errors
    /// Where the client or the server cannot be written to any more.
    ///
    /// ```
    /// fn hand(gate: &wane_gateway::Gate, line: &[u8]) -> std::io::Result<()> {
    ///     gate.from_server(line)
    /// }
    /// # let _ = hand;
    /// ```
    pub fn from_server(&self, bytes: &[u8]) -> io::Result<()> {
        let message = match Message::read(bytes) {
            Ok(message) => message,
            Err(fault) => return self.server_unread(&fault),
        };
        match *message.kind() {
            Kind::Request { method, .. } => match message.id() {
                Some(id) => self.server_asks(&message, id, method),
                None => Ok(()),
            },
            Kind::Notification { method, params } => self.server_notifies(&message, method, params),
            Kind::Result { result } => self.server_answers(&message, Ok(result)),
            Kind::Error { error } => self.server_answers(&message, Err(error)),
        }
    }

    /// The server has ended: whoever waits for it is told so, and so is whoever asks it for something from then on.
    ///
    /// # Errors
    /// Where the client cannot be written to any more.
    ///
    /// ```
    /// fn last_words(gate: &wane_gateway::Gate) {
    ///     // The client may be gone as well.
    ///     let _ = gate.server_ended();
    /// }
    /// # let _ = last_words;
    /// ```
    // spec: G17
    pub fn server_ended(&self) -> io::Result<()> {
        let waiting = self.flow().end();
        waiting.iter().try_for_each(|id| (self.to_client)(answer::unanswered(id, "has ended").as_bytes()))
    }

    /// Whoever waits for what cannot be passed on waits no more, where it can be told who that is.
    // spec: G2
    fn server_unread(&self, fault: &Fault) -> io::Result<()> {
        self.dropped(Side::Server, fault.message());
        let waits = fault.answered().and_then(|id| Some((id, self.flow().answered(id)?)));
        match waits {
            None => Ok(()),
            Some((_, Waits::Own(reply, _))) => {
                // Whoever asked may have stopped waiting.
                let _: Result<(), _> = reply.try_send(Err(Untold));
                Ok(())
            }
            Some((id, _)) => (self.to_client)(answer::unanswered(id, "answered what cannot be passed on").as_bytes()),
        }
    }

    fn server_asks(&self, message: &Message<'_>, id: Id<'_>, method: &str) -> io::Result<()> {
        // spec: G6
        if !method::server_asks(method) {
            self.dropped(Side::Server, "a request whose method does not pass");
            let refusal = Refusal::new(Code::DenyMethod, "method", format_args!("`{method}`"), "");
            // A server that reads no more may still have answers for the client.
            let _: io::Result<()> = (self.to_server)(Denial::from(refusal).error(id).as_bytes());
            return Ok(());
        }
        // An answer to it would be taken for one to a question of ours.
        // spec: G24
        if is_own(&id) {
            self.dropped(Side::Server, "a request with an id of the gateway's own");
            return Ok(());
        }
        // spec: G14
        let waits = self.flow().server_waits(id.key().into_owned());
        match waits {
            Ok(()) => (self.to_client)(message.bytes()),
            Err(Crowded::TooMany) => {
                self.dropped(Side::Server, "a request, while too many are on their way");
                let _: io::Result<()> = (self.to_server)(answer::unheard(id).as_bytes());
                Ok(())
            }
            Err(_) => {
                self.dropped(Side::Server, "a request whose id is that of one on its way");
                Ok(())
            }
        }
    }

    fn server_notifies(&self, message: &Message<'_>, method: &str, params: &str) -> io::Result<()> {
        // spec: G6
        if !method::server_notifies(method) {
            self.dropped(Side::Server, "a notification whose method does not pass");
            return Ok(());
        }
        match method {
            "notifications/tools/list_changed" => {
                self.lists.changed();
                self.flow().tools_changed();
            }
            "notifications/cancelled" => {
                let id = Object::read(params).and_then(|params| Id::read(params.borrowed("requestId")?).ok());
                // The client may answer all the same; nobody waits for it then.
                let _: Option<bool> = id.map(|id| self.flow().server_answered(&id.key()));
            }
            _ => {}
        }
        let changed = without_ours(params, "_meta").map(|params| answer::notification(method, params));
        (self.to_client)(changed.as_deref().map_or(message.bytes(), str::as_bytes))
    }

    /// An answer goes to whoever waits for it: once, and never to what was denied.
    // spec: G14
    fn server_answers(&self, message: &Message<'_>, answer: Result<&str, &str>) -> io::Result<()> {
        let waits = message.id().and_then(|id| self.flow().answered(&id.key()));
        let (Some(waits), Some(id)) = (waits, message.id()) else {
            self.dropped(Side::Server, "an answer that nobody waits for");
            return Ok(());
        };
        let changed = match (waits, answer) {
            (Waits::Own(reply, heard), answer) => {
                // Learnt here, so that a change that is announced behind it is not undone by it.
                let page =
                    answer.map_err(|_| Untold).and_then(|result| self.learn_page(result, heard).map_err(|_| Untold));
                // Whoever asked may have stopped waiting.
                let _: Result<(), _> = reply.try_send(page);
                return Ok(());
            }
            (Waits::ListTools(sealed, begins, heard), Ok(result)) => {
                match self.shown_list(result, sealed.as_ref(), begins, heard) {
                    Ok(list) => list.map(|list| answer::result(id, list)),
                    Err(refusal) => Some(Denial::from(refusal).error(id)),
                }
            }
            (Waits::Admitted(admitted), Ok(result)) => {
                if let Some(admitted) = &admitted {
                    self.remember(result, admitted);
                }
                self.with_news(result, admitted.as_ref()).map(|result| answer::result(id, result))
            }
            (Waits::Handshake, Ok(result)) => {
                self.flow().announces = announces(result);
                without_ours(result, "_meta").map(|result| answer::result(id, result))
            }
            (Waits::Plain, Ok(result)) => without_ours(result, "_meta").map(|result| answer::result(id, result)),
            (_, Err(error)) => without_ours(error, "data").map(|error| answer::error(id, error)),
        };
        (self.to_client)(changed.as_deref().map_or(message.bytes(), str::as_bytes))
    }

    /// What the trusted fields of a result return is known in the session before anybody can ask for it.
    // spec: G26
    fn remember(&self, result: &str, admitted: &Admitted) {
        let Some(values) = returned(result, &admitted.trusted) else { return };
        let unkept = self.unkept().filter(|(at, _)| at.elapsed() < PAUSE).map(|(_, code)| code);
        let kept = match unkept {
            // Everything else that the server says would wait for a ledger that is away.
            Some(code) => Err(code),
            None => {
                let kept = self.guard().and_then(|guard| guard.remember(admitted.session, &values));
                kept.map_err(|refusal| refusal.code()).inspect_err(|code| self.was_not_kept(*code))
            }
        };
        if let Err(code) = kept {
            self.dropped(Side::Server, &format!("trusted values that the ledger did not keep, {code}"));
        }
    }

    fn was_not_kept(&self, code: Code) {
        // What is wrong with one session is not wrong with others.
        if code != Code::StateUnknownSession {
            *self.unkept() = Some((Instant::now(), code));
        }
    }

    /// The result of what was admitted, with the session's mark where it was not told yet; nothing where that is the result as it came.
    // spec: G15
    fn with_news<'a>(&self, result: &'a str, admitted: Option<&Admitted>) -> Option<Object<'a>> {
        let stripped = without_ours(result, "_meta");
        let Some(Admitted { session, mark, .. }) = admitted.filter(|one| self.flow().rises(one.session, &one.mark))
        else {
            return stripped;
        };
        // What is no object cannot carry it, so that it is still to be told.
        let whole = Object::read(result)?;
        let news = self.flow().news(*session, mark);
        let Some(said) = news.and_then(|news| serde_json::to_string(&MarkJson::from(&news)).ok()) else {
            return stripped;
        };
        let mut result = stripped.unwrap_or(whole);
        let known = result.get("_meta").unwrap_or("{}").to_owned();
        let mut meta = Object::read(&known).unwrap_or_default();
        meta.set(MARK, said);
        result.set("_meta", meta.to_string());
        Some(result)
    }
}

/// The values of the trusted fields of a result, each with its source; nothing where there are none. A failure returns nothing.
fn returned(result: &str, trusted: &[(String, Vec<String>)]) -> Option<Vec<(String, Value)>> {
    if trusted.is_empty() {
        return None;
    }
    let result = Object::read(result)?;
    // Another name for either would be read by some.
    let fails = result.get("isError").is_some_and(|error| error != "false");
    if fails || !result.is_plain(&["isError", "structuredContent"]) {
        return None;
    }
    let content = Arguments::from_json(result.get("structuredContent")?.as_bytes()).ok()?;
    let mut values = Vec::new();
    for (source, pointers) in trusted {
        for pointer in pointers.iter().filter_map(|pointer| pointer.parse().ok()) {
            let left = RETURNED.saturating_sub(values.len());
            values.extend(content.scalars(&pointer, left).into_iter().map(|value| (source.clone(), value)));
        }
    }
    (!values.is_empty()).then_some(values)
}

/// How long nothing is remembered after the ledger did not keep something.
const PAUSE: Duration = Duration::from_secs(5);

/// Values that one result returns; the first of them, where there are more.
const RETURNED: usize = 1_024;

/// A result or an error without what only a gateway says, where a server says it; nothing where it does not.
// spec: G21
pub(super) fn without_ours<'a>(part: &'a str, member: &str) -> Option<Object<'a>> {
    let mut part = Object::read(part)?;
    let names: Vec<String> = part.names().filter(|name| name.eq_ignore_ascii_case(member)).map(str::to_owned).collect();
    let mut differs = false;
    for name in names {
        let Some(mut inner) = part.borrowed(&name).and_then(Object::read) else { continue };
        if inner.remove_all(OURS) {
            part.set(&name, inner.to_string());
            differs = true;
        }
    }
    differs.then_some(part)
}

/// Whether the server says of itself that it announces changes of its tools.
fn announces(result: &str) -> bool {
    let inner = |of: &Object<'_>, name: &str| of.get(name).map(str::to_owned);
    let tools = Object::read(result)
        .and_then(|result| inner(&result, "capabilities"))
        .and_then(|text| inner(&Object::read(&text)?, "tools"))
        .and_then(|text| inner(&Object::read(&text)?, "listChanged"));
    tools.as_deref() == Some("true")
}
