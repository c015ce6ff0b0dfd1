//! The holder's side of the demo: what it does, honestly and otherwise, and what must come of it.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wane::{Call, Heir, Narrowing, Refusal, RootGrant, Seal, SecretKey, Token, mint};

use super::Step;
use super::forge::{self, Parts};
use super::server::AUDIENCE;
use super::together;
use super::wire::{Ask, Joint, Told, Wire};
use crate::failure::{Failure, Trouble};
use crate::{random, time};

/// What came of the demo.
pub(super) struct Played {
    pub(super) steps: Vec<Step>,
    pub(super) server: u32,
    pub(super) root: String,
}

/// Plays all parts against a fresh server.
pub(super) fn play() -> Result<Played, Failure> {
    let root = SecretKey::generate(&mut random::system()?);
    let mut stage = Stage { server: Server::start(&root)?, part: "", now: time::now()?, steps: Vec::new(), root };
    stage.leak()?;
    stage.hand_on()?;
    stage.cheat()?;
    stage.misuse()?;
    together::play(&mut stage)?;
    Ok(Played { server: stage.server.child.id(), root: stage.root.public_key().to_string(), steps: stage.steps })
}

pub(super) struct Stage {
    server: Server,
    pub(super) root: SecretKey,
    pub(super) now: u64,
    pub(super) part: &'static str,
    steps: Vec<Step>,
}

impl Stage {
    /// The shape of EchoLeak: a mail from outside makes an agent read a secret and send it away.
    fn leak(&mut self) -> Result<(), Failure> {
        self.part = "A session reads, then tries to leak what it read";
        let token = self.session()?;
        let sealed = token.seal(&Seal::new())?.to_text();
        let mail = json!({ "to": "somebody@example.com" });
        self.call("reads a mail that an outsider wrote", "allow", &sealed, "read_mail", json!({}))?;
        self.call("sends a mail: nothing confidential was read yet", "allow", &sealed, "send_mail", mail.clone())?;
        self.call("reads /data/salaries.csv, which is confidential", "allow", &sealed, "read_file", salaries())?;
        self.call("sends a mail", "deny-ratchet", &sealed, "send_mail", mail.clone())?;
        let again = token.seal(&Seal::new())?.to_text();
        self.call("seals again and sends a mail", "deny-ratchet", &again, "send_mail", mail)
    }

    fn hand_on(&mut self) -> Result<(), Failure> {
        self.part = "It hands a narrower token to a child, offline";
        let parent = self.session()?;
        let child = Narrowing::new().keep("read:files".parse()?).expires_at(self.now.saturating_add(300));
        let child = parent.attenuate(&child, self.carried()?)?;
        let sealed = child.seal(&Seal::new())?.to_text();
        self.call("the child reads /data/salaries.csv", "allow", &sealed, "read_file", salaries())?;
        self.call("the child reads mail, which it was not given", "deny-scope", &sealed, "read_mail", json!({}))?;
        let climb = json!({ "path": "/data/../etc/passwd" });
        self.call("the child reads /data/../etc/passwd", "deny-path", &sealed, "read_file", climb)?;
        let wider = child.attenuate(&Narrowing::new().keep("send:mail".parse()?), self.carried()?);
        self.refused("the child asks the library for send:mail", "chain-scope-wider", wider);
        Ok(())
    }

    fn cheat(&mut self) -> Result<(), Failure> {
        self.part = "It cheats with the bytes";
        let parent = self.session()?;
        let child = parent.attenuate(&Narrowing::new().keep("read:files".parse()?), self.carried()?)?;
        let sealed = child.seal(&Seal::new())?.to_text();
        let other = self.session()?.seal(&Seal::new())?.to_text();
        let forged = || Failure::new(Trouble::Arguments, "the demo could not forge a token");
        let parts = |text: &str| Parts::of(text).ok_or_else(forged);

        let last = child.chain().blocks().last().ok_or_else(forged)?.id();
        let greedy = parts(&child.expose_text())?.with_greedy_seal(last).ok_or_else(forged)?.sealed();
        self.file("signs a wider block with software of its own", "chain-scope-wider", &greedy)?;
        let rewritten = parts(&sealed)?.with_bytes(0, b"read:files", b"read:filez").ok_or_else(forged)?.sealed();
        self.file("rewrites a scope of the root block", "chain-signature", &rewritten)?;
        let flipped = parts(&sealed)?.with_flipped_bit().ok_or_else(forged)?.sealed();
        self.file("flips one bit", "chain-signature", &flipped)?;
        let cut = forge::cut(&sealed, 30).ok_or_else(forged)?;
        self.file("cuts the end off", "parse-truncated", &cut)?;
        let mut dropped = parts(&sealed)?;
        dropped.envelopes.remove(1);
        self.file("drops the block that narrowed it", "chain-signature", &dropped.sealed())?;
        let mut swapped = parts(&sealed)?;
        let mut doubled = parts(&sealed)?;
        swapped.envelopes.swap(0, 1);
        self.file("swaps two blocks", "parse-claim-type", &swapped.sealed())?;
        doubled.envelopes.insert(1, doubled.envelopes.get(1).ok_or_else(forged)?.clone());
        self.file("doubles a block", "chain-signature", &doubled.sealed())?;
        let mut spliced = parts(&sealed)?;
        spliced.envelopes.pop();
        spliced.envelopes.extend(parts(&other)?.envelopes.pop());
        self.file("puts the seal of another session on it", "chain-signature", &spliced.sealed())?;
        self.file("shows the token instead of a seal", "chain-unsealed", &child.expose_text())?;
        let loaded = parts(&sealed)?.sealed_with(&SecretKey::generate(&mut random::system()?));
        self.file("splices a secret into a sealed token", "chain-carries-secret", &loaded)
    }

