//! The grammars of scopes, conditions, asks and of the words they are made of.

use wane::{
    Action, Approver, AskRule, Audience, BlockId, Condition, Directory, Family, Glob, Heir, Host, LedgerId, Level,
    Name, Narrowing, Network, Pattern, Pointer, RootGrant, Scheme, Scope, Source, Target, mint,
};

use crate::check::{has_one_spelling, prints_and_parses_back};
use crate::forge::{self, Known, NOW};

/// A text; where it has a second line, the two lines are also compared as patterns.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // Signing costs more than all the rest, so one text in four is signed.
    let signed = text.len() % 4 == 0;
    if let Some(scope) = prints_and_parses_back::<Scope>(text).filter(|_| signed) {
        stands_in_a_token(&scope);
    }
    prints_and_parses_back::<Condition>(text);
    if let Some(rule) = prints_and_parses_back::<AskRule>(text).filter(|_| signed) {
        asks_in_a_token(&rule);
    }
    prints_and_parses_back::<Approver>(text);
    for word in [text].into_iter().chain(text.split(' ')) {
        words(word);
    }
    if let Some((one, two)) = text.split_once('\n')
        && let (Ok(one), Ok(two)) = (one.parse(), two.parse())
    {
        contained_as_brute_force_says(&one, &two);
    }
}

/// What is read here is looked at by other rules later, so it must have one spelling.
fn words(word: &str) {
    if let Some(pattern) = has_one_spelling::<Pattern>(word) {
        assert!(pattern.contains(&pattern));
        assert_eq!(pattern.as_audience().is_some(), word.parse::<Audience>().is_ok());
    }
    if let Some(action) = has_one_spelling::<Action>(word) {
        assert!(Pattern::from(&action).covers(&action));
    }
    if let Some(pointer) = has_one_spelling::<Pointer>(word) {
        let escape = |step: &str| step.replace('~', "~0").replace('/', "~1");
        let again: String = pointer.steps().map(|step| format!("/{}", escape(&step))).collect();
        assert_eq!(again, word);
    }
    has_one_spelling::<Audience>(word);
    has_one_spelling::<BlockId>(word);
    has_one_spelling::<LedgerId>(word);
    has_one_spelling::<Level>(word);
    has_one_spelling::<Name>(word);
    has_one_spelling::<Target>(word);
    has_one_spelling::<Directory>(word);
    has_one_spelling::<Glob>(word);
    has_one_spelling::<Host>(word);
    has_one_spelling::<Scheme>(word);
    has_one_spelling::<Source>(word);
    // Networks of mapped addresses are folded, so these may have two.
    prints_and_parses_back::<Network>(word);
}

/// A scope that can be written down can be minted, and reads from the token as the same.
fn stands_in_a_token(scope: &Scope) {
    let grant = RootGrant::new("*".parse().expect("a pattern"), NOW, NOW + 3_600).scope(scope.clone());
    let heir = forge::key(1);
    let token = match mint(&grant, forge::key(0), Heir::bound(heir.public_key(), &mut Known(&[9]))) {
        Ok(token) => token,
        // Only too long a list of conditions.
        Err(refusal) => return assert_eq!(refusal.code(), wane::Code::ParseLimit, "{scope}: {refusal:?}"),
    };
    let grants = token.chain().grants().expect("it was minted");
    assert_eq!(grants[0].scopes(), std::slice::from_ref(scope));
    assert_eq!(
        wane::Token::parse(&token.expose_text()).expect("it was minted").chain().blocks()[0].id(),
        token.chain().blocks()[0].id()
    );

    // Narrowed to itself from everything, and to itself again.
    let everything =
        RootGrant::new("*".parse().expect("a pattern"), NOW, NOW + 3_600).scope("*".parse().expect("a scope"));
    let narrowing = Narrowing::new().keep(scope.clone());
    let narrower =
        mint(&everything, forge::key(0), Heir::bound(heir.public_key(), &mut Known(&[9]))).and_then(|token| {
            token.attenuate_as(heir, &narrowing, Heir::bound(forge::key(2).public_key(), &mut Known(&[9])))
        });
    match narrower.and_then(|token| token.chain().grants()) {
        Ok(grants) => assert_eq!(grants[1].scopes(), std::slice::from_ref(scope)),
        Err(refusal) => assert_eq!(refusal.code(), wane::Code::ParseLimit, "{scope}: {refusal:?}"),
    }
}

fn asks_in_a_token(rule: &AskRule) {
    let grant = RootGrant::new("*".parse().expect("a pattern"), NOW, NOW + 3_600).ask(rule.clone());
    match mint(&grant, forge::key(0), Heir::bound(forge::key(1).public_key(), &mut Known(&[9]))) {
        Ok(token) => assert_eq!(token.chain().grants().expect("it was minted")[0].asks().collect::<Vec<_>>(), [rule]),
        Err(refusal) => assert_eq!(refusal.code().family(), Family::Parse, "{rule}: {refusal:?}"),
    }
}

/// Containment, as DESIGN says it: `narrow` with each `*` replaced by a fresh segment, and by more than one at the end,
/// is covered by `wide`.
fn contained_as_brute_force_says(wide: &Pattern, narrow: &Pattern) {
    let segments = narrow.as_str().split(':').count();
    let instance = |tail: &str| -> Option<Action> {
        let fresh = |(i, segment): (usize, &str)| match (segment, i + 1 == segments) {
            ("*", true) => format!("fresh-{i}{tail}"),
            ("*", false) => format!("fresh-{i}"),
            _ => segment.to_owned(),
        };
        narrow.as_str().split(':').enumerate().map(fresh).collect::<Vec<_>>().join(":").parse().ok()
    };
    let instances: Vec<Action> = ["", ":a", ":a:b"].into_iter().filter_map(instance).collect();
    assert!(instances.iter().all(|action| narrow.covers(action)));
    if wide.contains(narrow) {
        assert!(instances.iter().all(|action| wide.covers(action)), "{wide} contains {narrow}");
    } else if instances.len() == 3 {
        assert!(!instances.iter().all(|action| wide.covers(action)), "{wide} does not contain {narrow}");
    }
}
