//! Configurations in JSON, with comments and trailing commas.

use std::borrow::Cow;

use jsonc_parser::ast::{Object, ObjectProp, StringLit, Value};
use jsonc_parser::common::{Range, Ranged as _};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::edit::{Splice, apply, indent, part};
use super::entry::{Args, Entry, Read, Server, Span, Stdio, Text, is_setting};
use super::http::{Header, Headers, Http};
use super::{Fault, Layout, Why};

/// What clients read beside plain JSON, and nothing more.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Members that name where a server is reached.
const URLS: [&str; 3] = ["url", "serverUrl", "httpUrl"];

/// Reads the servers of a configuration. An empty text lists none.
pub(super) fn read(text: &str, layout: Layout) -> Result<Read, Fault> {
    let text = &mended(text);
    let parsed = parse_to_ast(text, &CollectOptions::default(), &OPTIONS).map_err(|error| {
        let message = error.kind().to_string();
        Fault::at(error.line_display(), error.column_display(), lower(&message))
    })?;
    let mut read = Read::default();
    let root = match parsed.value {
        None => return Ok(read),
        Some(Value::Object(root)) => root,
        Some(_) => return Err(Fault::at(1, 1, "the text is no object")),
    };
    let mut tables = Vec::new();
    if matches!(layout, Layout::McpServers | Layout::Projects | Layout::AnyJson) {
        members(&root, "mcpServers", "", &mut tables);
    }
    if matches!(layout, Layout::Servers | Layout::AnyJson) {
        members(&root, "servers", "", &mut tables);
    }
    if matches!(layout, Layout::Projects | Layout::AnyJson) {
        projects(&root, &mut tables);
    }
    tables.sort_by_key(|table| table.value.range().start);
    for table in tables {
        entries(text, &table, &mut read.entries);
    }
    leaves(&Value::Object(root), &mut read.leaves);
    Ok(read)
}

/// The text with `\ufffd` for every half of a surrogate pair that stands alone, which is as long. Programs that cut texts write
/// such halves, and read them; the parser does not, and where they stand is nothing to us.
fn mended(text: &str) -> Cow<'_, str> {
    let unit = |at: usize| {
        let digits = text.get(at..at.saturating_add(6))?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut lone = Vec::new();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('\\')) {
        let here = at.saturating_add(found);
        let next = here.saturating_add(6);
        at = match unit(here) {
            Some(0xd800..=0xdbff) if matches!(unit(next), Some(0xdc00..=0xdfff)) => next.saturating_add(6),
            Some(0xd800..=0xdfff) => {
                lone.push(Splice::new(here..next, "\\ufffd".into()));
                next
            }
            _ => {
                let escaped = text.get(here..).and_then(|rest| rest.chars().nth(1)).map_or(1, char::len_utf8);
                here.saturating_add(1).saturating_add(escaped)
            }
        };
    }
    if lone.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(apply(text, &lone)) }
}

/// A table of servers, and what is wrong with it as a whole.
struct Table<'a> {
    place: String,
    value: &'a Value<'a>,
    fault: Option<Why>,
}

fn members<'a>(object: &'a Object<'a>, name: &str, prefix: &str, tables: &mut Vec<Table<'a>>) {
    let found = object.properties.iter().filter(|member| member.name.as_str() == name);
    let fault = twice(object, name);
    tables.extend(found.map(|member| Table {
        place: format!("{prefix}{name}"),
        value: &member.value,
        fault: fault.clone(),
    }));
}

fn projects<'a>(root: &'a Object<'a>, tables: &mut Vec<Table<'a>>) {
    let doubled = twice(root, "projects");
    for all in root.properties.iter().filter(|member| member.name.as_str() == "projects") {
        let Value::Object(all) = &all.value else { continue };
        for project in &all.properties {
            let (name, before) = (project.name.as_str(), tables.len());
            let Value::Object(own) = &project.value else { continue };
            members(own, "mcpServers", &format!("projects.{name}."), tables);
            let fault = doubled.clone().or_else(|| twice(all, name));
            for table in tables.iter_mut().skip(before) {
                table.fault = fault.clone().or(table.fault.take());
            }
        }
    }
}

fn twice(object: &Object<'_>, name: &str) -> Option<Why> {
    let count = object.properties.iter().filter(|member| member.name.as_str() == name).count();
    (count > 1).then(|| Why::Twice(name.to_owned()))
}

fn entries(text: &str, table: &Table<'_>, found: &mut Vec<Entry>) {
    let Value::Object(servers) = table.value else {
        let server = Server::Other(Why::NoObject);
        let span = span(table.value.range());
        found.push(Entry { place: table.place.clone(), name: String::new(), span, server });
        return;
    };
    for member in &servers.properties {
        let name = member.name.as_str();
        let fault = table.fault.clone().or_else(|| twice(servers, name));
        let server = fault.map_or_else(|| server(text, &member.value), Server::Other);
        let span = span(member.range());
        found.push(Entry { place: table.place.clone(), name: name.to_owned(), span, server });
    }
}

