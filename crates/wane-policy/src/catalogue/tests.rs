use std::collections::BTreeMap;

use wane::{Arguments, Code, Level};

use super::Catalogue;
use crate::demand::{Demand, Incoming};

mod calls;
mod faults;

/// A tool `t` with these lines.
fn tool(lines: &str) -> String {
    format!("[server.s]\naudience = 's'\n[server.s.tool.t]\n{lines}\n")
}

fn refused(text: &str) -> String {
    let refusal = Catalogue::from_toml(text).map(|_| ()).expect_err(text);
    assert_eq!(refusal.code(), Code::ParseCatalogue, "{text}");
    refusal.to_string()
}

fn demand(text: &str, incoming: &Incoming<'_>) -> Result<Demand, Code> {
    let catalogue = Catalogue::from_toml(text).unwrap();
    catalogue.server("s", None).unwrap().demand(incoming).map_err(|refusal| refusal.code())
}

/// What a call of the tool `t` demands.
fn called(text: &str, json: &str) -> Result<Demand, Code> {
    let arguments = Arguments::from_json(json.as_bytes()).unwrap();
    demand(text, &Incoming::Tool { name: "t", arguments: &arguments })
}

fn level(demand: &Demand) -> Level {
    demand.request().mark().level()
}

fn actions(demand: &Demand) -> Vec<&str> {
    demand.request().actions().iter().map(wane::Action::as_str).collect()
}

fn costs(demand: &Demand) -> BTreeMap<&str, u64> {
    demand.request().costs().map(|(name, cost)| (name.as_str(), cost)).collect()
}
