//! What `roots.toml` may say, and how each of its values is read.

use wane::{Code, Heir, Refusal, RootGrant, Roots, Seal, Verified, mint, verify};

use crate::forge::{EXP, IAT, OPS, OTHER, Rng, public, secret};

/// One entry of the trusted key with these lines.
fn entry(lines: &str) -> Result<Roots, Refusal> {
    Roots::from_toml(&format!("[[root]]\nkey = \"{}\"\n{lines}\n", public(OPS)))
}

/// A session of this depth, verified against an entry with these lines.
fn verified(lines: &str, depth: u8) -> Result<Verified, Code> {
    let grant = RootGrant::new("files".parse().unwrap(), IAT, EXP).scope("read:*".parse().unwrap()).depth(depth);
    let token = mint(&grant, &secret(OPS), Heir::bound(public(10), &mut Rng::new(1))).unwrap();
    let sealed = token.seal_as(&secret(10), &Seal::new()).unwrap();
    verify(&sealed, &entry(lines).unwrap()).map_err(|refusal| refusal.code())
}

#[test]
fn each_value_bounds_what_it_is_for() {
    for (lines, holds) in [
        ("", true),
        ("name = \"ops\"\naud = [\"mail\", \"files\"]\nscopes = [\"send:*\", \"read:*\"]", true),
        ("aud = [\"mail\"]", false),
        ("aud = []", false),
        ("scopes = [\"send:*\"]", false),
        ("max-ttl = \"1h\"", true),
        ("max-ttl = \"3600s\"", true),
        ("max-ttl = \"1d\"", true),
        ("max-ttl = \"59m 59s\"", false),
        ("max-ttl = \"1s\"", false),
        ("depth = 5", true),
        ("depth = 4", false),
        ("mint-from = 1970-01-01T00:16:40Z", true),
        ("mint-from = 1970-01-01T01:16:41+01:00", false),
        ("mint-until = 1970-01-01T00:16:41Z", true),
        ("mint-until = 1970-01-01T00:16:40Z", false),
    ] {
        let answer = verified(lines, 5);
        assert_eq!(answer.is_ok(), holds, "{lines}: {:?}", answer.err());
    }
}

#[test]
fn values_that_are_refused() {
    for (lines, accepted) in [
        ("depth = 14", true),
        ("depth = 0", true),
        ("depth = 15", false),
        ("depth = -1", false),
        ("max-ttl = \"1s\"", true),
        ("max-ttl = \"0s\"", false),
        ("max-ttl = \"-1h\"", false),
        ("max-ttl = \"1.5s\"", false),
        ("max-ttl = \"500ms\"", false),
        ("max-ttl = 60", false),
        ("max-ttl = \"1d 2h 3m 4s\"", true),
        ("max-ttl = \"0h 1s\"", true),
        ("max-ttl = \"999999999d\"", true),
        ("max-ttl = \"1000000000s\"", false),
        ("max-ttl = \"2h 1d\"", false),
        ("max-ttl = \"1h 1h\"", false),
        ("max-ttl = \"1h  1m\"", false),
        ("max-ttl = \" 1h\"", false),
        ("max-ttl = \"1h1m\"", false),
        ("max-ttl = \"1 h\"", false),
        ("max-ttl = \"h\"", false),
        ("max-ttl = \"\"", false),
        ("max-ttl = \"+1h\"", false),
        ("max-ttl = \"1H\"", false),
        ("max-ttl = \"8hours\"", false),
        ("max-ttl = \"PT8H\"", false),
        ("max-ttl = \"1é\"", false),
        ("mint-from = 2026-06-30T12:00:00Z", true),
        ("mint-from = 2026-06-30T12:00:00.5Z", false),
        ("mint-from = 2016-12-31T23:59:60Z", false),
        ("mint-from = 2026-06-30T12:00:00", false),
        ("mint-from = 1969-12-31T23:59:59Z", false),
        ("mint-from = 1970-01-01T00:00:00Z", true),
        ("mint-from = 1970-01-01T00:59:59+01:00", false),
        ("mint-from = 1969-12-31T23:00:00-01:00", true),
        ("mint-from = 2026-06-30", false),
        ("mint-until = 9999-12-31T23:59:59Z", true),
        ("mint-until = 9999-12-31T23:59:59.0Z", true),
        ("mint-until = 9999-12-31T22:59:59-01:00", true),
        ("mint-until = 9999-12-31T22:59:60-01:00", false),
        ("mint-until = 9999-12-31T23:00:00-01:00", false),
        ("unknown = 1", false),
    ] {
        let code = entry(lines).err().map(|refusal| refusal.code());
        assert_eq!(code, (!accepted).then_some(Code::ParseRoots), "{lines}");
    }
}

