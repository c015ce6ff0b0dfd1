//! `wane policy`: catalogues, before a server runs under one.

use clap::{Args, Subcommand};
use serde::Serialize;
use wane::{Call, Refusal};
use wane_policy::{CaseTable, Demand, Explanation, Incoming};

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Trouble};
use crate::input::{Source, TOML_TEXT, source};
use crate::output::{escape, paint};
use crate::{call, catalogue, random, typed};

/// Check a catalogue, explain what a call needs under it, and test it
///
/// A catalogue says what each tool of a server needs, may reveal and costs. What it does not list is denied.
#[derive(Args, Debug)]
#[command(after_help = "\
Exit codes: 0 done, 2 a file that cannot be used, 3 the call is denied before it is decided, 6 a test came out otherwise.

Examples:
  wane policy check catalogue.toml
  wane policy explain catalogue.toml --tool read_file --args '{\"path\": \"/repo/a.md\"}'
  wane policy explain catalogue.toml --tool delete_file   # exit 3
  wane policy test cases.toml
")]
pub(crate) struct Policy {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Check(Check),
    Explain(Explain),
    Test(Test),
}

/// Say whether a catalogue can be used, and what it lists
#[derive(Args, Debug)]
struct Check {
    /// The catalogue, TOML; YAML where its name ends in .yaml or .yml
    #[arg(value_name = "FILE", value_parser = source())]
    file: Source,
}

/// Say what a call needs under a catalogue, and which rule says so
#[derive(Args, Debug)]
struct Explain {
    /// The catalogue
    #[arg(value_name = "FILE", value_parser = source())]
    file: Source,

    /// The server (default: the only one)
    #[arg(long, value_name = "NAME")]
    server: Option<String>,

    /// The audience that the server is, where the catalogue states none
    #[arg(long, value_name = "AUDIENCE")]
    aud: Option<String>,

    /// A tool that is called (MCP `tools/call`)
    #[arg(long, value_name = "NAME", group = "call")]
    tool: Option<String>,

    /// A prompt that is asked for (MCP `prompts/get`)
    #[arg(long, value_name = "NAME", group = "call")]
    prompt: Option<String>,

    /// A resource that is read (MCP `resources/read`)
    #[arg(long, value_name = "URI", group = "call")]
    resource: Option<String>,

    /// An HTTP request: `GET /files/a?x=1`
    #[arg(long, value_name = "METHOD PATH", group = "call")]
    http: Option<String>,

    /// The arguments of the tool or prompt: a JSON object, `@FILE`, or `-` for standard input
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    args: Option<String>,

    /// The type of the body (default: application/json)
    #[arg(long, value_name = "TYPE", requires = "http", default_value = "application/json", hide_default_value = true)]
    content_type: String,

    /// The body of the HTTP request
    #[arg(long, value_name = "TEXT", requires = "http", allow_hyphen_values = true)]
    body: Option<String>,
}

/// Judge a table of calls, each with the answer that is expected
///
/// Each call is asked for with a token that states the scopes of its case, in a session that has read what the case says.
#[derive(Args, Debug)]
struct Test {
    /// The table, TOML; it names its catalogue
    #[arg(value_name = "FILE", value_parser = source())]
    file: Source,

    /// Another catalogue than the one that the table names
    #[arg(long, value_name = "FILE", value_parser = source())]
    catalogue: Option<Source>,
}

impl Policy {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match &self.what {
            What::Check(check) => check.run(context),
            What::Explain(explain) => explain.run(context),
            What::Test(test) => test.run(context),
        }
    }
}

#[derive(Serialize)]
struct ServerJson<'a> {
    name: &'a str,
    audience: Option<&'a str>,
    tools: Vec<&'a str>,
    prompts: Vec<&'a str>,
    resources: usize,
    routes: usize,
}

