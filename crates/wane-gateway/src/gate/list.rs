//! Lists of tools: what a client is shown of them, and what pinned tools are compared with.

use std::collections::{HashMap, HashSet};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use wane::{Code, Pattern, Refusal, SealedToken};
use wane_policy::Server;

use super::{Gate, Notice};
use crate::answer;
use crate::call::Parameters;
use crate::flow::{Tool, Waits};
use crate::object::{Object, elements, quoted};

/// How long a server may take for a page of its list, where the gateway itself asks for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pages of one list that the gateway itself asks for.
const PAGES: usize = 100;

impl Gate {
    /// The result of `tools/list` as this token may still use it; nothing where that is the result as it came.
    // spec: G16
    pub(super) fn shown_list<'a>(
        &self,
        text: &'a str,
        sealed: Option<&SealedToken>,
        now: u64,
    ) -> Result<Option<Object<'a>>, Refusal> {
        let unread = || Refusal::new(Code::ParseMessage, "tools", "the list of tools is none", "");
        let mut result = Object::read(text).ok_or_else(unread)?;
        let tools = result.borrowed("tools").and_then(elements).ok_or_else(unread)?;
        let names: Vec<Option<String>> = tools.iter().map(|tool| Object::read(tool)?.text("name")).collect();
        self.learn(&names, &tools);
        let server = self.listed()?;
        let still = self.may_still(&server, &names, sealed, now)?;
        let mut seen: HashMap<&str, usize> = HashMap::new();
        names.iter().flatten().for_each(|name| *seen.entry(name).or_default() += 1);
        let is_shown = |name: &str| {
            let callable = server.tool_patterns(name).any(|way| way.iter().all(|pattern| still.contains(pattern)));
            callable && seen.get(name) == Some(&1) && self.is_as_pinned(&server, name)
        };
        let shown: Vec<&str> = names
            .iter()
            .zip(&tools)
            .filter(|(name, _)| name.as_deref().is_some_and(is_shown))
            .map(|(_, tool)| *tool)
            .collect();
        let mut differs = shown.len() != tools.len();
        if differs {
            result.set("tools", format!("[{}]", shown.join(",")));
        }
        // Where a result says how long and for whom it may be kept, this one is for this session and until it changes.
        for (member, value) in [("cacheScope", "\"private\""), ("ttlMs", "0")] {
            if result.get(member).is_some_and(|stated| stated != value) {
                result.set(member, value.to_owned());
                differs = true;
            }
        }
        Ok(differs.then_some(result))
    }

    /// Which patterns of these tools some action could still be allowed for.
    fn may_still(
        &self,
        server: &Server<'_>,
        names: &[Option<String>],
        sealed: Option<&SealedToken>,
        now: u64,
    ) -> Result<HashSet<Pattern>, Refusal> {
        let Some(sealed) = sealed else { return Ok(HashSet::new()) };
        let patterns: HashSet<Pattern> =
            names.iter().flatten().flat_map(|name| server.tool_patterns(name)).flatten().collect();
        let still = self.guard()?.may_still(sealed, patterns.into_iter().collect(), now)?;
        Ok(still.into_iter().collect())
    }

    /// Remembers a page of the list.
    fn learn(&self, names: &[Option<String>], tools: &[&str]) {
        let mut flow = self.flow();
        for (name, tool) in names.iter().zip(tools) {
            if let Some(name) = name {
                flow.learn_tool(name.clone(), tool);
            }
        }
    }

    /// Whether a tool is the one that was pinned, as it was last listed.
    // spec: G13
    pub(super) fn check_pinned(&self, server: &Server<'_>, name: &str) -> Result<(), Refusal> {
        match self.flow().tool(name) {
            Some(Tool::One(object)) => server.check_pin(name, Some(object.as_bytes())),
            Some(Tool::Several) if server.pin(name).is_some() => {
                Err(Refusal::new(Code::DenyPin, "digest", format_args!("{name:?}"), "it is listed in two ways"))
            }
            Some(Tool::Several) => Ok(()),
            None => server.check_pin(name, None),
        }
    }

    fn is_as_pinned(&self, server: &Server<'_>, name: &str) -> bool {
        let checked = self.check_pinned(server, name);
        if let Err(refusal) = &checked {
            (self.report)(&Notice::Changed { tool: name, refusal });
        }
        checked.is_ok()
    }

    /// Asks the server for its whole list, in the words of the request that needs it.
    // spec: G13
    pub(super) fn list_for_itself(&self, parameters: &Parameters<'_>) -> Result<(), Refusal> {
        let unlisted = |why: &str| Refusal::new(Code::DenyPin, "digest", "of the server", why);
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES {
            let mut params = Object::default();
            if parameters.has_meta() {
                params.set("_meta", parameters.meta_without_token().to_string());
            }
            if let Some(cursor) = cursor.take() {
                params.set("cursor", quoted(&cursor));
            }
            let (reply, answer) = sync_channel(1);
            let id = {
                let mut flow = self.flow();
                let id = flow.own_id();
                flow.wait(id.clone(), Waits::Own(reply)).map_err(|_| unlisted("too many requests are on their way"))?;
                id
            };
            (self.to_server)(answer::request(&id, "tools/list", params).as_bytes())
                .map_err(|_| unlisted("it cannot be asked"))?;
            let page = answer.recv_timeout(PATIENCE).ok().flatten();
            self.flow().answered(&id);
            let page = page.ok_or_else(|| unlisted("it does not tell its tools"))?;
            let page = Object::read(&page).ok_or_else(|| unlisted("it does not tell its tools"))?;
            let tools = page.borrowed("tools").and_then(elements).ok_or_else(|| unlisted("it lists no tools"))?;
            let names: Vec<Option<String>> = tools.iter().map(|tool| Object::read(tool)?.text("name")).collect();
            self.learn(&names, &tools);
            match page.text("nextCursor") {
                None => return Ok(()),
                next => cursor = next,
            }
        }
        Err(unlisted("its list has no end"))
    }
}
