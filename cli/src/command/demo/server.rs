//! The tool server of the demo. It is given the root's public key and nothing else.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;

use clap::Args;
use wane::{
    Action, Arguments, Audience, BlockId, Call, Code, Decision, Level, LiveState, Mark, Name, PublicKey, Refusal,
    Request, Roots, SealedToken, Verified, decide, verify,
};

use super::wire::{Ask, Told, Wire};
use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{time, typed};

/// The name the server goes by.
pub(super) const AUDIENCE: &str = "workspace";

/// The tool server of `wane demo`
#[derive(Args, Debug)]
#[command(hide = true)]
pub(crate) struct DemoServer {
    /// The root's public key
    root: String,
}

impl DemoServer {
    /// Serves until the other end goes.
    pub(crate) fn run(&self, _: &Context) -> Result<Exit, Failure> {
        let roots = Roots::single(typed::value::<PublicKey>("root", &self.root)?);
        let served = io::stdin().as_fd().try_clone_to_owned().map(UnixStream::from).and_then(Wire::new);
        let failed = |error: io::Error| Failure::file("talk over", "the socket", &error);
        let mut wire = served.map_err(failed)?;
        let mut server = Server { roots, marks: BTreeMap::new() };
        while let Some(ask) = wire.hear::<Ask>().map_err(failed)? {
            let answer = match server.answer(&ask, time::now()?) {
                Ok(()) => "allow".to_owned(),
                Err(refusal) => refusal.code().to_string(),
            };
            wire.say(&Told { answer }).map_err(failed)?;
        }
        Ok(Exit::Done)
    }
}

struct Server {
    roots: Roots,
    /// The marks of the sessions that were here. A ledger would keep them over a restart.
    marks: BTreeMap<BlockId, Mark>,
}

impl Server {
    fn answer(&mut self, ask: &Ask, now: u64) -> Result<(), Refusal> {
        let verified = verify(&SealedToken::parse(&ask.sealed)?, &self.roots)?;
        let request = request(ask)?;
        let session = session(&verified);
        let remembered = session.and_then(|id| self.marks.get(&id)).cloned().unwrap_or_default();
        match decide(&verified, &request, &LiveState::without_ledger().marked(remembered), now) {
            Decision::Allow(permit) => {
                // The mark is raised before the tool runs: what is read in parallel finds it raised.
                self.marks.extend(session.map(|id| (id, permit.mark().clone())));
                Ok(())
            }
            Decision::Ask(ask) => Err(ask.refusal().clone()),
            Decision::Deny(refusal) => Err(refusal),
        }
    }
}

/// The block that opened the session.
fn session(verified: &Verified) -> Option<BlockId> {
    let index = verified.grant().session()?;
    verified.chain().blocks().get(index).map(|block| block.id())
}

/// The catalogue: what each tool needs and touches is the server's to say, never the agent's.
fn request(ask: &Ask) -> Result<Request, Refusal> {
    let (action, level, label) = match ask.tool.as_str() {
        "read_mail" => ("read:mail", Level::Public, Some("untrusted")),
        "read_file" => ("read:files", Level::Confidential, None),
        "send_mail" => ("send:mail", Level::Public, None),
        unknown => return Err(Refusal::new(Code::DenyScope, "tool", unknown, "the catalogue")),
    };
    let audience: Audience = AUDIENCE.parse()?;
    let action: Action = action.parse()?;
    let arguments = Arguments::from_json(ask.arguments.to_string().as_bytes())?;
    let request = Request::new(audience, Call::tool(&ask.tool)?, vec![action], level)?.arguments(arguments);
    match label {
        Some(label) => Ok(request.label(label.parse::<Name>()?)),
        None => Ok(request),
    }
}
