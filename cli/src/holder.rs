//! What a holder does with a token it was given.

use wane::{Chain, Grant, Token};

use crate::arguments::Context;
use crate::failure::{Failure, Trouble};
use crate::input::{self, Source, TOKEN_TEXT};
use crate::typed;

/// The token named, or the one of the settings, or the one on standard input.
pub(crate) fn source(context: &Context, named: Option<&Source>) -> Result<Source, Failure> {
    if named.is_some() {
        return context.inputs.or_stdin(named, "token");
    }
    match &context.settings()?.token_file {
        Some(setting) => {
            let source = typed::source("token-file", &setting.value)?;
            // Whoever pipes a token in would otherwise not notice that another one is used.
            context.output.note(format_args!("the token comes from {}, named by {}", source.name(), setting.origin));
            Ok(source)
        }
        None => context.inputs.or_stdin(named, "token"),
    }
}

/// Reads a token that can be extended.
pub(crate) fn read_token(context: &Context, named: Option<&Source>) -> Result<Token, Failure> {
    let source = source(context, named)?;
    let text = context.inputs.read_text(&source, input::TOKEN, TOKEN_TEXT)?;
    Token::parse(input::unmarked(&text)).map_err(|refusal| Failure::from(refusal).within(source.name()))
}

/// What a chain grants at its end.
pub(crate) fn grant(chain: &Chain) -> Result<Grant, Failure> {
    let last = chain.grants()?.pop();
    last.ok_or_else(|| Failure::new(Trouble::Input, "the token has no block"))
}
