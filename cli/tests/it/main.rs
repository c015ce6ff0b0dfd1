//! Everything that is tested through files and processes, in one binary.

#![cfg_attr(test, allow(clippy::string_slice, reason = "tests may panic"))]

#[cfg(test)]
mod approvals;
#[cfg(test)]
mod console;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod enforce;
#[cfg(test)]
mod enforced;
#[cfg(test)]
mod enforced_http;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod founding;
#[cfg(test)]
mod gateway;
#[cfg(test)]
mod head;
#[cfg(test)]
mod json;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod mcp_serve;
#[cfg(test)]
mod renew;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod revoke;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod strict;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod usage;
