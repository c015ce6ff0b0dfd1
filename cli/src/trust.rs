//! The trusted roots of a call.

use std::os::unix::fs::MetadataExt as _;

use wane::{Roots, TrustedRoot};

use crate::arguments::Context;
use crate::failure::{Failure, Trouble};
use crate::input::{Source, TOML_TEXT};
use crate::key_file;
use crate::output::escape;
use crate::typed;

/// The roots that `--root` names, or else the settings: a key, a file that holds one, or a `roots.toml`.
pub(crate) fn roots(context: &Context, flag: Option<&str>) -> Result<Roots, Failure> {
    let named = flag.or(context.settings.roots.as_ref().map(|setting| setting.value.as_str()));
    let named = named.ok_or_else(|| {
        Failure::new(Trouble::NoRoot, "no trusted root is given, so nothing can be believed")
            .hint("`--root FILE`, WANE_ROOTS or `roots` in wane.toml names a public key or a roots file")
    })?;
    if named.starts_with("wane1.") {
        return Ok(Roots::single(typed::value("--root", named)?));
    }
    let source = typed::source("--root", named)?;
    let text = context.inputs.read_text(&source, "the roots", TOML_TEXT)?;
    warn_if_open(context, &source);
    let roots = if key_file::looks_like_a_key(&text) {
        key_file::public_from_text(&text).map(Roots::single)
    } else {
        Roots::from_toml(&text).map_err(Failure::from)
    };
    roots.map_err(|failure| failure.within(source.name()))
}

/// Whoever can write the file decides what is trusted.
fn warn_if_open(context: &Context, source: &Source) {
    let Source::File(path) = source else { return };
    if std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o002 != 0) {
        let name = source.name();
        let file = escape(&path.display().to_string());
        context.output.warn(format_args!("others can write {name}, which says what is trusted: `chmod o-w {file}`"));
    }
}

/// The fingerprint of a root, and what its entry calls it.
pub(crate) fn name(root: &TrustedRoot) -> String {
    let hint = root.key().hint();
    root.name().map_or_else(|| hint.to_string(), |name| format!("{hint} {}", escape(name)))
}
