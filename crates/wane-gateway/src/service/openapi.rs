//! The description of the service for programs, OpenAPI 3.1: made of the names that the code itself reads and writes.

use serde_json::{Map, Value, json};
use wane::{Code, Level, limits};

use super::endpoints::Endpoint;
use super::metrics::OPEN_METRICS;
use super::question::{CALLS, HTTP, MEMBERS, PROMPT, RESOURCE, TOOL};
use super::reply::{ALLOWANCE, CODE, JSON, PROBLEM, REFUSAL};

/// The whole document.
pub(super) fn document() -> Value {
    let mut paths = Map::new();
    for endpoint in Endpoint::ALL {
        let method = endpoint.method().as_str().to_ascii_lowercase();
        paths.insert(endpoint.path().to_owned(), json!({ method: operation(endpoint) }));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "wane serve",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Whether a call is allowed, by the sealed token that came with it. Envoy's ext_authz asks below `/envoy/SERVER/`.",
        },
        "paths": paths,
        "components": { "schemas": schemas() },
    })
}

fn operation(endpoint: Endpoint) -> Value {
    let (id, summary) = match endpoint {
        Endpoint::Check => {
            ("check", "Whether a call would be allowed now; nothing is committed, and nothing may be done on it")
        }
        Endpoint::Admit => ("admit", "Admits a call: only after 200 may it be done, once"),
        Endpoint::Code => ("code", "What a code means"),
        Endpoint::Live => ("live", "Whether the process answers"),
        Endpoint::Ready => ("ready", "Whether the service is fit to be asked, and what is wrong"),
        Endpoint::Metrics => ("metrics", "What is counted"),
        Endpoint::OpenApi => ("openapi", "This document"),
    };
    let mut responses = Map::new();
    for (status, content_type, schema) in answers(endpoint) {
        let content = match schema {
            Some(schema) => {
                json!({ *content_type: { "schema": { "$ref": format!("#/components/schemas/{schema}") } } })
            }
            None => json!({ *content_type: {} }),
        };
        responses.insert(status.to_string(), json!({ "description": described(*status), "content": content }));
    }
    let mut operation = json!({ "operationId": id, "summary": summary, "responses": responses });
    let Some(members) = operation.as_object_mut() else { return operation };
    if matches!(endpoint, Endpoint::Check | Endpoint::Admit) {
        let question = json!({ "schema": { "$ref": "#/components/schemas/Question" } });
        members.insert("requestBody".into(), json!({ "required": true, "content": { JSON: question } }));
    }
    if endpoint == Endpoint::Code {
        let words: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let schema = json!({ "type": "string", "enum": words });
        members
            .insert("parameters".into(), json!([{ "name": "code", "in": "path", "required": true, "schema": schema }]));
    }
    operation
}

type Answers = [(u16, &'static str, Option<&'static str>)];

const fn answers(endpoint: Endpoint) -> &'static Answers {
    const DECIDED: &Answers = &[
        (200, JSON, Some("Allowance")),
        (400, PROBLEM, Some("Problem")),
        (401, PROBLEM, Some("Problem")),
        (403, PROBLEM, Some("Problem")),
        (405, PROBLEM, Some("Problem")),
        (408, PROBLEM, Some("Problem")),
        (413, PROBLEM, Some("Problem")),
        (415, PROBLEM, Some("Problem")),
        (503, PROBLEM, Some("Problem")),
    ];
    const READY: &Answers = &[
        (200, JSON, Some("Readiness")),
        (403, PROBLEM, Some("Problem")),
        (405, PROBLEM, Some("Problem")),
        (503, JSON, Some("Readiness")),
    ];
    match endpoint {
        Endpoint::Check | Endpoint::Admit => DECIDED,
        Endpoint::Ready => READY,
        Endpoint::Code => &[
            (200, JSON, Some("Code")),
            (403, PROBLEM, Some("Problem")),
            (404, PROBLEM, Some("Problem")),
            (405, PROBLEM, Some("Problem")),
        ],
        Endpoint::Live => {
            &[(200, JSON, Some("Liveness")), (403, PROBLEM, Some("Problem")), (405, PROBLEM, Some("Problem"))]
        }
        Endpoint::Metrics => {
            &[(200, OPEN_METRICS, None), (403, PROBLEM, Some("Problem")), (405, PROBLEM, Some("Problem"))]
        }
        Endpoint::OpenApi => &[(200, JSON, None), (403, PROBLEM, Some("Problem")), (405, PROBLEM, Some("Problem"))],
    }
}

