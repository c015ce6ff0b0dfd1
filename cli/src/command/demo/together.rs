//! Two tool servers that share a ledger: what one learns the other knows.

use std::path::Path;

use serde_json::json;
use wane::{Arguments, Call, Narrowing, Refusal, RootGrant, Seal, SecretKey, Token, mint};
use wane_audit::{LogSecret, Verifier};
use wane_ledger::{Ledger, Revocation, SqliteOptions, SqliteStore, Store as _, Table};

use super::folder::Folder;
use super::server::AUDIENCE;
use super::steps::{Server, Stage, salaries};
use super::wire::Joint;
use crate::failure::Failure;
use crate::random;

/// Plays the parts that need a ledger.
pub(super) fn play(stage: &mut Stage) -> Result<(), Failure> {
    let folder = Folder::new()?;
    let path = folder.path().join("ledger.db");
    let (secret, key) = (LogSecret::from_bytes(drawn()?), SecretKey::from_seed(drawn()?));
    let store = SqliteStore::open(&path, SqliteOptions { create: true, ..SqliteOptions::default() });
    let store = Box::new(store.map_err(|fault| fault.refusal())?);
    let ledger = Ledger::create(store, secret.hint(), None, stage.now, Box::new(random::system()?))?;
    let joint = Joint {
        ledger: path.clone(),
        log_secret: secret.expose_text().to_string(),
        checkpoint_key: *key.expose_seed(),
    };
    let servers = [Server::start_with(&stage.root, Some(&joint))?, Server::start_with(&stage.root, Some(&joint))?];
    let mut scene = Scene { stage, ledger, servers };
    scene.roll_back()?;
    scene.use_up()?;
    let Scene { stage, mut ledger, servers } = scene;
    // They record what they have denied and sign the log when they end.
    drop(servers);
    stage.part = "Somebody alters the log";
    stage.note("the log is verified up to its last checkpoint", "proved", proved(&mut ledger, &key));
    alter(&path).map_err(|fault| fault.refusal())?;
    stage.note("one byte of one record is altered", "state-log-broken", proved(&mut ledger, &key));
    Ok(())
}

struct Scene<'a> {
    stage: &'a mut Stage,
    ledger: Ledger,
    servers: [Server; 2],
}

/// Which of the two.
#[derive(Clone, Copy)]
enum At {
    One,
    Other,
}

