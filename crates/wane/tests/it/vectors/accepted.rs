//! What is accepted is written again byte for byte, sealed again as it was, narrowed by nothing and judged again.

use serde_json::Value as Json;
use wane::{
    Arguments, Call, Heir, Narrowing, PublicKey, Request, Roots, Scope, Seal, SealedToken, Token, UntrustedApproval,
    verify,
};

use super::file::{Payload, Vector};
use super::judge::{Answer, present};
use super::stated::{self, Trouble};
use crate::example::Always;
use crate::forge::Rng;

pub(super) fn check(vector: &Vector) -> Result<(), String> {
    let line = vector.payload.strip_suffix('\n').unwrap_or(&vector.payload);
    let written = match vector.kind {
        Payload::Sealed => SealedToken::parse(&vector.payload).map(|token| token.to_text()),
        Payload::Token => Token::parse(&vector.payload).map(|token| token.expose_text().to_string()),
        Payload::Key => vector.payload.parse::<PublicKey>().map(|key| key.to_string()),
        // Not the text, but what it says: one that is written plainly is read as the same.
        Payload::Scope => return scope(&vector.payload),
        Payload::Arguments => return arguments(&vector.payload),
        // Nobody but its approver writes one.
        Payload::Approval => UntrustedApproval::parse(&vector.payload).map(|_| line.to_owned()),
    };
    let written = written.map_err(|refusal| refusal.to_string())?;
    if written != line {
        return Err(format!("written again it is {written}"));
    }
    vector.token.as_deref().map_or(Ok(()), |token| again(vector, token))
}

fn scope(text: &str) -> Result<(), String> {
    let scope: Scope = text.parse().map_err(|refusal| format!("{refusal}"))?;
    let written = scope.to_string();
    if written.parse() == Ok(scope) { Ok(()) } else { Err(format!("written as {written} it is another scope")) }
}

fn arguments(text: &str) -> Result<(), String> {
    let arguments = Arguments::from_json(text.as_bytes()).map_err(|refusal| format!("{refusal}"))?;
    let written = arguments.to_json();
    let again = Arguments::from_json(written.as_bytes()).map_err(|refusal| format!("{written}: {refusal}"))?;
    if again == arguments { Ok(()) } else { Err(format!("written as {written} these are others")) }
}

/// The token before the seal: sealed as it was it is the payload; narrowed by nothing it is answered as before.
fn again(vector: &Vector, text: &str) -> Result<(), String> {
    let refused = |refusal: wane::Refusal| refusal.to_string();
    let token = Token::parse(text).map_err(refused)?;
    if *token.expose_text() != text {
        return Err("its token is written in another way".to_owned());
    }
    let roots = Roots::from_toml(vector.roots.as_deref().unwrap_or_default()).map_err(refused)?;
    let stated = vector.request.as_ref().ok_or("a token without a request")?;
    let (request, approvals) = match stated::request(stated, vector.arguments.as_deref()) {
        Ok(asked) => asked,
        Err(Trouble::Header(reason)) => return Err(reason),
        Err(Trouble::Refused(refusal)) => return Err(refusal.to_string()),
    };
    if !approvals.is_empty() {
        return Err("approvals are for one chain: leave the header token out".to_owned());
    }
    let seal = seal(&vector.payload, &roots, &request)?;
    let sealed = token.seal(&seal).map_err(refused)?.to_text();
    if Some(sealed.as_str()) != vector.payload.lines().next() {
        return Err(format!("sealed again it is {sealed}"));
    }

    let narrowed = token.attenuate(&Narrowing::new(), Heir::carried(&mut Rng::new(4))).map_err(refused)?;
    let sealed = narrowed.seal(&seal).map_err(refused)?.to_text();
    let state = vector.state.clone().map(|state| behind_one_more(state, token.chain().blocks().len()));
    let now = vector.now.unwrap_or_default();
    match present(&sealed, &roots, Some(&request), &[], state.as_ref(), now)? {
        Answer { layer: "ok", .. } => Ok(()),
        other => Err(format!("narrowed by nothing it is answered {other:?}")),
    }
}

/// The same live state, where a block that the ledger does not know stands before the seal.
fn behind_one_more(mut state: Json, blocks: usize) -> Json {
    let known = state.get_mut("ledger").and_then(|ledger| ledger.get_mut("blocks")).and_then(Json::as_array_mut);
    if let Some(known) = known
        && known.len() > blocks
    {
        known.insert(blocks, Json::Object(serde_json::Map::new()));
    }
    state
}

/// The seal of a payload as the library's own type.
fn seal(payload: &str, roots: &Roots, request: &Request) -> Result<Seal, String> {
    let refused = |refusal: wane::Refusal| refusal.to_string();
    let sealed = SealedToken::parse(payload).map_err(refused)?;
    let verified = verify(&sealed, roots).map_err(refused)?;
    let claims = sealed.chain().blocks().last().ok_or("no seal")?.claims().clone();
    let mut seal = Seal::new();
    for (name, value) in verified.said() {
        seal = seal.said(name.clone(), value.clone());
    }
    let bound = verified.is_for_one_request();
    let mut token_id = 0;
    for (name, value) in claims.stated() {
        seal = match name {
            "aud" => seal.audience(value.parse().map_err(refused)?),
            "exp" if bound => seal,
            "exp" => seal.expires_at(value.parse().map_err(|_| "exp")?),
            "nbf" => seal.not_before(value.parse().map_err(|_| "nbf")?),
            "iat" | "digest" if bound => seal,
            "cti" if bound => {
                token_id = value.get(..2).and_then(|byte| u8::from_str_radix(byte, 16).ok()).ok_or("cti")?;
                seal
            }
            "deny" => seal.deny(value.parse().map_err(refused)?),
            "level" => seal.raise(value.parse().map_err(refused)?),
            "label" => seal.label(value.parse().map_err(refused)?),
            "clearance" => seal.clearance(value.parse().map_err(refused)?),
            "note" => seal.note(&value),
            "said" => seal,
            other => return Err(format!("a seal of the library states no {other}: leave the header token out")),
        };
    }
    if !bound {
        return Ok(seal);
    }
    let parts: Vec<&str> = request.call().parts().collect();
    let call = Call::from_parts(&parts).map_err(refused)?;
    let times = claims.issued_at().zip(claims.expires_at()).ok_or("a seal for one request without its times")?;
    Ok(seal.for_request(call, request.stated_arguments().clone(), times.0, times.1, &mut Always(token_id)))
}
