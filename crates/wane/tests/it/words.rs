//! How the small types are written, read back, and taken apart.

use wane::{
    Approver, AskRule, BlockId, Call, Code, Integer, Kind, LedgerId, Level, Mark, Name, Pattern, Pointer, PublicKey,
    Refusal, Retry, Rule, Scope, SecretKey, SignerError, Token, Tree, Value, limits,
};

use crate::forge::{json, public, request, secret};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

#[test]
fn levels() {
    for (number, text) in (0_u8..).zip(["public", "internal", "confidential", "restricted", "top-secret"]) {
        let level: Level = text.parse().unwrap();
        assert_eq!(level, Level::ALL[usize::from(number)]);
        assert_eq!((level.as_str(), level.to_string().as_str(), level.number()), (text, text, number));
        assert_eq!(Level::from_number(number.into()), Some(level));
    }
    assert_eq!(Level::from_number(5), None);
    let refusal = "secret".parse::<Level>().unwrap_err();
    assert_eq!((refusal.code(), refusal.field(), refusal.found()), (Code::ParseLevel, "level", "secret"));
}

#[test]
fn marks() {
    let mark = Mark::at(Level::Internal).with(name("pii")).with(name("untrusted"));
    assert_eq!(mark.to_string(), "internal with pii, untrusted");
    assert_eq!(Mark::at(Level::Public).to_string(), "public");
    for (level, labels, reached) in [
        (Level::Public, &["pii"][..], true),
        (Level::Internal, &["pii", "untrusted"], true),
        (Level::Internal, &["pii", "other"], false),
        (Level::Confidential, &[], false),
    ] {
        let labels: Vec<Name> = labels.iter().map(|label| name(label)).collect();
        assert_eq!(mark.reaches(level, &labels), reached, "{level} {labels:?}");
    }
    let mut joined = Mark::at(Level::Restricted).with(name("a"));
    joined.join(&mark);
    assert_eq!(joined.to_string(), "restricted with a, pii, untrusted");
}

#[test]
fn rules() {
    let keep = |text: &str| text.parse::<Pattern>().unwrap();
    let rule = Rule::new(
        Level::Internal,
        [name("untrusted"), name("pii"), name("pii")],
        [keep("read:*"), keep("a"), keep("read:*")],
    );
    assert_eq!(rule.to_string(), "internal with pii, untrusted keeps read:*, a");
    assert_eq!(rule.level(), Level::Internal);
    assert_eq!(rule.labels(), [name("pii"), name("untrusted")]);
    assert_eq!(rule.keep(), [keep("read:*"), keep("a")]);
    assert_eq!(Rule::new(Level::TopSecret, [], []).to_string(), "top-secret keeps nothing");
    let defaults: Vec<String> = Rule::defaults().iter().map(ToString::to_string).collect();
    assert_eq!(
        defaults,
        ["confidential keeps read:*, write:*", "restricted keeps read:*", "confidential with untrusted keeps read:*",]
    );
}

#[test]
fn asks() {
    let key = public(7);
    let text = format!("send:* by @oncall, {key} need 2");
    let rule: AskRule = text.parse().unwrap();
    assert_eq!(rule.pattern().as_str(), "send:*");
    assert_eq!(rule.approvers(), [Approver::Group(name("oncall")), Approver::Key(key)]);
    assert_eq!(rule.need(), 2);
    assert_eq!(rule.to_string(), text);
    let one = rule.for_action(&"send:mail".parse().unwrap());
    assert_eq!(one.to_string(), format!("send:mail by @oncall, {key} need 2"));
    assert_eq!("send:* by @a".parse::<AskRule>().unwrap().need(), 1);
    // The words stand between spaces, so a `by` within a name is none.
    let within: AskRule = "byte:by by @by, @need need 3".parse().unwrap();
    assert_eq!((within.pattern().as_str(), within.approvers().len(), within.need()), ("byte:by", 2, 3));
    for wrong in ["send:*by @a", "send:* by@a", "send:* by @a need", "send:* by @a need x", "send:* by @a need 0"] {
        assert!(wrong.parse::<AskRule>().is_err(), "{wrong}");
    }
}

#[test]
fn names() {
    let long = "a".repeat(limits::NAME_BYTES);
    for text in ["a", "a1-b", "z9", long.as_str()] {
        let name = name(text);
        assert_eq!((name.as_str(), name.to_string().as_str()), (text, text));
    }
    let longer = "a".repeat(limits::NAME_BYTES + 1);
    for text in ["", "1a", "-a", "A", "aB", "a_b", "a.b", "ä", longer.as_str()] {
        assert_eq!(text.parse::<Name>().unwrap_err().code(), Code::ParseName, "{text}");
    }
    // Shorter ones first, as their encoding has it.
    assert!(name("z") < name("aa") && name("aa") < name("ab"));
    assert_eq!(name("b").partial_cmp(&name("a")), Some(std::cmp::Ordering::Greater));
}

