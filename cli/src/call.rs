//! The call and its arguments, as `seal` and `check` are told of them.

use clap::Args;
use wane::{Action, Arguments, Call, Code, Refusal, limits};

use crate::arguments::Context;
use crate::failure::Failure;
use crate::input::{self, Source};
use crate::typed;

/// The call.
#[derive(Args, Debug)]
pub(crate) struct CallFlags {
    /// An action, such as `read:hr:employees`; up to four
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: Vec<String>,

    /// The tool that is called (MCP `tools/call`)
    #[arg(long, value_name = "NAME", conflicts_with = "http", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    tool: Option<String>,

    /// The HTTP request: `GET /files/a?x=1`
    #[arg(long, value_name = "METHOD PATH")]
    http: Option<String>,

    /// The arguments: a JSON object, `@FILE`, or `-` for standard input
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    pub(crate) args: Option<String>,
}

impl CallFlags {
    /// Whether a message is named, rather than the actions themselves.
    pub(crate) const fn names_a_message(&self) -> bool {
        self.tool.is_some() || self.http.is_some()
    }

    /// The actions.
    pub(crate) fn actions(&self) -> Result<Vec<Action>, Failure> {
        typed::values("--action", &self.action)
    }

    /// The call, if one was named.
    pub(crate) fn call(&self) -> Result<Option<Call>, Failure> {
        let typed = |refusal| Failure::typed(refusal);
        if let Some(name) = &self.tool {
            return Call::tool(name).map(Some).map_err(typed);
        }
        if let Some(line) = &self.http {
            let (method, target) = line
                .split_once(' ')
                .filter(|(method, target)| !method.is_empty() && target.starts_with('/') && !target.contains(' '))
                .ok_or_else(|| Failure::usage("--http: not `METHOD /path`"))?;
            return Call::http(method, target).map(Some).map_err(typed);
        }
        let actions = self.actions()?;
        if actions.len() > limits::ACTIONS {
            // No request has more, so nobody could ever be shown such a seal.
            return Err(typed(Refusal::new(Code::UseActions, "actions", actions.len(), limits::ACTIONS)));
        }
        Ok(if actions.is_empty() { None } else { Some(Call::actions(&actions)) })
    }

    /// Where the arguments come from, if they are not typed.
    pub(crate) fn source(&self) -> Result<Option<Source>, Failure> {
        self.args.as_deref().map_or(Ok(None), arguments_source)
    }

    /// The arguments; absent ones are the empty object.
    pub(crate) fn arguments(&self, context: &Context) -> Result<Arguments, Failure> {
        arguments(context, self.args.as_deref())
    }
}

/// Where the arguments come from that `--args` names: none where they are typed.
fn arguments_source(text: &str) -> Result<Option<Source>, Failure> {
    match text {
        "-" => Ok(Some(Source::Stdin)),
        text => text.strip_prefix('@').map(|name| typed::source("--args", name)).transpose(),
    }
}

/// The arguments that `--args` states or names; absent ones are the empty object.
pub(crate) fn arguments(context: &Context, stated: Option<&str>) -> Result<Arguments, Failure> {
    let Some(text) = stated else { return Ok(Arguments::empty()) };
    let Some(source) = arguments_source(text)? else {
        return Arguments::from_json(text.as_bytes()).map_err(|refusal| Failure::from(refusal).within("--args"));
    };
    let cap = u64::try_from(limits::REQUEST_BYTES).unwrap_or(u64::MAX);
    let bytes = context.inputs.read(&source, input::ARGUMENTS, cap)?;
    Arguments::from_json(&bytes).map_err(|refusal| Failure::from(refusal).within(source.name()))
}
