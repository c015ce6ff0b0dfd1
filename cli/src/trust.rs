//! The trusted roots of a call.

use wane::{Code, Refusal, Roots, TrustedRoot};
use wane_gateway::service::Unfit;
use zeroize::Zeroizing;

use crate::arguments::Context;
use crate::failure::{Failure, Trouble};
use crate::input::{Inputs, Source};
use crate::key_file;
use crate::output::escape;
use crate::settings::Origin;
use crate::typed;

/// The roots that `--root` names, or else the settings: a key, a file that holds one, or a `roots.toml`.
pub(crate) fn roots(context: &Context, flag: Option<&str>) -> Result<Roots, Failure> {
    named(context, flag)?.read(&context.inputs)
}

/// Where trusted roots come from.
#[derive(Clone, Debug)]
pub(crate) enum Trust {
    /// A key that was written out.
    Key(Box<Roots>),
    /// A file or another input.
    Lies(Source, Naming),
}

/// Who says where the roots lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// Whoever calls: a flag, or a variable.
    Caller,
    /// A settings file, which may lie above a folder for other reasons.
    SettingsFile,
}

/// What `--root` names, or else the settings.
pub(crate) fn named(context: &Context, flag: Option<&str>) -> Result<Trust, Failure> {
    let setting = match flag {
        Some(_) => None,
        None => context.settings()?.roots.as_ref(),
    };
    let named = flag.or(setting.map(|setting| setting.value.as_str()));
    let named = named.ok_or_else(|| {
        Failure::new(Trouble::NoRoot, "no trusted root is given, so nothing can be believed")
            .hint("`--root FILE`, WANE_ROOTS or `roots` in wane.toml names a public key or a roots file")
    })?;
    if let Some(setting) = setting {
        context.output.note(format_args!("the trusted roots `{}` come from {}", escape(named), setting.origin));
    }
    if named.starts_with("wane1.") {
        return Ok(Trust::Key(Box::new(Roots::single(typed::value("--root", named)?))));
    }
    let by_file = setting.is_some_and(|setting| matches!(setting.origin, Origin::File(_)));
    let naming = if by_file { Naming::SettingsFile } else { Naming::Caller };
    Ok(Trust::Lies(typed::source("--root", named)?, naming))
}

impl Trust {
    /// Reads them.
    pub(crate) fn read(&self, inputs: &Inputs) -> Result<Roots, Failure> {
        match self {
            Self::Key(roots) => Ok((**roots).clone()),
            Self::Lies(source, _) => parse(source, &self.text(inputs)?),
        }
    }

    /// Reads them once more, and takes them only where what lies there is still this.
    pub(crate) fn read_again(&self, inputs: &Inputs, seen: &[u8]) -> Result<Roots, Unfit> {
        let refuse = |why: &str| Refusal::new(Code::ParseRoots, "roots", why, "");
        let unusable = |failure: Failure| Unfit::Unusable(refuse(failure.message()));
        let Self::Lies(source, _) = self else { return self.read(inputs).map_err(unusable) };
        let text = self.text(inputs).map_err(|failure| Unfit::Unread(refuse(failure.message())))?;
        if text.as_bytes() != seen {
            return Err(Unfit::Unread(refuse("it changes while it is read")));
        }
        parse(source, &text).map_err(unusable)
    }

    /// What lies there, once it is known who may write it.
    fn text(&self, inputs: &Inputs) -> Result<Zeroizing<String>, Failure> {
        match self {
            Self::Key(_) => Ok(Zeroizing::default()),
            Self::Lies(source, naming) => inputs.read_roots(source, *naming == Naming::Caller),
        }
    }
}

fn parse(source: &Source, text: &str) -> Result<Roots, Failure> {
    let roots = if key_file::looks_like_a_key(text) {
        key_file::public_from_text(text).map(Roots::single)
    } else {
        Roots::from_toml(text).map_err(Failure::from)
    };
    roots.map_err(|failure| failure.within(source.name()))
}

/// The fingerprint of a root, and what its entry calls it.
pub(crate) fn name(root: &TrustedRoot) -> String {
    let hint = root.key().hint();
    root.name().map_or_else(|| hint.to_string(), |name| format!("{hint} {}", escape(name)))
}