impl Check {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let catalogue = catalogue::read(context, &self.file)?;
        let servers: Vec<ServerJson<'_>> = catalogue
            .listed()
            .map(|listed| ServerJson {
                name: listed.name,
                audience: listed.audience.map(wane::Audience::as_str),
                tools: listed.tools,
                prompts: listed.prompts,
                resources: listed.resources,
                routes: listed.routes,
            })
            .collect();
        context.output.answer(&serde_json::json!({ "servers": servers }), || {
            let lines = servers.iter().map(|server| {
                let audience = server.audience.map_or(String::new(), |audience| format!(" as {audience}"));
                let (tools, prompts) = (server.tools.len(), server.prompts.len());
                let (resources, routes) = (server.resources, server.routes);
                format!(
                    "ok: {}{audience}: {tools} tools, {prompts} prompts, {resources} resources, {routes} routes\n",
                    server.name
                )
            });
            let text: String = lines.collect();
            if text.is_empty() { "ok: no server".to_owned() } else { text }
        })?;
        Ok(Exit::Done)
    }
}

#[derive(Serialize)]
struct RequestJson {
    audience: String,
    call: Vec<String>,
    actions: Vec<String>,
    level: &'static str,
    labels: Vec<String>,
    facts: serde_json::Map<String, serde_json::Value>,
    costs: serde_json::Map<String, serde_json::Value>,
    asks: Vec<String>,
    request_seal: bool,
    pin: Option<String>,
}

#[derive(Serialize)]
struct TriedJson {
    rule: usize,
    when: String,
    refusal: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct ExplainedJson {
    rules: Vec<TriedJson>,
    request: Option<RequestJson>,
    refusal: Option<serde_json::Value>,
}

impl Explain {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let catalogue = catalogue::read(context, &self.file)?;
        let arguments = call::arguments(context, self.args.as_deref())?;
        let incoming = self.incoming(&arguments)?;
        let name = catalogue::server_name(&catalogue, self.server.as_deref())?;
        let aud = self.aud.as_deref().map(|text| typed::value("--aud", text)).transpose()?;
        let server = catalogue.server(&name, aud).map_err(|refusal| Failure::from(refusal).within(self.file.name()))?;
        let explanation = server.explain(&incoming);
        let exit = if explanation.outcome.is_ok() { Exit::Done } else { Exit::Denied };
        context.output.answer(&explained(&explanation), || told(&explanation))?;
        Ok(exit)
    }

    fn incoming<'a>(&'a self, arguments: &'a wane::Arguments) -> Result<Incoming<'a>, Failure> {
        if let Some(name) = &self.tool {
            return Ok(Incoming::Tool { name, arguments });
        }
        if let Some(name) = &self.prompt {
            return Ok(Incoming::Prompt { name, arguments });
        }
        if let Some(uri) = &self.resource {
            return Ok(Incoming::Resource { uri });
        }
        let line = self.http.as_deref().ok_or_else(|| {
            Failure::usage("no call is named").hint("name one with `--tool`, `--prompt`, `--resource` or `--http`")
        })?;
        let call = line.split_once(' ').filter(|(method, target)| !method.is_empty() && target.starts_with('/'));
        let (method, target) = call.ok_or_else(|| Failure::usage("--http: not `METHOD /path`"))?;
        let body = self.body.as_deref().unwrap_or_default().as_bytes();
        Ok(Incoming::Http { method, target, content_type: Some(&self.content_type), body })
    }
}

fn explained(explanation: &Explanation) -> ExplainedJson {
    let tried = explanation.tried.iter();
    ExplainedJson {
        rules: tried
            .map(|tried| TriedJson {
                rule: tried.rule,
                when: tried.when.clone(),
                refusal: tried.refusal.as_ref().map(error_json),
            })
            .collect(),
        request: explanation.outcome.as_ref().ok().map(request_json),
        refusal: explanation.outcome.as_ref().err().map(error_json),
    }
}

fn request_json(demand: &Demand) -> RequestJson {
    let request = demand.request();
    let fact = |(name, value): (&wane::Name, &wane::Value)| {
        (name.to_string(), serde_json::from_str(&value.to_string()).unwrap_or_default())
    };
    RequestJson {
        audience: request.audience().to_string(),
        call: Call::parts(request.call()).map(ToOwned::to_owned).collect(),
        actions: request.actions().iter().map(ToString::to_string).collect(),
        level: request.mark().level().as_str(),
        labels: request.mark().labels().map(ToString::to_string).collect(),
        facts: request.facts().map(fact).collect(),
        costs: request.costs().map(|(name, cost)| (name.to_string(), cost.into())).collect(),
        asks: request.asks().iter().map(ToString::to_string).collect(),
        request_seal: request.demands_request_seal(),
        pin: demand.pin().map(|pin| pin.to_string()),
    }
}