#[test]
fn values() {
    let most = limits::INTEGER_MAX;
    for (value, kind, text, bytes) in [
        (Value::Null, "null", "null", &[0xf6][..]),
        (Value::Bool(true), "a boolean", "true", &[0xf5]),
        (Value::integer(-1).unwrap(), "an integer", "-1", &[0x20]),
        (Value::text("a\"").unwrap(), "a text", r#""a\"""#, &[0x62, b'a', b'"']),
    ] {
        assert_eq!((value.kind(), value.to_string().as_str(), value.to_cbor().as_slice()), (kind, text, bytes));
    }
    for (number, fits) in [(0, true), (1, true), (most, true), (-most, true), (most + 1, false), (-most - 1, false)] {
        assert_eq!(Integer::new(number).map(Integer::get), fits.then_some(number));
        assert_eq!(Value::integer(number).is_ok(), fits, "{number}");
    }
    assert!(Value::text(&"a".repeat(limits::TEXT_BYTES)).is_ok());
    assert_eq!(Value::text(&"a".repeat(limits::TEXT_BYTES + 1)).unwrap_err().code(), Code::ParseLimit);
}

#[test]
fn pointers() {
    let pointer: Pointer = "/a~1b/c".parse().unwrap();
    assert_eq!((pointer.as_str(), pointer.to_string().as_str()), ("/a~1b/c", "/a~1b/c"));
    assert_eq!(pointer.steps().collect::<Vec<_>>(), ["a/b", "c"]);
}

#[test]
fn scopes() {
    for text in ["read:*", "read:* only", "read:* if n = 1 only", "read:* if n = 1 and /m/x in [1, b] open"] {
        let scope: Scope = text.parse().unwrap();
        assert_eq!(scope.to_string(), text);
        assert_eq!(scope.pattern().as_str(), "read:*");
        assert_eq!(scope.conditions().len(), text.matches(" if ").count() + text.matches(" and ").count());
        let again = Scope::new(scope.pattern().clone(), scope.conditions().to_vec(), scope.other_arguments());
        assert_eq!(again.unwrap(), scope);
    }
}

#[test]
fn as_many_conditions_as_may_stand_in_a_scope() {
    let conditions = |count: usize| {
        let all: Vec<String> = (0..count).map(|number| format!("n <= {number}")).collect();
        format!("read:* if {} open", all.join(" and ")).parse::<Scope>()
    };
    assert_eq!(conditions(limits::CONDITIONS).unwrap().conditions().len(), limits::CONDITIONS);
    assert_eq!(conditions(limits::CONDITIONS + 1).unwrap_err().code(), Code::ParseLimit);
    let twice = "read:* if n = 1 and m = 1 and n = 1 open".parse::<Scope>().unwrap_err();
    assert_eq!(twice.code(), Code::ParseCondition);
    assert!(twice.to_string().contains("twice"), "{twice}");
}

#[test]
fn refusals() {
    let refusal = Refusal::new(Code::DenyExpired, "exp", 5, 4);
    assert_eq!((refusal.code(), refusal.block(), refusal.field()), (Code::DenyExpired, None, "exp"));
    assert_eq!((refusal.found(), refusal.bound()), ("5", "4"));
    assert_eq!((refusal.hint(), refusal.retry()), (Some("seal or mint again"), Retry::Renew));
    assert_eq!(refusal.to_string(), "expired at 4, now is 5");
    assert_eq!(format!("{refusal:?}"), "deny-expired (exp): expired at 4, now is 5");
    assert_eq!(Refusal::new(Code::DenyScope, "scopes", "a", "b").hint(), None);
    for (retry, text) in [(Retry::Never, "never"), (Retry::Renew, "renew"), (Retry::Approve, "approve")] {
        assert_eq!(retry.as_str(), text);
    }
}

#[test]
fn trees() {
    assert_eq!((Tree::Scopes.as_str(), Tree::Ceiling.as_str()), ("scopes", "ceiling"));
}

#[test]
fn kinds() {
    let words = [Kind::Root, Kind::Delegate, Kind::Seal, Kind::Approval].map(Kind::as_str);
    assert_eq!(words, ["root", "delegate", "seal", "approval"]);
}

#[test]
fn codes_about_the_chain() {
    let about: Vec<&str> =
        Code::ALL.iter().filter(|code| code.is_about_the_chain()).map(|code| code.as_str()).collect();
    assert_eq!(
        about,
        [
            "state-no-ledger",
            "state-other-ledger",
            "state-volatile",
            "state-revoked",
            "state-session-too-old",
            "state-collected",
            "state-unknown-session",
            "state-continues",
            "state-used",
            "state-approval-used",
            "state-pending-full",
        ]
    );
}

#[test]
fn ids() {
    let text = "0123456789abcdef00ff10a0f9cb5e7d";
    let id: LedgerId = text.parse().unwrap();
    assert_eq!(id.as_bytes()[..10], [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x00, 0xff]);
    assert_eq!((id.to_string().as_str(), format!("{id:?}").as_str()), (text, text));
    assert_eq!(format!("{text}{text}").parse::<BlockId>().unwrap().to_string(), format!("{text}{text}"));
    for wrong in ["", "0", "00", &text[1..], &format!("{text}0"), &format!("{text}00"), &format!("{text}{text}")] {
        assert_eq!(wrong.parse::<LedgerId>().unwrap_err().code(), Code::ParseName, "{wrong}");
    }
    for letter in ["A", "F", "g", "/", ":", "`", " ", "-"] {
        for wrong in [format!("{letter}{}", &text[1..]), format!("{}{letter}", &text[1..])] {
            assert_eq!(wrong.parse::<LedgerId>().unwrap_err().code(), Code::ParseName, "{wrong}");
        }
    }
}

#[test]
fn keys() {
    let key = public(7);
    let text = key.to_string();
    assert_eq!((format!("{key:?}"), text.parse::<PublicKey>().unwrap()), (text, key));
    let hint: String = key.hint().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((key.hint().to_string(), format!("{:?}", key.hint())), (hint.clone(), hint.clone()));
    assert_eq!(format!("{:?}", secret(7)), format!("SecretKey({hint})"), "no byte of the secret");
    assert_eq!(SignerError::new("the card is gone").to_string(), "the card is gone");
}

/// A key may begin and end as the second spelling of another one does.
#[test]
fn only_a_whole_second_spelling_is_one() {
    let seeds = (0_u16..=u16::MAX).map(|number| {
        let mut seed = [0; 32];
        seed[..2].copy_from_slice(&number.to_be_bytes());
        SecretKey::from_seed(seed).public_key()
    });
    let mut alike = seeds.filter(|key| key.as_bytes()[0] >= 0xed && key.as_bytes()[31] & 0x7f == 0x7f);
    let key = alike.next().unwrap();
    assert_eq!(PublicKey::from_bytes(key.as_bytes()).unwrap(), key);
    // y = p + 3 with either sign: a point of large order, spelt a second time.
    for last in [0x7f, 0xff] {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (0xf0, last);
        assert_eq!(PublicKey::from_bytes(&bytes).unwrap_err().code(), Code::ParseKey);
    }
}

#[test]
fn arguments() {
    let text = r#"{"a":[1,-2,0.5,true,false,null,"x\t\n\"",[],{}],"b":{"c":{}}}"#;
    assert_eq!(json(text).to_json(), text);
    let members: Vec<_> = json(text).members_json().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(members, [r#"a=[1,-2,0.5,true,false,null,"x\t\n\"",[],{}]"#, r#"b={"c":{}}"#]);
    // Siblings do not count as nesting.
    let flat = format!(r#"{{"a":[{}]}}"#, ["[]", "{}"].repeat(limits::REQUEST_DEPTH).join(","));
    assert_eq!(json(&flat).to_json(), flat);
}

#[test]
fn calls() {
    let long = "a".repeat(limits::CONDITIONED_TEXT_BYTES);
    let longer = "a".repeat(limits::CONDITIONED_TEXT_BYTES + 1);
    let longest = "a".repeat(limits::CONDITIONED_TEXT_BYTES + 2);
    assert!(Call::tool(&long).is_ok());
    for long in [&longer, &longest] {
        assert_eq!(Call::tool(long).unwrap_err().code(), Code::ParseLimit);
    }
    for (call, parts) in [
        (Call::tool("read"), &["tools/call", "read"][..]),
        (Call::resource("file:///a"), &["resources/read", "file:///a"]),
        (Call::prompt("sum"), &["prompts/get", "sum"]),
        (Call::http("GET", "/a"), &["http", "GET", "/a"]),
        (Ok(Call::actions(&["read:a".parse().unwrap(), "b".parse().unwrap()])), &["action", "read:a", "b"]),
    ] {
        let call = call.unwrap();
        assert_eq!(call.parts().collect::<Vec<_>>(), parts);
        assert_eq!(Call::from_parts(parts).unwrap(), call);
        assert_eq!(format!("{call:?}"), format!("Call({call})"));
    }
    for wrong in [&[][..], &["tools/call"], &["tools/call", "a", "b"], &["http", "GET"], &["other", "a"]] {
        assert_eq!(Call::from_parts(wrong).unwrap_err().code(), Code::ParseJson, "{wrong:?}");
    }
}

#[test]
fn requests() {
    let plain = request("read:a");
    assert!(!plain.demands_request_seal() && plain.clone().require_request_seal().demands_request_seal());
    let text = format!("{:?}", plain.arguments(json(r#"{"password": "hunter2"}"#)));
    assert!(
        text.starts_with("Request(") && text.contains("read:a at files, public") && !text.contains("hunter2"),
        "{text}"
    );
}

/// The numbers of the specification, written a second time.
#[test]
fn the_largest_of_everything() {
    assert_eq!((limits::TOKEN_BYTES, limits::REQUEST_BYTES), (16_384, 1_048_576));
    assert_eq!((limits::CONDITIONED_TEXT_BYTES, limits::CONDITIONED_ARRAY_BYTES), (4_096, 32_768));
    // The longest prefix has 15 letters; a line feed may follow.
    let line = |letters: usize| format!("wane1.approval.{}", "=".repeat(letters));
    let code = |letters: usize| Token::parse(&line(letters)).unwrap_err().code();
    assert_eq!((code(21_849), code(21_850)), (Code::ParseText, Code::ParseTooLarge));
}
