//! Where the clients of MCP servers keep the list of their servers.

use std::path::PathBuf;

use clap::ValueEnum;
use wane_gateway::wiring::Layout;

use crate::failure::{Failure, Trouble};

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

/// The folder that a variable names.
fn absolute(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}