fn server(text: &str, value: &Value<'_>) -> Server {
    let Value::Object(entry) = value else { return Server::Other(Why::NoObject) };
    if let Some(why) = entry.properties.iter().find_map(|member| twice(entry, member.name.as_str())) {
        return Server::Other(why);
    }
    let said: Vec<&str> = URLS.into_iter().chain(["command"]).filter(|name| get(entry, name).is_some()).collect();
    let read = match said.as_slice() {
        ["url"] => http(text, entry).map(Server::Http),
        ["command"] | [] => stdio(text, entry).map(Server::Stdio),
        [member, ..] => Err(Why::Remote(URLS.into_iter().find(|url| url == member).unwrap_or("url"))),
    };
    read.unwrap_or_else(Server::Other)
}

fn get<'a>(entry: &'a Object<'a>, name: &str) -> Option<&'a ObjectProp<'a>> {
    entry.properties.iter().find(|member| member.name.as_str() == name)
}

/// Whether the `type` of an entry, where it has one, is one of these.
fn is_of(entry: &Object<'_>, kinds: &[&str]) -> Result<(), Why> {
    match get(entry, "type").map(|kind| &kind.value) {
        None => Ok(()),
        Some(Value::StringLit(kind)) if kinds.contains(&&*kind.value) => Ok(()),
        Some(Value::StringLit(kind)) => Err(Why::Type(kind.value.to_string())),
        // Whatever else it is, it may hold anything, and a reason is printed.
        Some(_) => Err(Why::Type("…".to_owned())),
    }
}

fn http(text: &str, entry: &Object<'_>) -> Result<Http, Why> {
    is_of(entry, &["http", "streamable-http"])?;
    let said = get(entry, "url").ok_or(Why::Url)?;
    let key = span(said.name.range());
    let Value::StringLit(url) = &said.value else { return Err(Why::Url) };
    let url = leaf(url);
    let headers = match get(entry, "headers").map(|headers| &headers.value) {
        None => Headers::Absent { before: before_member(text, &key, url.span.start, "headers") },
        Some(Value::Object(all)) => {
            let header = |member: &ObjectProp<'_>| {
                let value = member.value.as_string_lit().map(leaf).ok_or(Why::Headers)?;
                Ok(Header { span: span(member.range()), name: member.name.as_str().to_owned(), value })
            };
            let members = all.properties.iter().map(header).collect::<Result<_, _>>()?;
            Headers::Listed { span: span(all.range), members }
        }
        Some(_) => return Err(Why::Headers),
    };
    Http::new(url, headers).ok_or(Why::Url)
}

fn stdio(text: &str, entry: &Object<'_>) -> Result<Stdio, Why> {
    let get = |name: &str| get(entry, name);
    is_of(entry, &["stdio"])?;
    let command = get("command").ok_or(Why::Command)?;
    let key = span(command.name.range());
    let Value::StringLit(said) = &command.value else { return Err(Why::Command) };
    let said = leaf(said);
    if said.value.is_empty() {
        return Err(Why::Command);
    }
    let args = match get("args").map(|args| &args.value) {
        None => Args::Absent { before: Some(before_member(text, &key, said.span.start, "args")) },
        Some(Value::Array(list)) => {
            let texts = list.elements.iter().map(|element| element.as_string_lit().map(leaf).ok_or(Why::Args));
            Args::Listed { span: span(list.range), elements: texts.collect::<Result<_, _>>()? }
        }
        Some(_) => return Err(Why::Args),
    };
    let env = get("env").map(|env| &env.value);
    let setting = match env {
        None | Some(Value::NullKeyword(_)) => None,
        Some(Value::Object(all)) => {
            all.properties.iter().map(|one| one.name.as_str()).find(|name| is_setting(name)).map(str::to_owned)
        }
        // Whatever that says to the client.
        Some(_) => return Err(Why::Env),
    };
    // A file can state whatever `env` can, and changes later.
    let setting = setting.or_else(|| get("envFile").map(|_| "envFile".to_owned()));
    Ok(Stdio { command: said, args, env: env.map_or(Some(Vec::new()), variables), setting })
}

fn variables(value: &Value<'_>) -> Option<Vec<(String, String)>> {
    let Value::Object(all) = value else { return None };
    let text = |value: &Value<'_>| value.as_string_lit().map(|text| text.value.to_string());
    all.properties.iter().map(|one| Some((one.name.as_str().to_owned(), text(&one.value)?))).collect()
}

/// What stands between a member and another that is put behind it: on a line of its own if the first has one.
fn before_member(text: &str, key: &Span, value: usize, name: &str) -> String {
    let colon = part(text, &(key.end..value));
    let colon = if colon.trim() == ":" { colon } else { ": " };
    let before = part(text, &(0..key.start));
    let spaced = [before, colon].iter().any(|text| text.ends_with([' ', '\t']));
    let space = indent(before).unwrap_or(if spaced { " " } else { "" });
    format!(",{space}\"{name}\"{colon}")
}

fn leaf(text: &StringLit<'_>) -> Text {
    Text { span: span(text.range), value: text.value.to_string() }
}

/// Every text and number. Only a stated depth of lists and objects is parsed.
fn leaves(value: &Value<'_>, found: &mut Vec<Span>) {
    match value {
        Value::StringLit(_) | Value::NumberLit(_) => found.push(span(value.range())),
        Value::BooleanLit(_) | Value::NullKeyword(_) => {}
        Value::Object(object) => object.properties.iter().for_each(|member| leaves(&member.value, found)),
        Value::Array(list) => list.elements.iter().for_each(|element| leaves(element, found)),
    }
}

const fn span(range: Range) -> Span {
    range.start..range.end
}

fn lower(message: &str) -> String {
    let mut letters = message.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
