//! A catalogue's first lines: what a server says of its tools, for a person to decide on.

use wane::{Name, Refusal};
use wane_policy::{Catalogue, ToolDigest};

use crate::object::Object;

/// Characters of a description that are shown.
const SHOWN: usize = 300;

/// What stands at the start of a file of drafts.
///
/// ```
/// assert!(wane_gateway::DRAFT_HEADING.lines().all(|line| line.starts_with('#')));
/// ```
pub const DRAFT_HEADING: &str = "\
# A draft. Each tool is denied until the marks of its lines are taken away: say first what it needs and may reveal.
# Each `guess` rests on what the server says of itself, or on nothing. Of a description only the start stands here, behind `##`.
# A digest is over all that the server says of the tool.
";

/// What was found beside the catalogue that there was.
///
/// ```
/// use wane_gateway::{Draft, draft};
/// let tools = [r#"{"name":"fetch","description":"Gets a page","annotations":{"readOnlyHint":true}}"#.to_owned()];
/// let found: Draft = draft(&"web".parse()?, &tools, None)?;
/// assert_eq!(found.missing, ["fetch"]);
/// assert!(found.text.contains("# [server.web.tool.fetch]\n"));
/// // A drafted tool is denied until somebody has taken the marks of its lines away.
/// let catalogue = wane_policy::Catalogue::from_toml(&found.text)?;
/// assert_eq!(catalogue.server("web", None)?.tool_patterns("fetch").count(), 0);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The lines to add.
    pub text: String,
    /// Tools that the server has and the catalogue does not.
    pub missing: Vec<String>,
    /// Tools that are not those that were pinned, with what is found in their place.
    pub changed: Vec<(String, String)>,
    /// Tools that the server calls open-world, and that are catalogued as if they were not.
    pub open: Vec<String>,
}

/// Drafts the entries of a server's tools, those that a catalogue does not have yet. Each is a comment: denied, at the highest level,
/// under a verb that is guessed from what the server says of itself.
///
/// # Errors
/// `parse-catalogue` where the catalogue has no such server.
pub fn draft(server: &Name, tools: &[String], catalogue: Option<&Catalogue>) -> Result<Draft, Refusal> {
    let known = catalogue.map(|catalogue| catalogue.server(server.as_str(), None)).transpose()?;
    let mut draft = Draft { text: String::new(), missing: Vec::new(), changed: Vec::new(), open: Vec::new() };
    if known.is_none() {
        draft.text = format!("[server.{server}]\naudience = \"{server}\" # guess: the server's own name\n");
    }
    for tool in tools {
        // What has no digest cannot be pinned.
        let digest = ToolDigest::of_json(tool.as_bytes());
        let text = tool;
        let Some(tool) = Object::read(text) else { continue };
        let Some(name) = tool.text("name") else { continue };
        let hints = Hints::of(&tool);
        let listed = known.as_ref().is_some_and(|server| server.tool_patterns(&name).next().is_some());
        match (&known, listed) {
            (Some(server), true) => {
                if let Err(refusal) = server.check_pin(&name, Some(text.as_bytes())) {
                    draft.changed.push((name.clone(), refusal.bound().to_owned()));
                }
                if hints.open && server.is_presumed_closed(&name) {
                    draft.open.push(name);
                }
            }
            _ => {
                draft.text.push_str(&entry(server, &name, &tool, hints, digest));
                draft.missing.push(name);
            }
        }
    }
    let named: Vec<String> = tools.iter().filter_map(|tool| Object::read(tool)?.text("name")).collect();
    let listed =
        catalogue.iter().flat_map(|catalogue| catalogue.listed()).find(|listed| listed.name == server.as_str());
    for tool in listed.map(|listed| listed.tools).unwrap_or_default() {
        if !named.iter().any(|name| name == tool) {
            let gone = known.as_ref().and_then(|server| server.check_pin(tool, None).err());
            draft.changed.extend(gone.map(|refusal| (tool.to_owned(), refusal.bound().to_owned())));
        }
    }
    Ok(draft)
}

/// What a server says of a tool. It may lie; where it says nothing, the worst is meant, as MCP has it.
#[derive(Clone, Copy, Debug)]
struct Hints {
    reads: bool,
    destroys: bool,
    open: bool,
}

impl Hints {
    fn of(tool: &Object<'_>) -> Self {
        let hints = tool.get("annotations").and_then(Object::read).unwrap_or_default();
        let says = |name: &str, unsaid: &str| hints.get(name).unwrap_or(unsaid) == "true";
        Self {
            reads: says("readOnlyHint", "false"),
            destroys: says("destructiveHint", "true"),
            open: says("openWorldHint", "true"),
        }
    }

    /// The verb to think of first.
    const fn verb(self) -> &'static str {
        match self {
            Self { reads: true, .. } => "read",
            Self { open: true, .. } => "send",
            Self { destroys: true, .. } => "delete",
            Self { .. } => "write",
        }
    }

    fn words(self) -> String {
        let reads = if self.reads { "only reads" } else { "does more than read" };
        let destroys = if self.destroys && !self.reads { ", and may destroy" } else { "" };
        let open = if self.open { ", and reaches outside" } else { ", and stays inside" };
        format!("{reads}{destroys}{open}")
    }
}

