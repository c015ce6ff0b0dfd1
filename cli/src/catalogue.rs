//! The catalogue that a verb works with.

use wane::Refusal;
use wane_policy::Catalogue;

use crate::arguments::Context;
use crate::failure::Failure;
use crate::input::{CATALOGUE, Source, TOML_TEXT};
use crate::typed;

/// Reads a catalogue, in the notation that the name of its file says.
pub(crate) fn read(context: &Context, source: &Source) -> Result<Catalogue, Failure> {
    let text = context.inputs.read_text(source, CATALOGUE, TOML_TEXT)?;
    parse(source, &text).map_err(|refusal| Failure::from(refusal).within(source.name()))
}

/// A catalogue from the text that lies there.
pub(crate) fn parse(source: &Source, text: &str) -> Result<Catalogue, Refusal> {
    match source {
        Source::File(path) if path.extension().is_some_and(|end| end == "yaml" || end == "yml") => {
            Catalogue::from_yaml(text)
        }
        _ => Catalogue::from_toml(text),
    }
}

/// The catalogue that is named, here or in the settings.
pub(crate) fn named(context: &Context, named: Option<&Source>) -> Result<Catalogue, Failure> {
    read(context, &source(context, named)?)
}

/// Where the catalogue lies that is named, here or in the settings.
pub(crate) fn source(context: &Context, named: Option<&Source>) -> Result<Source, Failure> {
    if let Some(source) = named {
        return Ok(source.clone());
    }
    let Some(setting) = &context.settings()?.catalogue else {
        return Err(Failure::usage("no catalogue is named, so nothing can be allowed")
            .hint("`--catalogue FILE`, WANE_CATALOGUE or `catalogue` in wane.toml names it"));
    };
    let source = typed::source("catalogue", &setting.value)?;
    context.output.note(format_args!("the catalogue comes from {}, named by {}", source.name(), setting.origin));
    Ok(source)
}

/// The server that is named, or the only one.
pub(crate) fn server_name(catalogue: &Catalogue, named: Option<&str>) -> Result<String, Failure> {
    let names: Vec<&str> = catalogue.servers().collect();
    match (named, names.as_slice()) {
        (Some(name), _) => Ok(name.to_owned()),
        (None, [name]) => Ok((*name).to_owned()),
        (None, []) => Err(Failure::usage("the catalogue has no server")),
        (None, many) => Err(Failure::usage(format!("the catalogue has {} servers", many.len()))
            .hint(format!("`--server NAME` says which: {}", many.join(", ")))),
    }
}