#[test]
fn where_the_fault_stands() {
    // The value begins at the 9th character of the 4th line.
    let message = entry("issuer = true\ndepth = 15").unwrap_err().to_string();
    assert!(message.contains("line 4, column 9: depth 15, at most 14"), "{message}");
}

#[test]
fn groups_name_their_keys() {
    let group = |keys: &str| format!("[[root]]\nkey = \"{}\"\n[groups]\noncall = [{keys}]\n", public(OPS));
    let quoted = |number: u8| format!("\"{}\"", public(number));
    let digest = |keys: &str| *Roots::from_toml(&group(keys)).unwrap().digest();
    assert_ne!(digest(&quoted(40)), digest(""));
    assert_ne!(digest(&quoted(40)), digest(&quoted(41)));
    assert!(Roots::from_toml(&group("\"x\"")).is_err());
}

/// Whatever an entry says is told apart by the digest of the roots.
#[test]
fn the_digest_covers_every_value() {
    let succeeds = |number: u8| format!("succeeds = [\"{}\"]", public(number));
    let lines = [
        "".to_owned(),
        "name = \"a\"".to_owned(),
        "name = \"b\"".to_owned(),
        "aud = []".to_owned(),
        "aud = [\"files\"]".to_owned(),
        "aud = [\"mail\"]".to_owned(),
        "scopes = []".to_owned(),
        "scopes = [\"a\"]".to_owned(),
        "scopes = [\"b\"]".to_owned(),
        "max-ttl = \"1h\"".to_owned(),
        "max-ttl = \"2h\"".to_owned(),
        "depth = 1".to_owned(),
        "depth = 2".to_owned(),
        "level = \"internal\"".to_owned(),
        "labels = [\"pii\"]".to_owned(),
        "ratchet = [{level = \"internal\", keep = []}]".to_owned(),
        "ratchet = [{level = \"internal\", keep = [\"a\"]}]".to_owned(),
        "mint-from = 1970-01-01T00:00:01Z".to_owned(),
        "mint-until = 1970-01-01T00:00:01Z".to_owned(),
        "issuer = true".to_owned(),
        "own-ratchet = true".to_owned(),
        succeeds(OTHER),
        succeeds(3),
    ];
    let digests: Vec<[u8; 32]> = lines.iter().map(|lines| *entry(lines).unwrap().digest()).collect();
    for (one, digest) in digests.iter().enumerate() {
        assert!(digests[one + 1..].iter().all(|other| other != digest), "`{}` is like another one", lines[one]);
    }
    assert_eq!(digests[0], *Roots::single(public(OPS)).digest());
    assert_eq!(entry("name = \"ops\"").unwrap().entries().next().unwrap().name(), Some("ops"));
    assert_eq!(entry("").unwrap().entries().next().unwrap().name(), None);
}

/// The digest of one entry with a name and a right, over bytes written by hand.
#[test]
fn the_digest_is_of_stated_bytes() {
    let key = public(OPS);
    let mut bytes = vec![0x82, 0x81, 0x8d, 0x58, 0x20];
    bytes.extend(key.as_bytes());
    bytes.extend(*b"\x63ops\xf6\xf6\xf6\xf6\x66public\x80\xf6\xf6\xf5\xf4\x80\xa0");
    let expected = crate::forge::sha256(&[&bytes]);
    assert_eq!(entry("name = \"ops\"\nissuer = true").unwrap().digest(), &expected);
}

#[test]
fn the_window_of_minting_in_words() {
    for (lines, window) in [
        ("mint-from = 1970-01-01T01:00:00Z", "3600 and later"),
        ("mint-until = 1970-01-01T00:00:10Z", "before 10"),
        ("mint-from = 1970-01-01T00:00:01Z\nmint-until = 1970-01-01T00:00:10Z", "1 up to 10"),
    ] {
        let grant = RootGrant::new("files".parse().unwrap(), IAT, EXP).scope("read:*".parse().unwrap());
        let token = mint(&grant, &secret(OPS), Heir::bound(public(10), &mut Rng::new(1))).unwrap();
        let sealed = token.seal_as(&secret(10), &Seal::new()).unwrap();
        let refusal = verify(&sealed, &entry(lines).unwrap()).unwrap_err();
        assert_eq!(refusal.to_string(), format!("minted at 1000, the root entry accepts {window}"));
    }
}