/// The lines of one tool, each of them a comment.
fn entry(server: &Name, name: &str, tool: &Object<'_>, hints: Hints, digest: Result<ToolDigest, Refusal>) -> String {
    let key = if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)) && !name.is_empty() {
        name.to_owned()
    } else {
        // What TOML and JSON write alike: ASCII, escaped.
        quoted_in_ascii(name)
    };
    let action = format!("{}:{server}", hints.verb());
    let mut lines = vec![format!("[server.{server}.tool.{key}]")];
    lines.push(format!("action = \"{action}\" # guess: the server says that it {}", hints.words()));
    if hints.open {
        lines.push("open-world = true # the server says so, or nothing".to_owned());
        if hints.reads {
            lines.push(format!("sink = [\"send:{server}\"] # guess: where its arguments go"));
        }
    }
    lines.push("level = \"top-secret\" # guess: the highest".to_owned());
    lines.push("labels = [\"untrusted\"] # guess: what an outsider could have written".to_owned());
    lines.push(match digest {
        Ok(digest) => format!("digest = \"{digest}\""),
        Err(refusal) => format!("# it cannot be pinned: {}", refusal.code()),
    });
    let said = tool.text("description").map(|text| shown(&text)).unwrap_or_default();
    // Who takes the marks of lines away takes one from each: what the server says stays a comment.
    let said = said.iter().map(|line| format!("## {line}\n"));
    let lines = lines.into_iter().map(|line| format!("# {line}\n"));
    std::iter::once("\n".to_owned()).chain(said).chain(lines).collect()
}

/// A description in short lines of printable ASCII: nothing in it can end a comment or look like something else.
fn shown(text: &str) -> Vec<String> {
    const WIDTH: usize = 100;
    let start: String = text.chars().take(SHOWN).collect();
    let plain: String = start
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .flat_map(|c| if c.is_ascii_graphic() || c == ' ' { vec![c] } else { c.escape_unicode().collect() })
        .collect();
    let mut lines = vec![String::new()];
    for word in plain.split(' ') {
        let full = lines.last().is_some_and(|line| !line.is_empty() && line.len().saturating_add(word.len()) >= WIDTH);
        if full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    if text.chars().count() > SHOWN {
        lines.push("(and more)".to_owned());
    }
    lines
}

fn quoted_in_ascii(text: &str) -> String {
    let escaped = |c: char| match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        c if c.is_ascii_graphic() || c == ' ' => c.to_string(),
        c => format!("\\U{:08x}", u32::from(c)),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::quoted;

    fn tool(name: &str, more: &str) -> String {
        format!(r#"{{"name":{},"inputSchema":{{}}{more}}}"#, quoted(name))
    }

    /// As an editor does it: one mark from each line of the tools that has one.
    fn marks_off(text: &str) -> String {
        let (head, tools) = text.split_once("\n\n").unwrap();
        let line = |line: &str| line.strip_prefix("# ").or(line.strip_prefix('#')).unwrap_or(line).to_owned() + "\n";
        head.to_owned() + "\n\n" + &tools.lines().map(line).collect::<String>()
    }

    #[test]
    fn a_draft_allows_nothing_and_without_its_marks_it_is_a_catalogue() {
        let tools = [
            tool("read", r#","annotations":{"readOnlyHint":true,"openWorldHint":false}"#),
            tool("fetch", r#","annotations":{"readOnlyHint":true}"#),
            tool("save", r#","annotations":{"destructiveHint":false,"openWorldHint":false}"#),
            tool("drop", r#","annotations":{"openWorldHint":false}"#),
            tool(
                "any thing\u{202e}\"",
                r#","description":"a\n[server.s.tool.shell]\naction = 'read:a'\nlevel = 'public' \u202e""#,
            ),
        ];
        let name: Name = "s".parse().unwrap();
        let drafted = draft(&name, &tools, None).unwrap();
        assert_eq!(drafted.missing.len(), 5);
        assert!(drafted.text.is_ascii(), "{}", drafted.text);
        let none = Catalogue::from_toml(&drafted.text).unwrap();
        assert!(none.listed().next().unwrap().tools.is_empty());
        let whole = Catalogue::from_toml(&marks_off(&drafted.text)).unwrap();
        let server = whole.server("s", None).unwrap();
        let actions = |tool: &str| {
            server
                .tool_patterns(tool)
                .map(|way| way.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
                .collect::<Vec<_>>()
        };
        assert_eq!(actions("read"), ["read:s"]);
        assert_eq!(actions("fetch"), ["read:s send:s"]);
        assert_eq!(actions("save"), ["write:s"]);
        assert_eq!(actions("drop"), ["delete:s"]);
        assert_eq!(actions("any thing\u{202e}\""), ["send:s"]);
        assert!(actions("shell").is_empty());
        for tool in &tools {
            let name = Object::read(tool).unwrap().text("name").unwrap();
            assert!(server.check_pin(&name, Some(tool.as_bytes())).is_ok(), "{name}");
        }
        // Beside it nothing is missing, until something changes.
        assert_eq!(draft(&name, &tools, Some(&whole)).unwrap().text, "");
        let changed = [tool("read", r#","annotations":{"readOnlyHint":true}"#), tool("new", "")];
        let found = draft(&name, &changed, Some(&whole)).unwrap();
        // One is another, and four are gone.
        assert_eq!(
            (found.missing, found.changed.len(), found.open),
            (vec!["new".to_owned()], 5, vec!["read".to_owned()])
        );
        assert!(!found.text.contains("audience"));
    }

    #[test]
    fn what_has_two_readings_is_not_pinned() {
        let name: Name = "s".parse().unwrap();
        let large = draft(&name, &[tool("a", r#","maximum":18446744073709551615"#)], None).unwrap();
        assert!(large.text.contains("# # it cannot be pinned: parse-json-number\n"), "{}", large.text);
        assert_eq!(draft(&name, &["{}".to_owned()], None).unwrap().missing, Vec::<String>::new());
    }
}