    fn misuse(&mut self) -> Result<(), Failure> {
        self.part = "It uses genuine tokens where they do not belong";
        let old = self.mint(AUDIENCE, self.now.saturating_sub(7200), &self.root)?;
        self.file("expired an hour ago", "deny-expired", &old.seal(&Seal::new())?.to_text())?;
        let elsewhere = self.mint("mailer", self.now, &self.root)?.seal(&Seal::new())?.to_text();
        self.file("sealed for another server", "deny-audience", &elsewhere)?;
        let stranger = SecretKey::generate(&mut random::system()?);
        let strange = self.mint(AUDIENCE, self.now, &stranger)?.seal(&Seal::new())?.to_text();
        self.file("minted by a key that the server does not trust", "chain-unknown-root", &strange)?;
        let arguments = wane::Arguments::from_json(br#"{"path": "/data/menu.txt"}"#)?;
        let (call, end) = (Call::tool("read_file")?, self.now.saturating_add(60));
        let seal = Seal::new().for_request(call, arguments, self.now, end, &mut random::system()?);
        let one = self.session()?.seal(&seal)?.to_text();
        self.file("sealed for /data/menu.txt, shown for /data/salaries.csv", "deny-other-request", &one)
    }

    /// A root token for this server.
    fn session(&self) -> Result<Token, Failure> {
        self.mint(AUDIENCE, self.now, &self.root)
    }

    fn mint(&self, audience: &str, minted: u64, root: &SecretKey) -> Result<Token, Failure> {
        let mut grant = RootGrant::new(audience.parse()?, minted, minted.saturating_add(3600));
        for scope in ["read:mail", "read:files if path under /data only", "send:mail"] {
            grant = grant.scope(scope.parse()?);
        }
        Ok(mint(&grant, root, self.carried()?)?)
    }

    pub(super) fn carried(&self) -> Result<Heir, Failure> {
        Ok(Heir::carried(&mut random::system()?))
    }

    /// Shows a token for reading the salaries.
    fn file(&mut self, what: &'static str, expected: &'static str, sealed: &str) -> Result<(), Failure> {
        self.call(what, expected, sealed, "read_file", salaries())
    }

    fn call(
        &mut self,
        what: &'static str,
        expected: &'static str,
        sealed: &str,
        tool: &str,
        arguments: Value,
    ) -> Result<(), Failure> {
        let told = self.server.ask(sealed, tool, arguments)?;
        self.note(what, expected, told);
        Ok(())
    }

    fn refused(&mut self, what: &'static str, expected: &'static str, result: Result<Token, Refusal>) {
        self.note(what, expected, result.map_or_else(|refusal| refusal.code().to_string(), |_| "allow".into()));
    }

    pub(super) fn note(&mut self, what: &'static str, expected: &'static str, got: String) {
        self.steps.push(Step { part: self.part, what, expected, held: got == expected, got });
    }
}

pub(super) fn salaries() -> Value {
    json!({ "path": "/data/salaries.csv" })
}

/// The other process. It ends with this value, however this value ends.
pub(super) struct Server {
    child: Child,
    wire: Option<Wire>,
}

impl Server {
    fn start(root: &SecretKey) -> Result<Self, Failure> {
        Self::start_with(root, None)
    }

    /// Starts one that shares a ledger with others.
    pub(super) fn start_with(root: &SecretKey, joint: Option<&Joint>) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::file("start", "the tool server", &error);
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        let child = Command::new(std::env::current_exe().map_err(failed)?)
            .args(["demo-server", &root.public_key().to_string()])
            .args(joint.map(|_| "--joint"))
            .env_clear()
            .current_dir("/")
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .spawn()
            .map_err(failed)?;
        // From here on the child is ended by `drop`.
        let mut server = Self { child, wire: None };
        let mut wire = Wire::new(ours).map_err(failed)?;
        if let Some(joint) = joint {
            wire.say(joint).map_err(failed)?;
        }
        server.wire = Some(wire);
        Ok(server)
    }

    pub(super) fn ask(&mut self, sealed: &str, tool: &str, arguments: Value) -> Result<String, Failure> {
        let ask = &Ask { sealed: sealed.into(), tool: tool.into(), arguments };
        let gone = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let told = self.wire.as_mut().ok_or_else(gone).and_then(|wire| {
            wire.say(ask)?;
            wire.hear::<Told>()?.ok_or_else(gone)
        });
        told.map(|told| told.answer).map_err(|error| Failure::file("hear", "the tool server", &error))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The server ends when the socket closes; if it does not, it is made to.
        self.wire = None;
        let patience = Instant::now();
        while patience.elapsed() < Duration::from_millis(500) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
