//! Configurations in TOML.

use toml_edit::{Document, Item, TableLike, Value};

use super::entry::{Args, Entry, Read, Server, Span, Stdio, Text, is_setting};
use super::{Fault, Why};

/// The table of all servers.
const SERVERS: &str = "mcp_servers";

/// Reads the servers of a configuration.
pub(super) fn read(text: &str) -> Result<Read, Fault> {
    let document = Document::parse(text).map_err(|error| {
        let before = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or_default();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
        // A message may repeat what stands there.
        Fault::at(before.split('\n').count(), column, "this is no toml")
    })?;
    let mut read = Read::default();
    match document.as_table().get(SERVERS) {
        None => {}
        Some(item) => match item.as_table_like() {
            None => read.entries.push(entry("", Server::Other(Why::NoObject))),
            Some(servers) => {
                let found = servers.iter().map(|(name, item)| entry(name, server(text, item)));
                read.entries.extend(found);
            }
        },
    }
    document.as_table().iter().for_each(|(_, item)| leaves(item, &mut read.leaves));
    read.leaves.sort_by_key(|span| span.start);
    Ok(read)
}

fn entry(name: &str, server: Server) -> Entry {
    Entry { place: SERVERS.to_owned(), name: name.to_owned(), span: 0..0, server }
}

fn server(text: &str, item: &Item) -> Server {
    stdio(text, item).map_or_else(Server::Other, Server::Stdio)
}

fn stdio(text: &str, item: &Item) -> Result<Stdio, Why> {
    let table = item.as_table_like().ok_or(Why::NoObject)?;
    if table.get("url").is_some() {
        return Err(Why::Remote("url"));
    }
    let (key, command) = table.get_key_value("command").ok_or(Why::Command)?;
    let said = command.as_value().and_then(leaf).filter(|said| !said.value.is_empty()).ok_or(Why::Command)?;
    let args = match table.get("args") {
        None => Args::Absent { before: before_args(text, item, table, key.span(), said.span.start) },
        Some(item) => {
            let list = item.as_array().ok_or(Why::Args)?;
            let span = list.span().ok_or(Why::Args)?;
            let texts = list.iter().map(|element| leaf(element).ok_or(Why::Args));
            Args::Listed { span, elements: texts.collect::<Result<_, _>>()? }
        }
    };
    let setting = match table.get("env") {
        None => None,
        // Whatever else that says to the client.
        Some(env) => {
            let mut names = env.as_table_like().ok_or(Why::Env)?.iter().map(|(name, _)| name);
            names.find(|name| is_setting(name)).map(str::to_owned)
        }
    };
    Ok(Stdio { command: said, args, env: table.get("env").map_or(Some(Vec::new()), variables), setting })
}

fn variables(item: &Item) -> Option<Vec<(String, String)>> {
    let text = |item: &Item| item.as_str().map(str::to_owned);
    item.as_table_like()?.iter().map(|(name, item)| Some((name.to_owned(), text(item)?))).collect()
}

/// What stands between a command and a list that is put behind it.
fn before_args(text: &str, item: &Item, table: &dyn TableLike, key: Option<Span>, value: usize) -> Option<String> {
    let key = key?;
    let equals = text.get(key.end..value).filter(|between| between.trim() == "=").unwrap_or(" = ");
    if item.is_inline_table() {
        return (!table.is_dotted()).then(|| format!(", args{equals}"));
    }
    // Elsewhere a key starts its line, behind white space and the names of the tables that a dotted one states.
    let start = text.get(..key.start)?.rfind('\n').map_or(0, |feed| feed.saturating_add(1));
    let end = if text.split_once('\n').is_some_and(|(line, _)| line.ends_with('\r')) { "\r\n" } else { "\n" };
    Some(format!("{end}{}args{equals}", text.get(start..key.start)?))
}

fn leaf(value: &Value) -> Option<Text> {
    Some(Text { span: value.span()?, value: value.as_str()?.to_owned() })
}

/// Every value that is no list and no table.
fn leaves(item: &Item, found: &mut Vec<Span>) {
    match item {
        Item::None => {}
        Item::Value(value) => value_leaves(value, found),
        Item::Table(table) => table.iter().for_each(|(_, item)| leaves(item, found)),
        Item::ArrayOfTables(tables) => {
            tables.iter().flat_map(|table| table.iter()).for_each(|(_, item)| leaves(item, found));
        }
    }
}

fn value_leaves(value: &Value, found: &mut Vec<Span>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| value_leaves(value, found)),
        Value::InlineTable(table) => table.iter().for_each(|(_, value)| value_leaves(value, found)),
        Value::Boolean(_) => {}
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Datetime(_) => found.extend(value.span()),
    }
}
