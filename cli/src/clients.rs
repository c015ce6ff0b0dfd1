//! Where the clients of MCP servers keep the list of their servers.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use wane_gateway::wiring::Layout;

use crate::failure::{self, Failure, Trouble};

/// A client whose files are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    /// Claude Desktop
    Claude,
    /// Claude Code: `~/.claude.json`, and `.mcp.json` here
    ClaudeCode,
    /// Cursor: `~/.cursor/mcp.json`, and `.cursor/mcp.json` here
    Cursor,
    /// Visual Studio Code: the user's `mcp.json`, and `.vscode/mcp.json` here
    Vscode,
    /// Codex: `config.toml` in `$CODEX_HOME` or `~/.codex`, and in `.codex` here
    Codex,
}

impl Client {
    /// The files that it reads, and how they list servers. None of them need exist.
    pub(crate) fn files(self) -> Result<Vec<(PathBuf, Layout)>, Failure> {
        let home = absolute("HOME").ok_or_else(|| {
            Failure::new(Trouble::File, "there is no folder to look for the client's files in")
                .hint("set HOME to an absolute path, or name the file with `--path`")
        })?;
        let config = match cfg!(target_os = "macos") {
            true => home.join("Library/Application Support"),
            false => absolute("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
        };
        Ok(match self {
            Self::Claude => vec![(config.join("Claude/claude_desktop_config.json"), Layout::McpServers)],
            Self::ClaudeCode => {
                vec![(home.join(".claude.json"), Layout::Projects), (".mcp.json".into(), Layout::McpServers)]
            }
            Self::Cursor => {
                let here = PathBuf::from(".cursor/mcp.json");
                vec![(home.join(&here), Layout::McpServers), (here, Layout::McpServers)]
            }
            Self::Vscode => {
                vec![(config.join("Code/User/mcp.json"), Layout::Servers), (".vscode/mcp.json".into(), Layout::Servers)]
            }
            Self::Codex => {
                let folder = absolute("CODEX_HOME").unwrap_or_else(|| home.join(".codex"));
                vec![(folder.join("config.toml"), Layout::Toml), (".codex/config.toml".into(), Layout::Toml)]
            }
        })
    }
}

/// A file of a client.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// As it is named to people.
    pub(crate) named: PathBuf,
    /// Where it lies, links followed.
    pub(crate) real: PathBuf,
    pub(crate) layout: Layout,
}

/// The files that there are of those that are named, each once; and all that were looked for.
pub(crate) fn targets(path: Option<&Path>, client: Option<Client>) -> Result<(Vec<Target>, Vec<PathBuf>), Failure> {
    let named = match (path, client) {
        (Some(path), _) => {
            let toml = path.extension().is_some_and(|end| end == "toml");
            vec![(path.to_owned(), if toml { Layout::Toml } else { Layout::AnyJson })]
        }
        (None, Some(client)) => client.files()?,
        (None, None) => Vec::new(),
    };
    let mut found: Vec<Target> = Vec::new();
    for (path, layout) in &named {
        match std::fs::canonicalize(path) {
            Ok(real) if found.iter().any(|known| known.real == real) => {}
            Ok(real) => found.push(Target { named: path.clone(), real, layout: *layout }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::file("find", failure::name(path), &error)),
        }
    }
    Ok((found, named.into_iter().map(|(path, _)| path).collect()))
}

/// None of them is there.
pub(crate) fn none(looked: &[PathBuf]) -> Failure {
    let looked: Vec<String> = looked.iter().map(|path| failure::name(path)).collect();
    Failure::new(Trouble::File, format!("there is no file {}", looked.join(" or ")))
        .hint("`--path FILE` names the file of the client")
}

/// The folder that a variable names.
fn absolute(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}
