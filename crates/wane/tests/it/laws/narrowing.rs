//! L1 as a holder meets it: whatever is asked of the builders, the library either refuses with the code for it or makes
//! exactly the narrowing that was asked for.

use std::cell::Cell;

use wane::{Code, Heir, Narrowing, RootGrant, Roots, Scope, Seal, Token, decide, mint, verify};

use super::tape::{Tape, ensure, holds};
use crate::forge::{EXP, IAT, OPS, Rng, public, secret};
use crate::model::bridge::{self, Asked, Case, Forged, heard_by_model};
use crate::model::choose;
use crate::model::naive::{Answer, Block, CONDITIONS, Chain, Entry, Hint, Live, Stated, actions, replay};

/// What a holder asks for.
#[derive(Clone, Debug)]
enum Wish {
    Keep(Stated),
    Drop(&'static str),
    Nothing,
}

fn scope(tape: &mut Tape<'_>, patterns: &[&'static str]) -> Stated {
    let places: Vec<usize> = (0..CONDITIONS.len()).collect();
    let conditions = if tape.once_in(3) { tape.some_of(&places, 2) } else { Vec::new() };
    Stated { index: 0, pattern: Some(tape.pick(patterns)), conditions, only: tape.once_in(4) }
}

fn patterns() -> &'static [&'static str] {
    &actions(None).patterns
}

fn wish(tape: &mut Tape<'_>) -> Wish {
    match tape.below(16) {
        0 => Wish::Nothing,
        1..=5 => Wish::Drop(tape.pick(patterns())),
        _ => Wish::Keep(scope(tape, patterns())),
    }
}

fn parsed(stated: &Stated) -> Scope {
    bridge::scope(stated)
}

fn contains(outer: &str, inner: &str) -> bool {
    actions(None).within(inner, &[outer])
}

fn narrowing(wishes: &[Wish]) -> Narrowing {
    wishes.iter().fold(Narrowing::new(), |narrowing, wish| match wish {
        Wish::Keep(stated) => narrowing.keep(parsed(stated)),
        Wish::Drop(pattern) => narrowing.drop(pattern.parse().unwrap()),
        Wish::Nothing => narrowing.nothing(),
    })
}

/// The refinements that the wishes come to, or the code of the wish that cannot be met.
fn expected(parents: &[&'static str], wishes: &[Wish]) -> Result<Option<Vec<Stated>>, Code> {
    if wishes.iter().any(|wish| matches!(wish, Wish::Nothing)) {
        return Ok(Some(Vec::new()));
    }
    let mut kept: Option<Vec<Stated>> = None;
    for wish in wishes {
        match wish {
            Wish::Keep(scope) => {
                let kept = kept.get_or_insert_default();
                let before = kept.len();
                for (index, parent) in parents.iter().enumerate() {
                    let pattern = scope.pattern.unwrap();
                    if contains(parent, pattern) {
                        kept.push(Stated { index, pattern: (pattern != *parent).then_some(pattern), ..scope.clone() });
                    }
                }
                if kept.len() == before {
                    return Err(Code::ChainScopeWider);
                }
            }
            Wish::Drop(_) | Wish::Nothing => {}
        }
    }
    let before = kept.clone();
    for wish in wishes {
        if let Wish::Drop(dropped) = wish {
            let every = |index| Stated { index, pattern: None, conditions: vec![], only: false };
            let all = || (0..parents.len()).map(every).collect();
            let lies_within = |stated: &Stated| contains(dropped, stated.pattern.unwrap_or(parents[stated.index]));
            // What another wish drops as well lies within all the same.
            if !before.clone().unwrap_or_else(all).iter().any(lies_within) {
                return Err(Code::UseDrop);
            }
            kept.get_or_insert_with(all).retain(|stated| !lies_within(stated));
        }
    }
    Ok(kept)
}

fn in_force(blocks: &[Block]) -> Vec<&'static str> {
    replay(blocks, &Entry::default()).unwrap().scopes.iter().map(|scope| scope.pattern).collect()
}

