//! A temporary folder in which commands are run.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64ct::{Base64UrlUnpadded, Encoding as _};

pub(crate) struct Scene {
    folder: tempfile::TempDir,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// Exits so, and names this code on standard error.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, word: &str) -> Self {
        let ran = self.exits(code);
        assert!(ran.err.contains(&format!("error[{word}]")), "{word} expected: {ran:?}");
        ran
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn mode(&self, name: &str) -> u32 {
        std::fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o7777
    }

    pub(crate) fn chmod(&self, name: &str, mode: u32) {
        std::fs::set_permissions(self.path(name), PermissionsExt::from_mode(mode)).unwrap();
    }

    /// Writes a token again, with some of its bytes replaced.
    pub(crate) fn alter(&self, name: &str, from: &str, to: &str, into: &str) {
        let text = self.read(name);
        let (prefix, body) = text.trim_end().rsplit_once('.').unwrap();
        let mut bytes = Base64UrlUnpadded::decode_vec(body).unwrap();
        let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        bytes.splice(at..at + from.len(), to.bytes());
        self.write(into, &format!("{prefix}.{}\n", Base64UrlUnpadded::encode_string(&bytes)));
    }

    /// Runs a line of shell with `wane` in its path.
    pub(crate) fn sh(&self, line: &str) -> Ran {
        run(&mut shell(self.folder.path(), line))
    }
}

/// `sh -c line` in a folder, knowing nothing of the settings of whoever runs the tests.
pub(crate) fn shell(folder: &Path, line: &str) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_wane"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    // Nobody is asked on the terminal of whoever runs the tests.
    let mut command = Command::new("setsid");
    command
        .arg("sh")
        .arg("-c")
        .arg(line)
        .current_dir(folder)
        .env("PATH", path)
        .env("HOME", folder)
        .stdin(Stdio::null());
    let state = ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "CLICOLOR_FORCE"];
    for name in ["WANE_ROOTS", "WANE_AUD", "WANE_LEDGER", "WANE_TOKEN_FILE", "WANE_CATALOGUE"].into_iter().chain(state)
    {
        command.env_remove(name);
    }
    command
}

pub(crate) fn run(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
