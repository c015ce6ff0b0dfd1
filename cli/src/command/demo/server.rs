//! The tool server of the demo. It is given the root's public key, and where servers share a ledger, that and nothing else.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;

use clap::Args;
use wane::{
    Action, Arguments, Audience, BlockId, Call, Code, Decision, Level, LiveState, Mark, Name, PublicKey, Refusal,
    Request, Roots, SealedToken, SecretKey, Verified, decide, verify,
};
use wane_audit::LogSecret;
use wane_ledger::{Guard, GuardOptions, Pace, SqliteOptions, SqliteStore, Volatile};

use super::wire::{Ask, Joint, Told, Wire};
use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{random, time, typed};

/// The name the server goes by.
pub(super) const AUDIENCE: &str = "workspace";

/// The tool server of `wane demo`
#[derive(Args, Debug)]
#[command(hide = true)]
pub(crate) struct DemoServer {
    /// The root's public key
    root: String,

    /// Be told of a ledger first, and decide with it
    #[arg(long)]
    joint: bool,
}

impl DemoServer {
    /// Serves until the other end goes.
    pub(crate) fn run(&self, _: &Context) -> Result<Exit, Failure> {
        let roots = Roots::single(typed::value::<PublicKey>("root", &self.root)?);
        let served = io::stdin().as_fd().try_clone_to_owned().map(UnixStream::from).and_then(Wire::new);
        let failed = |error: io::Error| Failure::file("talk over", "the socket", &error);
        let mut wire = served.map_err(failed)?;
        let mut server = match self.joint.then(|| wire.hear::<Joint>()).transpose().map_err(failed)?.flatten() {
            Some(joint) => Server::Joint(guard(&joint, roots)?),
            None => Server::Alone { roots, marks: BTreeMap::new() },
        };
        while let Some(ask) = wire.hear::<Ask>().map_err(failed)? {
            let answer = match server.answer(&ask, time::now()?) {
                Ok(()) => "allow".to_owned(),
                Err(refusal) => refusal.code().to_string(),
            };
            wire.say(&Told { answer }).map_err(failed)?;
        }
        match server {
            Server::Joint(guard) => guard.close(time::now()?)?,
            Server::Alone { .. } => {}
        }
        Ok(Exit::Done)
    }
}

/// What every server that shares the ledger has: the same law, and its own connection.
fn guard(joint: &Joint, roots: Roots) -> Result<Guard, Failure> {
    let store = SqliteStore::open(&joint.ledger, SqliteOptions::default()).map_err(|fault| fault.refusal())?;
    let options = GuardOptions {
        roots,
        log_secret: Some(LogSecret::parse(&joint.log_secret)?),
        checkpoint_key: Some(SecretKey::from_seed(joint.checkpoint_key)),
        volatile: Volatile::Refused,
        local_approver: None,
        head: None,
        pace: Pace::default(),
        published: Box::new(|_| ()),
        rng: Box::new(random::system()?),
        version: concat!("wane ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    Ok(Guard::open(vec![Box::new(store)], options, time::now()?)?)
}

enum Server {
    /// It keeps the marks of the sessions that were here, and forgets them when it ends.
    Alone { roots: Roots, marks: BTreeMap<BlockId, Mark> },
    /// It shares a ledger with others.
    Joint(Guard),
}

impl Server {
    fn answer(&mut self, ask: &Ask, now: u64) -> Result<(), Refusal> {
        let (sealed, request) = (SealedToken::parse(&ask.sealed)?, request(ask)?);
        let decision = match self {
            Self::Alone { roots, marks } => decide_alone(&verify(&sealed, roots)?, &request, marks, now),
            Self::Joint(guard) => guard.admit(&sealed, &request, &[], now).decision,
        };
        match decision {
            // Here the tool would run.
            Decision::Allow(_) => Ok(()),
            Decision::Ask(ask) => Err(ask.refusal().clone()),
            Decision::Deny(refusal) => Err(refusal),
        }
    }
}

fn decide_alone(verified: &Verified, request: &Request, marks: &mut BTreeMap<BlockId, Mark>, now: u64) -> Decision {
    let session = session(verified);
    let remembered = session.and_then(|id| marks.get(&id)).cloned().unwrap_or_default();
    let decision = decide(verified, request, &LiveState::without_ledger().marked(remembered), now);
    if let Decision::Allow(permit) = &decision {
        // The mark is raised before the tool runs: what is read in parallel finds it raised.
        marks.extend(session.map(|id| (id, permit.mark().clone())));
    }
    decision
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
        "search" => ("read:index", Level::Public, None),
        unknown => return Err(Refusal::new(Code::DenyScope, "tool", unknown, "the catalogue")),
    };
    let audience: Audience = AUDIENCE.parse()?;
    let action: Action = action.parse()?;
    let arguments = Arguments::from_json(ask.arguments.to_string().as_bytes())?;
    let request = Request::new(audience, Call::tool(&ask.tool)?, vec![action], level)?
        .arguments(arguments)
        .cost("calls".parse::<Name>()?, 1);
    match label {
        Some(label) => Ok(request.label(label.parse::<Name>()?)),
        None => Ok(request),
    }
}
