//! The OpenAPI document: each path and status it names is answered so, and each member that it requires stands in the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use serde_json::{Value, json};
use wane::{Code, limits};

use super::{Answered, Serving, read, tool};

/// Whether a value is one of a schema, as far as our schemas go.
fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.strip_prefix('#').unwrap();
        return fits(document, document.pointer(pointer).unwrap(), value);
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return Err(format!("{value} is not {}", schema["const"]));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return Err(format!("{value} is none of {}", schema["enum"]));
    }
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    };
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    };
    if !kinds.is_empty() && !kinds.into_iter().any(is) {
        return Err(format!("{value} is no {}", schema["type"]));
    }
    let Some(members) = value.as_object() else { return Ok(()) };
    for required in schema["required"].as_array().into_iter().flatten() {
        if !members.contains_key(required.as_str().unwrap()) {
            return Err(format!("{required} is missing in {value}"));
        }
    }
    for (name, member) in members {
        match schema["properties"].get(name) {
            Some(schema) => fits(document, schema, member)?,
            None if schema["additionalProperties"] == json!(false) => return Err(format!("{name} has no place")),
            None => {}
        }
    }
    Ok(())
}

/// A way to each status that the document names.
fn provoke(serving: &mut Serving, method: &str, path: &str, status: u16) -> Answered {
    let json = "Content-Type: application/json";
    let other = if method == "post" { "GET" } else { "DELETE" };
    let path = path.replace("{code}", if status == 404 { "deny-nothing" } else { "deny-scope" });
    match (status, method) {
        (200, "post") => serving.asks(&path, tool("post")),
        (400, _) => serving.post(&path, "{"),
        (401, _) => serving.post(&path, r#"{"server":"files","tool":{"name":"post"}}"#),
        (403, "post") => serving.asks(&path, tool("erase")),
        (403, _) => serving.send(&format!("GET {path} HTTP/1.1\r\nOrigin: null"), b""),
        (405, _) => serving.send(&format!("{other} {path} HTTP/1.1"), b""),
        (408, _) => {
            let mut stream = serving.connect();
            let host = &serving.address;
            write!(stream, "POST {path} HTTP/1.1\r\nHost: {host}\r\n{json}\r\nContent-Length: 9\r\n\r\n{{").unwrap();
            read(stream)
        }
        (413, _) => serving.post(&path, &" ".repeat(limits::REQUEST_BYTES + 1)),
        (415, _) => serving.send(&format!("POST {path} HTTP/1.1\r\nContent-Type: text/plain"), b"{}"),
        (503, "post") => {
            let body = json!({ "token": serving.scene.sealed(), "server": "files", "tool": { "name": "post" } });
            serving.lose_guard();
            serving.post(&path, &body.to_string())
        }
        (503, _) => {
            serving.lose_guard();
            super::soon("it is not ready any more", || serving.get(&path).status == 503);
            serving.get(&path)
        }
        _ => {
            super::soon("the ledger was looked at", || serving.get("/readyz").status == 200);
            serving.get(&path)
        }
    }
}

#[test]
fn what_the_document_says_is_so() {
    let serving = Serving::start(&["send:*"], &[]);
    let document = serving.get("/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut seen: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let mut serving = Serving::start(&["send:*"], &[]);
            // What takes the ledger away comes last.
            for (status, response) in operation["responses"].as_object().unwrap() {
                let number: u16 = status.parse().unwrap();
                let answered = provoke(&mut serving, method, path, number);
                assert_eq!(answered.status, number, "{method} {path}: {answered:?}");
                let (kind, content) = response["content"].as_object().unwrap().iter().next().unwrap();
                assert_eq!(answered.header("content-type"), Some(kind.as_str()), "{method} {path} {status}");
                if let Some(schema) = content.get("schema") {
                    let fitting = fits(&document, schema, &answered.json());
                    assert_eq!(fitting, Ok(()), "{method} {path} {status}: {answered:?}");
                }
                seen.entry(path.clone()).or_default().insert(number);
            }
        }
    }
    assert_eq!(seen.len(), 7);
    assert!(seen["/v1/admit"].len() == 9 && seen["/v1/check"].len() == 9, "{seen:?}");
    // The questions that the document describes are those that are read, and it knows every code.
    let question = &document["components"]["schemas"]["Question"];
    assert!(fits(&document, question, &json!({ "token": "x", "server": "s", "level": "public" })).is_err());
    let codes = &document["paths"]["/v1/codes/{code}"]["get"]["parameters"][0]["schema"]["enum"];
    assert_eq!(codes.as_array().unwrap().len(), Code::ALL.len());
}

#[test]
fn members_that_the_document_knows_not_are_not_read_either() {
    let serving = Serving::start(&["send:*", "read:*"], &[]);
    let document = serving.get("/openapi.json").json();
    let question = &document["components"]["schemas"]["Question"];
    let sample = |name: &str| match name {
        "arguments" => json!({ "path": "/repo/public/a" }),
        "listed" => json!({ "name": "read" }),
        "uri" => json!("file:///repo/a"),
        "method" => json!("POST"),
        "target" => json!("/repos/core/issues"),
        "content_type" => json!("application/json"),
        "body" => json!("eyJ0aXRsZSI6Im9rIn0="),
        _ => Value::Null,
    };
    for (kind, named) in [("tool", "read"), ("prompt", "review"), ("resource", ""), ("http", "")] {
        let mut call = serde_json::Map::new();
        for name in question["properties"][kind]["properties"].as_object().unwrap().keys() {
            let value = if name == "name" { json!(named) } else { sample(name) };
            call.insert(name.clone(), value);
        }
        // All that it names is read: nothing of it is refused as unknown.
        let whole = serving.asks("/v1/check", (kind, call.clone().into()));
        assert_ne!(whole.json()["code"], "parse-json", "{whole:?}");
        call.insert("level".into(), json!("public"));
        assert_eq!(serving.asks("/v1/check", (kind, call.into())).code(), (400, "parse-json".into()));
    }
}
