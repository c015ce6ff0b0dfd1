//! L1: for every request, a chain is allowed no more freely than each of its prefixes, and as freely as a naive model
//! says.

use std::sync::LazyLock;

use wane::{Arguments, Code, Decision, Level, LiveState, Request, Roots, Value, Verified, decide, verify};

use super::history::{LABELS, block, entry, later_payload, root, root_payload, roots};
use super::model::{ACTIONS, Asked, Block, Freedom, Model, POINTS, Point};
use super::tape::{Tape, ensure, holds, holds_for};
use crate::forge::{DELEGATE, Forged, IAT, NOW, OPS, Payload, ROOT, SEAL, map, text, time};

/// The server and what the holder says, for one history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    pub(crate) audience: &'static str,
    pub(crate) said: bool,
}

pub(crate) fn scene(tape: &mut Tape<'_>) -> Scene {
    Scene { audience: tape.pick(&["files", "mail:in"]), said: tape.once_in(2) }
}

fn labelled(choice: usize) -> Vec<&'static str> {
    [vec![], vec!["untrusted"], LABELS.to_vec()][choice].clone()
}

/// Every request there is with one action.
fn universe() -> Vec<Asked> {
    let mut all = Vec::new();
    for action in 0..ACTIONS.len() {
        for point in 0..POINTS {
            for (level, choice) in [(0, 0), (2, 0), (2, 1), (3, 0), (4, 2)] {
                all.push(Asked { actions: vec![action], point, level, labels: labelled(choice) });
            }
        }
    }
    all
}

/// All actions with some arguments at one mark, at some marks with one set of arguments, and some pairs.
pub(crate) fn sample(tape: &mut Tape<'_>) -> Vec<Asked> {
    let points = [vec![0], (0..4).map(|_| tape.below(POINTS)).collect()].concat();
    let marks: Vec<(usize, usize)> = (0..3).map(|_| (tape.below(5), tape.below(3))).collect();
    let mut all = Vec::new();
    for action in 0..ACTIONS.len() {
        all.extend(points.iter().map(|point| Asked { actions: vec![action], point: *point, level: 0, labels: vec![] }));
        all.extend(marks.iter().map(|(level, choice)| Asked {
            actions: vec![action],
            point: points[1],
            level: *level,
            labels: labelled(*choice),
        }));
    }
    for _ in 0..3 {
        let actions = (0..=tape.below(4)).map(|_| tape.below(ACTIONS.len())).collect();
        let (level, choice) = marks[0];
        all.push(Asked { actions, point: points[2], level, labels: labelled(choice) });
    }
    all
}

