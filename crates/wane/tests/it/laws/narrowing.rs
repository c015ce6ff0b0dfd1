//! L1 as a holder meets it: whatever is asked of the builders, the library either refuses with the code for it or makes
//! exactly the narrowing that was asked for.

use wane::{Code, Heir, Narrowing, Request, RootGrant, Roots, Scope, Seal, Token, mint, verify};

use super::history::as_text;
use super::model::{Asked, Block, CONDITIONS, Entry, Model, PATTERNS, Stated, contains};
use super::narrow::{freedom, request, sample};
use super::tape::{Tape, ensure, holds};
use crate::forge::{EXP, IAT, OPS, Rng, public, secret};

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

fn wish(tape: &mut Tape<'_>) -> Wish {
    match tape.below(16) {
        0 => Wish::Nothing,
        1..=5 => Wish::Drop(tape.pick(&PATTERNS)),
        _ => Wish::Keep(scope(tape, &PATTERNS)),
    }
}

fn parsed(stated: &Stated) -> Scope {
    as_text(stated).parse().unwrap()
}

fn narrowing(wishes: &[Wish]) -> Narrowing {
    wishes.iter().fold(Narrowing::new(), |narrowing, wish| match wish {
        Wish::Keep(stated) => narrowing.keep(parsed(stated)),
        Wish::Drop(pattern) => narrowing.drop(pattern.parse().unwrap()),
        Wish::Nothing => narrowing.nothing(),
    })
}

/// The refinements that the wishes come to, or the code of the wish that cannot be met.
fn expected(model: &Model, wishes: &[Wish]) -> Result<Option<Vec<Stated>>, Code> {
    let parents = model.patterns();
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

fn compare(token: &Token, model: &Model, asked: &[Asked]) -> Result<(), String> {
    let sealed = token.seal(&Seal::new()).map_err(|refusal| format!("{refusal:?}"))?;
    let verified = verify(&sealed, &Roots::single(public(OPS))).map_err(|refusal| format!("{refusal:?}"))?;
    for asked in asked {
        let request: Request = request("files", asked);
        let (library, model) = (freedom(&verified, &request), model.freedom("files", false, asked));
        ensure(library == model, || format!("{asked:?}: the library says {library:?}, the model {model:?}"))?;
    }
    Ok(())
}

fn law(tape: &mut Tape<'_>) -> Result<(), String> {
    let asked: Vec<Asked> = sample(tape).into_iter().step_by(3).collect();
    let mut rng = Rng::new(tape.byte().into());
    let scopes = [vec![scope(tape, &PATTERNS[..4])], tape.several(2, |tape| scope(tape, &PATTERNS))].concat();
    let grant = RootGrant::new("files".parse().unwrap(), IAT, EXP);
    let grant = scopes.iter().fold(grant, |grant, stated| grant.scope(parsed(stated)));
    let mut token = mint(&grant, &secret(OPS), Heir::carried(&mut rng)).map_err(|refusal| format!("{refusal:?}"))?;
    let block = Block { audiences: vec!["files"], scopes: Some(scopes), session: true, ..Block::default() };
    let mut model = Model::root(&block, &Entry::default(), None).unwrap();
    for _ in 0..2 {
        let wishes = tape.several(3, wish);
        let shown = || format!("{:?} {wishes:#?}", model.patterns());
        let library = token.attenuate(&narrowing(&wishes), Heir::carried(&mut rng));
        match (expected(&model, &wishes), library) {
            (Err(code), Err(refusal)) if refusal.code() == code => continue,
            (Ok(scopes), Ok(child)) => {
                model = model.narrow(&Block { scopes, ..Block::default() }).unwrap();
                token = child;
            }
            (expected, library) => return Err(format!("{library:?}, not {expected:?}: {}", shown())),
        }
        compare(&token, &model, &asked)?;
    }
    Ok(())
}

#[test]
fn l1_a_narrowing_is_what_was_asked_for_or_refused() {
    holds(120, law);
}
