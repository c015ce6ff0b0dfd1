//! Prefixes, base64url and what may stand around it (token.md section 2).

use crate::case::Case;
use crate::chain::Chain;
use crate::claims::Claims;
use crate::key::{key_text, public};
use crate::text::line;

pub(super) fn cases() -> Vec<Case> {
    let good = Chain::standard().sealed();
    let body = good.strip_prefix("wane1.sealed.").unwrap_or_default();
    let bad = |name, comment, text: String| {
        Case::new(&format!("text/{name}"), comment).refused("parse-text").spec("T2").payload(text)
    };
    vec![
        Case::new("text/good", "the standard token, read as it stands")
            .spec("T1 T2")
            .sealed_from(&Chain::minted(), Claims::new()),
        Case::new("text/one-lf", "one LF behind the text").spec("T2").payload(format!("{good}\n")),
        bad("two-lf", "two LF behind the text", format!("{good}\n\n")),
        bad("cr-lf", "CR and LF behind the text", format!("{good}\r\n")),
        bad("blank-before", "a blank before the text", format!(" {good}")),
        bad("padded", "padding behind the text", format!("{good}=")),
        bad("capital-prefix", "the prefix in capitals", format!("WANE1.SEALED.{body}")),
        Case::new("text/token-prefix", "a sealed token behind the prefix of one that can be extended")
            .refused("parse-prefix")
            .spec("T4")
            .payload(format!("wane1.token.{body}")),
        Case::new("text/key", "a public key").spec("T5").plain("key", key_text(1)),
        Case::new("text/key-short", "a key of 31 bytes")
            .refused("parse-key")
            .spec("T5")
            .plain("key", line("wane1.key.", public(1).split_last().map_or(&[], |(_, bytes)| bytes))),
        Case::new("text/longest", "21,864 bytes are decoded, and have no prefix")
            .refused("parse-text")
            .spec("T2 T3")
            .flag("repeat 21864")
            .payload("A"),
        Case::new("text/too-long", "21,865 bytes are refused before anything else is looked at")
            .refused("parse-too-large")
            .spec("T3")
            .flag("repeat 21865")
            .payload("A"),
    ]
}
