//! A table of calls, each with the answer that is expected: the test of a catalogue.

use std::fmt;

use rand_core::CryptoRng;
use serde::Deserialize;
use serde_json::Value as Json;
use wane::{
    Approver, Arguments, AskRule, Code, Decision, Heir, Level, LiveState, Mark, Name, Refusal, RootGrant, Roots, Scope,
    Seal, SealedToken, SecretKey, TrustedRoot, decide, mint, verify,
};

use crate::catalogue::Catalogue;
use crate::demand::{Demand, Incoming};

/// Calls and the answers that are expected.
///
/// Each is asked for with a token made for it, which states the case's `scopes`, in a session that has read what `read` and
/// `labels` say, without a ledger.
///
/// ```
/// use getrandom::SysRng;
/// use rand_core::UnwrapErr;
/// use wane_policy::{CaseTable, Catalogue};
/// let catalogue = Catalogue::from_toml("[server.s.tool.t]\naction = 'write:a'\nlevel = 'public'\n")?;
/// let table = CaseTable::from_toml(
///     r#"
///     [[case]]
///     server = "s"
///     tool = "t"
///     expect = "allow"
///
///     [[case]]
///     server = "s"
///     tool = "t"
///     read = "restricted"
///     expect = "deny"
///     code = "deny-ratchet"
///     "#,
/// )?;
/// let outcomes = table.judge(&catalogue, &mut UnwrapErr(SysRng));
/// assert!(outcomes.iter().all(|outcome| outcome.fault().is_none()));
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Debug)]
pub struct CaseTable(File);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    catalogue: Option<String>,
    #[serde(default)]
    case: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Case {
    name: Option<String>,
    server: String,
    audience: Option<String>,
    tool: Option<String>,
    prompt: Option<String>,
    resource: Option<String>,
    http: Option<String>,
    content_type: Option<String>,
    body: Option<String>,
    /// A table, or JSON as text.
    args: Option<Json>,
    scopes: Option<Vec<String>>,
    read: Option<String>,
    #[serde(default)]
    labels: Vec<String>,
    expect: Expected,
    code: Option<String>,
    actions: Option<Vec<String>>,
    level: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Allow,
    Ask,
    Deny,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        })
    }
}

/// What came of one case.
///
/// ```
/// # use getrandom::SysRng;
/// # use rand_core::UnwrapErr;
/// use wane_policy::{CaseTable, Catalogue, Outcome};
/// let table = CaseTable::from_toml("[[case]]\nserver = 's'\ntool = 't'\nexpect = 'allow'\n")?;
/// let empty = Catalogue::from_toml("[server.s]")?;
/// let outcome: &Outcome = &table.judge(&empty, &mut UnwrapErr(SysRng))[0];
/// assert_eq!((outcome.name(), outcome.answer()), ("case 1", "deny"));
/// assert_eq!(outcome.refusal().unwrap().code(), wane::Code::DenyUnlisted);
/// assert!(outcome.fault().unwrap().ends_with("expected allow"));
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct Outcome {
    name: String,
    answer: String,
    refusal: Option<Refusal>,
    fault: Option<String>,
}

impl Outcome {
    /// The name of the case, or its number.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `allow`, `ask` or `deny`.
    #[must_use]
    pub fn answer(&self) -> &str {
        &self.answer
    }

    /// Why it was not allowed.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// What is otherwise than expected, both sides of it.
    #[must_use]
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }
}

impl CaseTable {
    /// Reads a table.
    ///
    /// # Errors
    /// `parse-catalogue` for what is no such table.
    ///
    /// ```
    /// assert!(wane_policy::CaseTable::from_toml("[[case]]\nexpect = 'maybe'\n").is_err());
    /// ```
    pub fn from_toml(text: &str) -> Result<Self, Refusal> {
        let file: File = crate::toml_text::read(text)?;
        if file.case.is_empty() { Err(cannot("a table without a case tests nothing")) } else { Ok(Self(file)) }
    }

    /// The file of the catalogue, as the table names it.
    #[must_use]
    pub fn catalogue(&self) -> Option<&str> {
        self.0.catalogue.as_deref()
    }

    /// The outcome of each case, in order. Randomness is for the tokens that are made.
    pub fn judge(&self, catalogue: &Catalogue, rng: &mut impl CryptoRng) -> Vec<Outcome> {
        self.0
            .case
            .iter()
            .zip(1..)
            .map(|(case, number)| {
                let name = case.name.clone().unwrap_or_else(|| format!("case {number}"));
                match case.judge(catalogue, rng) {
                    Ok(found) => case.compare(name, found),
                    // The case itself cannot be understood.
                    Err(refusal) => Outcome {
                        name,
                        answer: "none".into(),
                        fault: Some(refusal.to_string()),
                        refusal: Some(refusal),
                    },
                }
            })
            .collect()
    }
}

/// What was demanded, if that far, and what was answered.
struct Found {
    demand: Option<Demand>,
    answer: Expected,
    refusal: Option<Refusal>,
}

