//! The catalogue of a tool server: what each tool needs, may reveal and costs.
//!
//! Whoever runs the enforcement point writes it; neither the agent nor the server is believed about any of it. It turns the
//! message that was received into the [`wane::Request`] that is decided, and what it does not list is denied. `spec/catalogue.md`
//! says what its words mean.
//!
//! ```
//! use wane::{Arguments, Code, Level};
//! use wane_policy::{Catalogue, Incoming};
//!
//! let catalogue = Catalogue::from_toml(
//!     r#"
//!     [server.files]
//!     audience = "files"
//!
//!     [server.files.tool.read_file]
//!     action = "read:files"
//!
//!     [[server.files.tool.read_file.rule]]
//!     when = "path under /repo/public"
//!     level = "public"
//!
//!     [[server.files.tool.read_file.rule]]
//!     when = "path under /repo"
//!     level = "confidential"
//!     "#,
//! )?;
//! let files = catalogue.server("files", None)?;
//! let arguments = Arguments::from_json(br#"{"path": "/repo/plans.md"}"#)?;
//! let demand = files.demand(&Incoming::Tool { name: "read_file", arguments: &arguments })?;
//! assert_eq!(demand.request().actions()[0].as_str(), "read:files");
//! assert_eq!(demand.request().mark().level(), Level::Confidential);
//! assert_eq!(demand.rule(), Some(2));
//!
//! let unlisted = Incoming::Tool { name: "delete_file", arguments: &arguments };
//! assert_eq!(files.demand(&unlisted).unwrap_err().code(), Code::DenyUnlisted);
//! # Ok::<(), wane::Refusal>(())
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests may panic"))]

mod catalogue;
mod demand;
mod pin;
mod reserved;
mod table;
mod toml_text;

pub use catalogue::{Catalogue, Listed, Server};
pub use demand::{Demand, Explanation, Incoming, Tried};
pub use pin::ToolDigest;
pub use table::{CaseTable, Outcome};