fn described(status: u16) -> &'static str {
    match status {
        200 => "Yes",
        400 => "The request cannot be read",
        401 => "No token comes with it, or one that is not genuine",
        403 => "Denied, or waiting for approval",
        404 => "No such thing",
        405 => "Another method is meant",
        408 => "The body did not come in time",
        413 => "The body is too large",
        415 => "The body is no JSON",
        _ => "Nothing can be admitted now",
    }
}

fn schemas() -> Value {
    let text = || json!({ "type": "string" });
    let flag = || json!({ "type": "boolean" });
    let levels: Vec<&str> = Level::ALL.iter().map(|level| level.as_str()).collect();
    let one_call: Vec<Value> = CALLS.iter().map(|call| json!({ "required": [call] })).collect();
    let question = [
        json!({ "type": "string", "description": "`wane1.sealed.…`" }),
        json!({ "type": "string", "description": "A server of the catalogue" }),
        object(&TOOL, &[text(), json!({ "type": "object" }), json!({ "type": "object" })], &["name"]),
        object(&PROMPT, &[text(), json!({ "type": "object" })], &["name"]),
        object(&RESOURCE, &[text()], &RESOURCE),
        object(&HTTP, &[text(), text(), text(), json!({ "type": "string", "contentEncoding": "base64" })], &HTTP[..2]),
        json!({ "type": "array", "items": text() }),
    ];
    let mut asked = object(&MEMBERS, &question, &["token", "server"]);
    if let Some(members) = asked.as_object_mut() {
        members.insert("oneOf".into(), one_call.into());
        members.insert("description".into(), format!("At most {} bytes", limits::REQUEST_BYTES).into());
    }
    let mark = json!({
        "type": "object",
        "required": ["level", "labels"],
        "properties": { "level": { "type": "string", "enum": levels }, "labels": { "type": "array", "items": text() } },
    });
    let mut allowance = object(&ALLOWANCE, &[json!({ "const": "allow" }), flag(), mark, flag()], &ALLOWANCE);
    add(
        &mut allowance,
        "record",
        json!({ "type": "string", "description": "The id of the record, where it was committed" }),
    );
    let refusal = [
        json!({ "type": "string", "format": "uri-reference" }),
        text(),
        json!({ "type": "integer" }),
        text(),
        json!({ "type": "string", "enum": ["ask", "deny"] }),
        text(),
        json!({ "type": "string", "enum": ["approve", "never", "renew"] }),
        json!({ "type": ["boolean", "null"], "description": "`null` where the outcome of a commit is unknown" }),
    ];
    let mut problem = object(&REFUSAL, &refusal, &REFUSAL);
    add(&mut problem, "request", json!({ "type": "string", "description": "The digest that approvers name" }));
    add(&mut problem, "hint", text());
    let code = [text(), text(), text(), text(), text(), json!({ "type": "integer" })];
    json!({
        "Question": asked,
        "Allowance": allowance,
        "Problem": problem,
        "Code": object(&CODE, &code, &CODE),
        "Liveness": object(&["alive"], &[flag()], &["alive"]),
        "Readiness": object(&["ready", "problems"], &[flag(), json!({ "type": "array" })], &["ready", "problems"]),
    })
}

/// An object of these members and no others.
fn object(names: &[&str], kinds: &[Value], required: &[&str]) -> Value {
    let members: Map<String, Value> =
        names.iter().zip(kinds).map(|(name, kind)| ((*name).to_owned(), kind.clone())).collect();
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": members })
}

fn add(object: &mut Value, name: &str, kind: Value) {
    if let Some(members) = object.get_mut("properties").and_then(Value::as_object_mut) {
        members.insert(name.into(), kind);
    }
}