impl Case {
    fn judge(&self, catalogue: &Catalogue, rng: &mut impl CryptoRng) -> Result<Found, Refusal> {
        let server = match &self.audience {
            Some(audience) => catalogue.server(&self.server, Some(audience.parse()?))?,
            None => catalogue
                .server(&self.server, None)
                .or_else(|_| catalogue.server(&self.server, Some(self.server.parse()?)))?,
        };
        let arguments = match &self.args {
            None => Arguments::empty(),
            Some(Json::String(text)) => Arguments::from_json(text.as_bytes())?,
            Some(value) => Arguments::from_json(value.to_string().as_bytes())?,
        };
        let demanded = server.demand(&self.incoming(&arguments)?);
        let demand = match demanded {
            Ok(demand) => demand,
            Err(refusal) => return Ok(Found { demand: None, answer: Expected::Deny, refusal: Some(refusal) }),
        };
        let (answer, refusal) = match self.decide(&demand, rng)? {
            Decision::Allow(_) => (Expected::Allow, None),
            Decision::Ask(ask) => (Expected::Ask, Some(ask.refusal().clone())),
            Decision::Deny(refusal) => (Expected::Deny, Some(refusal)),
        };
        Ok(Found { demand: Some(demand), answer, refusal })
    }

    fn incoming<'a>(&'a self, arguments: &'a Arguments) -> Result<Incoming<'a>, Refusal> {
        let body = self.body.as_deref().unwrap_or_default().as_bytes();
        let of_http = self.body.is_some() || self.content_type.is_some();
        if if self.http.is_some() { self.args.is_some() } else { of_http }
            || (self.resource.is_some() && self.args.is_some())
        {
            return Err(cannot("`args` belong to a tool or prompt, `body` and `content-type` to `http`"));
        }
        match (&self.tool, &self.prompt, &self.resource, &self.http) {
            (Some(name), None, None, None) => Ok(Incoming::Tool { name, arguments }),
            (None, Some(name), None, None) => Ok(Incoming::Prompt { name, arguments }),
            (None, None, Some(uri), None) => Ok(Incoming::Resource { uri }),
            (None, None, None, Some(line)) => {
                let (method, target) = line.split_once(' ').ok_or_else(|| cannot("`http` is not `METHOD /path`"))?;
                let content_type = Some(self.content_type.as_deref().unwrap_or("application/json"));
                Ok(Incoming::Http { method, target, content_type, body })
            }
            _ => Err(cannot("a case names one of `tool`, `prompt`, `resource` and `http`")),
        }
    }

    /// As a tool server would: with a token that was minted, sealed and verified.
    fn decide(&self, demand: &Demand, rng: &mut impl CryptoRng) -> Result<Decision, Refusal> {
        const NOW: u64 = 1_767_225_600;
        let request = demand.request();
        let root = SecretKey::generate(rng);
        let mut grant = RootGrant::new(request.audience().as_str().parse()?, NOW, NOW + 60);
        for scope in self.scopes.as_deref().unwrap_or(&["*".to_owned()]) {
            grant = grant.scope(scope.parse::<Scope>()?);
        }
        let token = mint(&grant, &root, Heir::carried(rng))?;
        let seal = match request.demands_request_seal() {
            false => Seal::new(),
            true => {
                let (call, arguments) = (request.call().clone(), request.stated_arguments().clone());
                Seal::new().for_request(call, arguments, NOW, NOW + 60, rng)
            }
        };
        let sealed = SealedToken::parse(&token.seal(&seal)?.to_text())?;
        // Which groups there are, roots say and no catalogue: those that it names are taken for defined.
        let approvers = request.asks().iter().flat_map(AskRule::approvers);
        let groups = approvers.filter_map(|approver| match approver {
            Approver::Group(name) if name.as_str() != "local" => Some((name.clone(), Vec::new())),
            Approver::Group(_) | Approver::Key(_) => None,
        });
        let roots = Roots::with_groups([TrustedRoot::new(root.public_key())], groups.collect())?;
        let verified = verify(&sealed, &roots)?;
        let level = self.read.as_deref().map_or(Ok(Level::Public), str::parse::<Level>)?;
        let mut mark = Mark::at(level);
        for label in &self.labels {
            mark = mark.with(label.parse::<Name>()?);
        }
        Ok(decide(&verified, request, &LiveState::without_ledger().marked(mark), NOW + 1))
    }

    fn compare(&self, name: String, found: Found) -> Outcome {
        let code = found.refusal.as_ref().map(|refusal| refusal.code().as_str());
        let differs = |what: &str, here: &str, expected: &str| Some(format!("{what} {here}, expected {expected}"));
        let request = found.demand.as_ref().map(Demand::request);
        let actions = request.map(|request| request.actions().iter().map(|action| action.as_str()).collect::<Vec<_>>());
        let level = request.map(|request| request.mark().level().as_str());
        let fault = if found.answer != self.expect {
            let why =
                found.refusal.as_ref().map_or(String::new(), |refusal| format!(" ({}: {refusal})", refusal.code()));
            differs("answer", &format!("{}{why}", found.answer), &self.expect.to_string())
        } else if code == Some(Code::DenyUnlisted.as_str()) && self.code.is_none() {
            // A mistyped name would pass for any denial.
            differs("code", Code::DenyUnlisted.as_str(), "another, unless the case states it")
        } else if let Some(expected) = self.code.as_deref().filter(|expected| Some(*expected) != code) {
            differs("code", code.unwrap_or("none"), expected)
        } else if let Some(expected) = self.level.as_deref().filter(|expected| Some(*expected) != level) {
            differs("level", level.unwrap_or("none"), expected)
        } else {
            let here = actions.unwrap_or_default();
            let expected = self.actions.as_ref().filter(|expected| **expected != here);
            expected.and_then(|expected| differs("actions", &here.join(", "), &expected.join(", ")))
        };
        Outcome { name, answer: found.answer.to_string(), refusal: found.refusal, fault }
    }
}

fn cannot(why: &str) -> Refusal {
    Refusal::new(Code::ParseCatalogue, "case", why, "")
}
