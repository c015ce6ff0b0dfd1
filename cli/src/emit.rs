//! Handing out tokens: to a new private file, or to standard output with a warning where others can read it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::arguments::Context;
use crate::failure::Failure;
use crate::write;

/// Where a secret goes.
#[derive(Args, Debug)]
pub(crate) struct OutFlag {
    /// Write to a new FILE with mode 0600 instead of standard output
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    out: Option<PathBuf>,
}

impl OutFlag {
    fn file(&self) -> Option<&Path> {
        self.out.as_deref().filter(|path| path.as_os_str() != "-")
    }

    /// Whether a file is named.
    pub(crate) fn is_file(&self) -> bool {
        self.file().is_some()
    }

    /// Refuses a file that exists, or that no folder is there for, before anything is done that could not be handed out.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self.file() {
            Some(path) if crate::home::exists(path) => Err(write::exists(path)),
            Some(path) => write::folder(path).map(drop),
            None => Ok(()),
        }
    }

    /// Hands out `text`. In JSON it stands in `answer` under `member`, unless it went to a file, which is then
    /// named under `file`.
    pub(crate) fn emit(
        &self,
        context: &Context,
        member: &'static str,
        text: &str,
        answer: &impl Serialize,
    ) -> Result<(), Failure> {
        if let Some(path) = self.file() {
            create(path, text)?;
            let path = path.display().to_string();
            return match context.output.is_json() {
                true => context.output.object(&Emitted { what: Named("file", &path), answer }),
                false => Ok(()),
            };
        }
        context.output.before_secret();
        self.emit_public(context, member, text, answer)
    }

    /// The same for what is no secret, and may stand in a file that others can read.
    pub(crate) fn emit_public(
        &self,
        context: &Context,
        member: &'static str,
        text: &str,
        answer: &impl Serialize,
    ) -> Result<(), Failure> {
        if self.file().is_some() {
            return self.emit(context, member, text, answer);
        }
        match context.output.is_json() {
            true => context.output.object(&Emitted { what: Named(member, text), answer }),
            false => context.output.text(text),
        }
    }

    /// Hands out `text`, which is JSON, in the same form whether JSON is asked for or not. Where it went to a file,
    /// JSON names that file as [`OutFlag::emit`] does.
    pub(crate) fn emit_as_is(&self, context: &Context, text: &str, answer: &impl Serialize) -> Result<(), Failure> {
        if self.file().is_some() {
            return self.emit(context, "", text, answer);
        }
        context.output.before_secret();
        context.output.text(text)
    }
}

fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let mut line = Zeroizing::new(String::with_capacity(text.len().saturating_add(1)));
    line.push_str(text);
    line.push('\n');
    write::create_private(path, line.as_bytes())
}

#[derive(Serialize)]
struct Emitted<'a, T> {
    #[serde(flatten)]
    what: Named<'a>,
    #[serde(flatten)]
    answer: &'a T,
}

struct Named<'a>(&'static str, &'a str);

impl Serialize for Named<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, self.1)])
    }
}
