//! What a server sends.

use std::io;

use wane::{BlockId, Code, Mark, Refusal};

use super::{Gate, Side};
use crate::answer::{self, Denial, MARK};
use crate::flow::Waits;
use crate::message::{Id, Kind, Message};
use crate::method;
use crate::object::Object;

impl Gate {
    /// A message from the server. `now` is in seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// Where the client or the server cannot be written to any more.
    ///
    /// ```
    /// fn hand(gate: &wane_gateway::Gate, line: &[u8], now: u64) -> std::io::Result<()> {
    ///     gate.from_server(line, now)
    /// }
    /// # let _ = hand;
    /// ```
    pub fn from_server(&self, bytes: &[u8], now: u64) -> io::Result<()> {
        let message = match Message::read(bytes) {
            Ok(message) => message,
            Err(fault) => {
                self.dropped(Side::Server, fault.message());
                return Ok(());
            }
        };
        match *message.kind() {
            Kind::Request { method, .. } => match message.id() {
                Some(id) => self.server_asks(&message, id, method),
                None => Ok(()),
            },
            Kind::Notification { method, params } => self.server_notifies(&message, method, params),
            Kind::Result { result } => self.server_answers(&message, Some(result), now),
            Kind::Error { .. } => self.server_answers(&message, None, now),
        }
    }

    /// The server has ended: whoever waits for it is told so.
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
        let waiting = self.flow().take_waiting();
        waiting.iter().try_for_each(|id| (self.to_client)(answer::ended(id).as_bytes()))
    }

    fn server_asks(&self, message: &Message<'_>, id: Id<'_>, method: &str) -> io::Result<()> {
        // spec: G6
        if !method::server_asks(method) {
            self.dropped(Side::Server, &format!("the request `{method}`"));
            let refusal = Refusal::new(Code::DenyMethod, "method", format_args!("`{method}`"), "");
            return (self.to_server)(Denial::from(refusal).error(id).as_bytes());
        }
        if self.flow().server_waits(id.key()).is_err() {
            self.dropped(Side::Server, "a request whose id is on its way already, or one too many");
            return Ok(());
        }
        (self.to_client)(message.bytes())
    }

    fn server_notifies(&self, message: &Message<'_>, method: &str, params: &str) -> io::Result<()> {
        // spec: G6
        if !method::server_notifies(method) {
            self.dropped(Side::Server, &format!("the notification `{method}`"));
            return Ok(());
        }
        match method {
            "notifications/tools/list_changed" => self.flow().forget_tools(),
            "notifications/cancelled" => {
                let id = Object::read(params).and_then(|params| Id::read(params.borrowed("requestId")?).ok());
                // The client may answer all the same; nobody waits for it then.
                let _: Option<bool> = id.map(|id| self.flow().server_answered(&id.key()));
            }
            _ => {}
        }
        (self.to_client)(message.bytes())
    }

    /// An answer goes to whoever waits for it: once, and never to what was denied.
    // spec: G14
    fn server_answers(&self, message: &Message<'_>, result: Option<&str>, now: u64) -> io::Result<()> {
        let waits = message.id().and_then(|id| self.flow().answered(&id.key()));
        let (Some(waits), Some(id)) = (waits, message.id()) else {
            self.dropped(Side::Server, "an answer that nobody waits for");
            return Ok(());
        };
        match (waits, result) {
            (Waits::Own(reply), result) => {
                // Whoever asked may have stopped waiting.
                let _: Result<(), _> = reply.send(result.map(str::to_owned));
                Ok(())
            }
            (Waits::Handshake, Some(result)) => {
                self.flow().announces = announces(result);
                (self.to_client)(message.bytes())
            }
            (Waits::ListTools(sealed), Some(result)) => match self.shown_list(result, sealed.as_ref(), now) {
                Ok(None) => (self.to_client)(message.bytes()),
                Ok(Some(list)) => (self.to_client)(answer::result(id, list).as_bytes()),
                Err(refusal) => (self.to_client)(Denial::from(refusal).error(id).as_bytes()),
            },
            (Waits::Admitted(Some((session, mark))), Some(result)) => match self.with_news(result, session, &mark) {
                None => (self.to_client)(message.bytes()),
                Some(result) => (self.to_client)(answer::result(id, result).as_bytes()),
            },
            (Waits::Plain | Waits::Handshake | Waits::ListTools(_) | Waits::Admitted(_), _) => {
                (self.to_client)(message.bytes())
            }
        }
    }

    /// The result with the session's mark, where it was not told yet.
    // spec: G15
    fn with_news<'a>(&self, result: &'a str, session: BlockId, mark: &Mark) -> Option<Object<'a>> {
        let mut result = Object::read(result)?;
        let news = self.flow().news(session, mark)?;
        let mut meta = result.borrowed("_meta").and_then(Object::read).unwrap_or_default();
        meta.set(MARK, answer::mark(&news).to_string());
        result.set("_meta", meta.to_string());
        Some(result)
    }
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
