//! The trusted roots of a call.

use wane::{Roots, TrustedRoot};

use crate::arguments::Context;
use crate::failure::{Failure, Trouble};
use crate::key_file;
use crate::output::escape;
use crate::settings::Origin;
use crate::typed;

/// The roots that `--root` names, or else the settings: a key, a file that holds one, or a `roots.toml`.
pub(crate) fn roots(context: &Context, flag: Option<&str>) -> Result<Roots, Failure> {
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
        return Ok(Roots::single(typed::value("--root", named)?));
    }
    let source = typed::source("--root", named)?;
    // A variable is set by whoever calls; a settings file may lie above a folder for other reasons.
    let by_file = setting.is_some_and(|setting| matches!(setting.origin, Origin::File(_)));
    let text = context.inputs.read_roots(&source, !by_file)?;
    let roots = if key_file::looks_like_a_key(&text) {
        key_file::public_from_text(&text).map(Roots::single)
    } else {
        Roots::from_toml(&text).map_err(Failure::from)
    };
    roots.map_err(|failure| failure.within(source.name()))
}

/// The fingerprint of a root, and what its entry calls it.
pub(crate) fn name(root: &TrustedRoot) -> String {
    let hint = root.key().hint();
    root.name().map_or_else(|| hint.to_string(), |name| format!("{hint} {}", escape(name)))
}
