//! Every way to be refused, each by a test of its own that names the code and, where there is one, the block.

mod approvals;
mod cbor;
mod chain;
mod conditions;
mod decision;
mod edges;
mod envelope;
mod every_code;
mod messages;
mod narrowing;
mod roots;
mod seal;
mod twice;
