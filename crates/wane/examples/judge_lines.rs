//! Answers test cases that come as lines of JSON, one object of headers and payload each (as the members of
//! `test-vectors/all.json`), with one line of JSON each: `{"block":1,"code":"deny-scope","verdict":"denied"}`. The other
//! side of `spec/reference/differential.sh`.

use std::io::{self, BufRead as _, BufWriter, Write as _};

use serde_json::{Map, Value, json};

#[path = "../tests/it/vectors/file.rs"]
mod file;
#[path = "../tests/it/vectors/judge.rs"]
mod judge;
#[path = "../tests/it/vectors/stated.rs"]
mod stated;

use file::Vector;

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let answer = answer(&line?).map_err(io::Error::other)?;
        writeln!(out, "{answer}")?;
    }
    out.flush()
}

fn answer(line: &str) -> Result<Value, String> {
    let members: Map<String, Value> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let answer = judge::judge(&Vector::read(&as_file(&members))?)?;
    let mut members = Map::from_iter([("verdict".to_owned(), json!(answer.layer))]);
    members.extend(answer.code.map(|code| ("code".to_owned(), json!(code))));
    members.extend(answer.block.map(|block| ("block".to_owned(), json!(block))));
    Ok(Value::Object(members))
}

/// The same case as a file. What must be answered is asked here, so that header says nothing.
fn as_file(members: &Map<String, Value>) -> String {
    let mut text = String::from("expect: ok\nspec: T106\n");
    for (name, value) in
        members.iter().filter(|(name, _)| !matches!(name.as_str(), "payload" | "expect" | "spec" | "code"))
    {
        match value {
            Value::String(plain) => text += &format!("{name}: {plain}\n"),
            Value::Array(lines) if name == "flags" => {
                let flags: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
                text += &format!("flags: {}\n", flags.join(", "));
            }
            Value::Array(lines) => {
                text.extend(lines.iter().filter_map(Value::as_str).map(|line| format!("{name}: {line}\n")));
            }
            other => text += &format!("{name}: {other}\n"),
        }
    }
    text + "\n" + members.get("payload").and_then(Value::as_str).unwrap_or_default() + "\n"
}