/// What was met: wishes granted and refused, requests allowed and denied.
#[derive(Clone, Copy, Debug, Default)]
struct Met {
    granted: usize,
    refused: usize,
    allowed: usize,
    denied: usize,
}

fn compare(token: &Token, blocks: &[Block], asked: &[Asked], met: &mut Met) -> Result<(), String> {
    let sealed = token.seal(&Seal::new()).map_err(|refusal| format!("{refusal:?}"))?;
    let verified = verify(&sealed, &Roots::single(public(OPS))).map_err(|refusal| format!("{refusal:?}"))?;
    let chain = Chain { blocks: [blocks, &[Block::default()]].concat(), secret: false };
    let forged = Forged::new(&chain, None);
    let case = Case { entry: Entry::default(), chain, asked: asked.to_vec(), shown: Vec::new() };
    let (_, model, _) = heard_by_model(&case, None).map_err(|refusal| format!("{refusal:?}"))?;
    for (asked, model) in asked.iter().zip(model) {
        let state = wane::LiveState::without_ledger();
        let library = bridge::answer(&decide(&verified, &bridge::request(&asked.request), &state, asked.now), &forged);
        ensure(library == model, || format!("{asked:?}: the library says {library:?}, the model {model:?}"))?;
        *if matches!(library, Answer::Allow(..)) { &mut met.allowed } else { &mut met.denied } += 1;
    }
    Ok(())
}

fn law(tape: &mut Tape<'_>, met: &mut Met) -> Result<(), String> {
    let asked = |tape: &mut Tape<'_>| {
        let asked = choose::asked(tape, &Chain::default());
        let mut asked = Asked { now: 2_000, live: Live::default(), ..asked };
        asked.request.needs_own_seal = false;
        asked.request.audience = "files";
        asked
    };
    let mut rng = Rng::new(tape.byte().into());
    let scopes =
        [vec![scope(tape, &["*", "read:*", "write:*", "*:a"])], tape.several(2, |tape| scope(tape, patterns()))]
            .concat();
    let grant = RootGrant::new("files".parse().unwrap(), IAT, EXP);
    let grant = scopes.iter().fold(grant, |grant, stated| grant.scope(parsed(stated)));
    let mut token = mint(&grant, &secret(OPS), Heir::carried(&mut rng)).map_err(|refusal| format!("{refusal:?}"))?;
    let root = Block {
        aud: vec!["files"],
        exp: Some(EXP),
        iat: Some(IAT),
        cnf: Some(10),
        hint: Some(Hint::Trusted),
        session: true,
        scopes: Some(scopes),
        ..Block::default()
    };
    let mut blocks = vec![root];
    for _ in 0..2 {
        let wishes = tape.several(3, wish);
        let parents = in_force(&blocks);
        let library = token.attenuate(&narrowing(&wishes), Heir::carried(&mut rng));
        match (expected(&parents, &wishes), library) {
            (Err(code), Err(refusal)) if refusal.code() == code => {
                met.refused += 1;
                continue;
            }
            (Ok(scopes), Ok(child)) => {
                blocks.push(Block { scopes, cnf: Some(11), ..Block::default() });
                token = child;
            }
            (expected, library) => return Err(format!("{library:?}, not {expected:?}: {parents:?} {wishes:#?}")),
        }
        met.granted += 1;
        let asked: Vec<Asked> = (0..2).map(|_| asked(tape)).collect();
        compare(&token, &blocks, &asked, met)?;
    }
    Ok(())
}

#[test]
fn l1_a_narrowing_is_what_was_asked_for_or_refused() {
    let met = Cell::new(Met::default());
    holds(800, |tape| {
        let mut so_far = met.get();
        let answer = law(tape, &mut so_far);
        met.set(so_far);
        answer
    });
    let met = met.get();
    println!("{met:?}");
    assert!(met.granted > 5_000 && met.refused > 5_000 && met.allowed > 2_500 && met.denied > 10_000, "{met:?}");
}