fn arguments(point: usize) -> Arguments {
    static ALL: LazyLock<Vec<Arguments>> = LazyLock::new(|| {
        let json = |index: usize| {
            let Point { path, n, m, .. } = Point::at(index);
            let path = path.map(|path| format!(r#""path": "{path}""#));
            let n = n.map(|n| format!(r#""n": {n}"#));
            let m = m.map(|m| format!(r#""m": "{m}""#));
            let members: Vec<String> = [path, n, m].into_iter().flatten().collect();
            crate::forge::json(&format!("{{{}}}", members.join(", ")))
        };
        (0..POINTS).map(json).collect()
    });
    ALL[point].clone()
}

pub(crate) fn request(audience: &str, asked: &Asked) -> Request {
    let actions = asked.actions.iter().map(|action| ACTIONS[*action].parse().unwrap()).collect();
    let request = Request::for_actions(audience.parse().unwrap(), actions, Level::ALL[asked.level]).unwrap();
    let request = asked.labels.iter().fold(request, |request, label| request.label(label.parse().unwrap()));
    let request = request.arguments(arguments(asked.point));
    match Point::at(asked.point).env {
        Some(env) => request.fact("env".parse().unwrap(), Value::text(env).unwrap()),
        None => request,
    }
}

pub(crate) fn freedom(verified: &Verified, request: &Request) -> Freedom {
    match decide(verified, request, &LiveState::without_ledger(), NOW) {
        Decision::Allow(_) => Freedom::Allow,
        Decision::Ask(_) => Freedom::Ask,
        Decision::Deny(_) => Freedom::Deny,
    }
}

/// The chain sealed now for this server, with a session opened if none is open. `last` is stated by the seal itself.
pub(crate) fn sealed(chain: &Forged, session: bool, scene: Scene, last: Option<&Block>) -> Forged {
    let holder = u8::try_from(chain.envelopes.len()).unwrap() + 9;
    let (chain, holder) = if session {
        (chain.clone(), holder)
    } else {
        let opening = Payload::delegate(holder + 1).private(1, true.into()).claim(6, time(IAT));
        (chain.clone().block(DELEGATE, holder, &opening), holder + 1)
    };
    let seal = last.map_or_else(Payload::seal, |block| later_payload(block, None)).claim(3, text(scene.audience));
    let seal = if scene.said { seal.private(15, map([(text("p"), text("ok"))])) } else { seal };
    chain.block(SEAL, holder, &seal)
}

/// The library's judgement of a chain in every request; `None` where a block of it was refused.
fn judged(sealed: &Forged, roots: &Roots, requests: &[Request]) -> Result<Option<Vec<Freedom>>, String> {
    let parsed = sealed.sealed().map_err(|refusal| format!("{refusal:?}"))?;
    let last = sealed.envelopes.len() - 1;
    match verify(&parsed, roots) {
        Ok(verified) => Ok(Some(requests.iter().map(|request| freedom(&verified, request)).collect())),
        // It cannot be sealed for this server, so this server allows nothing.
        Err(refusal) if refusal.code() == Code::ChainAudience && refusal.block() == Some(last) => {
            Ok(Some(vec![Freedom::Deny; requests.len()]))
        }
        Err(refusal) if refusal.code().as_str().starts_with("chain-") && refusal.code() != Code::ChainSignature => {
            Ok(None)
        }
        Err(refusal) => Err(format!("{refusal:?}")),
    }
}

fn compare(asked: &[Asked], library: &[Freedom], model: &Model, scene: Scene) -> Result<(), String> {
    for (asked, library) in asked.iter().zip(library) {
        let expected = model.freedom(scene.audience, scene.said, asked);
        ensure(*library == expected, || {
            format!("{asked:?} {:?}: the library says {library:?}, the model {expected:?}", Point::at(asked.point))
        })?;
    }
    Ok(())
}

/// One random history, judged after each block.
fn law(tape: &mut Tape<'_>, asked: impl FnOnce(&mut Tape<'_>) -> Vec<Asked>) -> Result<(), String> {
    let scene = scene(tape);
    let entry = entry(tape);
    let roots = roots(&entry);
    let asked = asked(tape);
    let requests: Vec<Request> = asked.iter().map(|asked| request(scene.audience, asked)).collect();
    let root = root(tape);
    let mut chain = Forged::behind(OPS).block(ROOT, OPS, &root_payload(&root, 10));
    let shown = |blocks: &[Block]| format!("{scene:?}\n{entry:#?}\n{root:#?}\n{blocks:#?}");

    let library = judged(&sealed(&chain, root.session, scene, None), &roots, &requests)?;
    let Some(mut model) = Model::root(&root, &entry, None) else {
        return ensure(library.is_none(), || format!("a root beyond its ceiling\n{}", shown(&[])));
    };
    let mut before = library.ok_or_else(|| format!("a good root is refused\n{}", shown(&[])))?;
    compare(&asked, &before, &model, scene).map_err(|fault| format!("{fault}\n{}", shown(&[])))?;

    let mut blocks = Vec::new();
    for _ in 0..tape.below(5) {
        let block = block(tape, &model);
        let holder = u8::try_from(chain.envelopes.len()).unwrap() + 9;
        let longer = chain.clone().block(DELEGATE, holder, &later_payload(&block, Some(holder + 1)));
        let next = model.narrow(&block);
        let in_the_seal = model.session
            && model.reaches(scene.audience)
            && block.audiences.is_empty()
            && !block.session
            && tape.once_in(2);
        let session = next.as_ref().is_none_or(|next| next.session);
        let whole = match in_the_seal {
            true => sealed(&chain, model.session, scene, Some(&block)),
            false => sealed(&longer, session, scene, None),
        };
        blocks.push(block);
        let library = judged(&whole, &roots, &requests)?;
        let Some(next) = next else {
            ensure(library.is_none(), || format!("the last block widens\n{}", shown(&blocks)))?;
            blocks.pop();
            continue;
        };
        let after = library.ok_or_else(|| format!("the last block only narrows\n{}", shown(&blocks)))?;
        compare(&asked, &after, &next, scene).map_err(|fault| format!("{fault}\n{}", shown(&blocks)))?;
        for (asked, (after, before)) in asked.iter().zip(after.iter().zip(&before)) {
            ensure(after <= before, || format!("{asked:?}: {before:?} became {after:?}\n{}", shown(&blocks)))?;
        }
        (model, chain, before) = (next, longer, after);
    }
    Ok(())
}

#[test]
fn l1_a_chain_is_allowed_no_more_than_its_prefix() {
    holds(400, |tape| law(tape, sample));
}

#[test]
fn l1_for_every_request_of_the_universe() {
    holds_for(200, 400, |tape| law(tape, |_| universe()));
}