fn error_json(refusal: &Refusal) -> serde_json::Value {
    serde_json::to_value(Failure::from(refusal.clone()).to_json()).unwrap_or_default()
}

/// For a person: each rule that was tried, then what the call needs.
fn told(explanation: &Explanation) -> String {
    let mut text = String::new();
    for tried in &explanation.tried {
        let when = if tried.when.is_empty() { "always".to_owned() } else { format!("when {}", escape(&tried.when)) };
        let answer = tried.refusal.as_ref().map_or("matches".to_owned(), |refusal| format!("no: {refusal}"));
        text.push_str(&format!("rule {} {when}: {answer}\n", tried.rule));
    }
    match &explanation.outcome {
        Ok(demand) => {
            let json = request_json(demand);
            text.push_str(&format!("needs    {}\n", json.actions.join(", ")));
            text.push_str(&format!("reveals  {}\n", demand.request().mark()));
            for (what, map) in [("costs", &json.costs), ("facts", &json.facts)] {
                let stated: Vec<String> = map.iter().map(|(name, value)| format!("{name}={value}")).collect();
                if !stated.is_empty() {
                    text.push_str(&format!("{what}    {}\n", escape(&stated.join(" "))));
                }
            }
            json.asks.iter().for_each(|ask| text.push_str(&format!("asks     {ask}\n")));
            if json.request_seal {
                text.push_str("seal     for exactly this request\n");
            }
            if let Some(pin) = json.pin {
                text.push_str(&format!("pinned   {pin}\n"));
            }
        }
        Err(refusal) => text.push_str(&denied(refusal)),
    }
    text
}

fn denied(refusal: &Refusal) -> String {
    let hint = refusal.hint().map_or(String::new(), |hint| format!("  {hint}\n"));
    format!("{} [{}]: {refusal}\n{hint}", paint(Exit::Denied, "deny"), refusal.code())
}

#[derive(Serialize)]
struct OutcomeJson<'a> {
    name: &'a str,
    verdict: &'a str,
    code: Option<&'static str>,
    fault: Option<&'a str>,
}

impl Test {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let text = context.inputs.read_text(&self.file, "the table", TOML_TEXT)?;
        let table = CaseTable::from_toml(&text).map_err(|refusal| Failure::from(refusal).within(self.file.name()))?;
        let named = table.catalogue().map(|name| Source::File(self.file.beside(name.to_owned()).into()));
        let source = self.catalogue.clone().or(named).ok_or_else(|| {
            Failure::new(Trouble::Input, "the table names no catalogue")
                .hint("write `catalogue = \"catalogue.toml\"` into it, or name one with `--catalogue`")
        })?;
        let catalogue = catalogue::read(context, &source)?;
        let outcomes = table.judge(&catalogue, &mut random::system()?);
        let json: Vec<OutcomeJson<'_>> = outcomes
            .iter()
            .map(|outcome| OutcomeJson {
                name: outcome.name(),
                verdict: outcome.answer(),
                code: outcome.refusal().map(|refusal| refusal.code().as_str()),
                fault: outcome.fault(),
            })
            .collect();
        let failed = outcomes.iter().filter(|outcome| outcome.fault().is_some()).count();
        context.output.answer(&serde_json::json!({ "cases": json, "failed": failed }), || {
            let faults = outcomes.iter().filter_map(|outcome| Some((outcome.name(), outcome.fault()?)));
            let lines: String = faults.map(|(name, fault)| format!("{}: {}\n", escape(name), escape(fault))).collect();
            format!("{lines}{} cases, {failed} otherwise than expected\n", outcomes.len())
        })?;
        Ok(if failed == 0 { Exit::Done } else { Exit::Broken })
    }
}