impl Scene<'_> {
    fn roll_back(&mut self) -> Result<(), Failure> {
        self.stage.part = "Two servers share a ledger, and an older, wider token comes back";
        let token = self.session(|grant| grant)?;
        let wider = token.seal(&Seal::new())?.to_text();
        let child = token.attenuate(&Narrowing::new().keep("read:files".parse()?), self.stage.carried()?)?;
        let child = child.seal(&Seal::new())?.to_text();
        let mail = json!({ "to": "somebody@example.com" });
        self.call(At::Other, "the wider token sends a mail at one server", "allow", &wider, "send_mail", mail.clone())?;
        self.call(At::One, "its child reads the salaries at the other", "allow", &child, "read_file", salaries())?;
        self.call(At::Other, "the wider token sends a mail at the first", "deny-ratchet", &wider, "send_mail", mail)?;
        let id = token.chain().blocks().first().map(wane::Block::id);
        if let Some(id) = id {
            self.ledger.revoke(&Revocation::Block(id), "the demo", self.stage.now)?;
        }
        self.call(At::One, "the session is revoked; its child reads", "state-revoked", &child, "read_file", salaries())
    }

    fn use_up(&mut self) -> Result<(), Failure> {
        self.stage.part = "What serves once serves once, and siblings share one budget";
        let (call, until) = (Call::tool("search")?, self.stage.now.saturating_add(60));
        let mut rng = random::system()?;
        let seal = Seal::new().for_request(call, Arguments::empty(), self.stage.now, until, &mut rng);
        let one = self.session(|grant| grant)?.seal(&seal)?.to_text();
        self.call(At::One, "a seal for one search is shown", "allow", &one, "search", json!({}))?;
        self.call(At::Other, "it is shown again, elsewhere", "state-used", &one, "search", json!({}))?;
        let budget = "calls".parse()?;
        let parent = self.session(|grant| grant.budget(budget, 3))?;
        let child = || Ok::<_, Failure>(parent.attenuate(&Narrowing::new(), self.stage.carried()?)?);
        let (elder, younger) = (child()?.seal(&Seal::new())?.to_text(), child()?.seal(&Seal::new())?.to_text());
        self.call(At::One, "a child spends one of its parent's three calls", "allow", &elder, "search", json!({}))?;
        self.call(At::Other, "and another one", "allow", &elder, "search", json!({}))?;
        self.call(At::One, "its sibling spends the third", "allow", &younger, "search", json!({}))?;
        self.call(At::Other, "and finds nothing left", "deny-budget", &younger, "search", json!({}))
    }

    /// A root token that the ledger knows from the moment it is made.
    fn session(&mut self, limit: impl FnOnce(RootGrant) -> RootGrant) -> Result<Token, Failure> {
        let stage = &self.stage;
        let mut grant = RootGrant::new(AUDIENCE.parse()?, stage.now, stage.now.saturating_add(3_600));
        for scope in ["read:files if path under /data only", "read:index", "send:mail"] {
            grant = grant.scope(scope.parse()?);
        }
        let grant = limit(grant.ledger(self.ledger.id()));
        let token = mint(&grant, &stage.root, stage.carried()?)?;
        self.ledger.register(token.chain(), Some(&stage.root.public_key()), stage.now)?;
        Ok(token)
    }

    fn call(
        &mut self,
        at: At,
        what: &'static str,
        expected: &'static str,
        sealed: &str,
        tool: &str,
        arguments: serde_json::Value,
    ) -> Result<(), Failure> {
        let [one, other] = &mut self.servers;
        let server = match at {
            At::One => one,
            At::Other => other,
        };
        let got = server.ask(sealed, tool, arguments)?;
        self.stage.note(what, expected, got);
        Ok(())
    }
}

/// `proved`, or the code of what is broken.
fn proved(ledger: &mut Ledger, key: &SecretKey) -> String {
    let verified = verified(ledger, key);
    verified.map_or_else(|refusal| refusal.code().to_string(), |all| if all { "proved" } else { "unproven" }.into())
}

/// Whether everything that has its place in the log is proved.
fn verified(ledger: &mut Ledger, key: &SecretKey) -> Result<bool, Refusal> {
    let heads = ledger.checkpoints(0, 1_000)?;
    let mut verifier = Verifier::new(&key.public_key(), ledger.origin(), heads, [])?;
    for entry in ledger.entries(0, 10_000)? {
        verifier.push(entry.number, entry.record.as_deref(), entry.leaf)?;
    }
    Ok(verifier.finish()?.unproven() == 0)
}

/// Alters the record in the middle, as somebody could who may write the file.
fn alter(path: &Path) -> Result<(), wane_ledger::Fault> {
    let mut store = SqliteStore::open(path, SqliteOptions::default())?;
    store.transact(&[], &mut |rows| {
        let records = rows.scan(Table::Leaf, &[], None, 10_000)?;
        if let Some((place, record)) = records.get(records.len() / 2) {
            let altered = String::from_utf8_lossy(record).replacen("allow", "alloW", 1);
            let altered = altered.replacen("\"at\":1", "\"at\":2", 1);
            rows.put(vec![((Table::Leaf, place.clone()), Some(altered.into_bytes()))])?;
        }
        Ok(())
    })
}

pub(super) fn drawn() -> Result<[u8; 32], Failure> {
    use rand_core::Rng as _;
    let mut bytes = [0; 32];
    random::system()?.fill_bytes(&mut bytes);
    Ok(bytes)
}
