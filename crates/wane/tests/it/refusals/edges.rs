//! Values exactly at a limit, which must pass, and one beyond it.

use wane::{Code, Heir, Narrowing, RootGrant, Scope, Seal, SealedToken, Token, limits, mint};

use crate::forge::{EXP, Forged, IAT, OPS, Payload, Rng, bytes, cnf, int, map, public, refused, secret, text};

#[test]
fn a_budget_may_be_stated_again_and_lowered() {
    let calls = |cap: i64| map([(text("calls"), int(cap))]);
    let root = Payload::root(OPS, 10).private(3, bytes(&[1; 16])).private(11, calls(5));
    for (cap, in_force) in [(5, 5), (4, 4), (0, 0)] {
        let delegate = Payload::default().private(11, calls(cap)).claim(8, cnf(11));
        let verified = Forged::from_root(&root).delegate(10, &delegate).seal(11, &Payload::seal()).verified().unwrap();
        assert_eq!(verified.grant().budgets(), &[("calls".parse().unwrap(), in_force)]);
    }
}

/// A count that the bytes behind it could not hold is refused before anything behind it is looked at.
#[test]
fn more_elements_than_bytes() {
    for (token, code) in [
        (&[0x81, 0x83, 0x18, 0x17][..], Code::ParseTruncated),
        (&[0x81, 0x82, 0x18, 0x17], Code::ParseNotShortest),
        (&[0x81, 0xa2, 0x18, 0x17, 0x00], Code::ParseTruncated),
        (&[0x81, 0xa1, 0x18, 0x17], Code::ParseNotShortest),
    ] {
        refused(SealedToken::from_bytes(token), code, None);
    }
}

/// A token that is `left` bytes of note short of the largest one once it is sealed.
fn nearly_full() -> Token {
    let long = |block: usize, number: usize| {
        let letters = |segment: usize| format!("{segment}{block}{number:02}{}", "x".repeat(56));
        format!("{}:{}:{}:{}", letters(1), letters(2), letters(3), letters(4))
    };
    let grant = RootGrant::new("files".parse().unwrap(), IAT, EXP).scope("*".parse().unwrap());
    let mut token = mint(&grant, &secret(OPS), Heir::bound(public(10), &mut Rng::new(1))).unwrap();
    for (block, holder) in (10..15).enumerate() {
        let wanted = if block < 4 { 14 } else { 3 };
        let narrowing =
            (0..wanted).fold(Narrowing::new(), |so_far, number| so_far.deny(long(block, number).parse().unwrap()));
        let heir = Heir::bound(public(holder + 1), &mut Rng::new(u64::from(holder)));
        token = token.attenuate_as(&secret(holder), &narrowing, heir).unwrap();
    }
    token
}

#[test]
fn the_largest_token() {
    let token = nearly_full();
    let sealed = |note: usize| token.seal_as(&secret(15), &Seal::new().note(&"n".repeat(note)));
    // Notes of 256 bytes and more have heads of three bytes each.
    let room = limits::TOKEN_BYTES - sealed(300).unwrap().to_bytes().len() + 300;
    assert!((256..limits::NOTE_BYTES).contains(&room), "{room}");
    let largest = sealed(room).unwrap().to_bytes();
    assert_eq!(largest.len(), limits::TOKEN_BYTES);
    assert!(SealedToken::from_bytes(&largest).is_ok());
    refused(sealed(room + 1), Code::ParseTooLarge, None);
}

#[test]
fn every_letter_of_a_scheme() {
    for (scheme, accepted) in
        [("h2+x-y.z", true), ("h", true), ("2h", false), ("+h", false), ("h_", false), ("hT", false)]
    {
        let scope = format!("read:* if url scheme {scheme}").parse::<Scope>();
        assert_eq!(scope.is_ok(), accepted, "{scheme}");
    }
}

#[test]
fn as_many_entries_and_scopes_as_may_stand() {
    let budgets = |count: i64| {
        map((0..count).map(|number| (text(&format!("b{}", char::from(b'a' + u8::try_from(number).unwrap()))), int(1))))
    };
    let root = |count: i64| Payload::root(OPS, 10).private(3, bytes(&[1; 16])).private(11, budgets(count));
    let answer = |root: &Payload| Forged::from_root(root).seal(10, &Payload::seal()).verified();
    assert_eq!(answer(&root(16)).unwrap().grant().budgets().len(), limits::ENTRIES);
    refused(answer(&root(17)), Code::ParseLimit, 0);

    let refined =
        |count: usize| Forged::minted().seal(10, &Payload::seal().scopes((0..count).map(|_| int(0)))).verified();
    assert_eq!(refined(limits::SCOPES).unwrap().grant().scopes().len(), limits::SCOPES);
    refused(refined(limits::SCOPES + 1), Code::ParseLimit, 1);
    refused(refined(limits::SCOPES + 2), Code::ParseLimit, 1);
}
