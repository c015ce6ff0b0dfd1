//! Approvals: text and bytes against a second reader of the claims, and genuine ones against a second list of the checks.

use wane::{Action, Approval, AskRule, Asked, BlockId, Code, Family, PublicKey, Refusal, Roots, UntrustedApproval};

use crate::cbor::{Item, strict};
use crate::choices::Choices;
use crate::claims::PRIVATE;
use crate::forge::{self, NOW};
use crate::{check, text};

/// The last block before the seal of the chain that is asked for.
const CHAIN: [u8; 32] = [0x5e; 32];
/// The digest of the request that is asked for.
const DIGEST: [u8; 32] = [0xd1; 32];
/// An hour.
const LONGEST: u64 = 3_600;

/// Byte 0: whether the rest is a text, an envelope, a payload to be signed, or choices for one.
pub fn run(data: &[u8]) {
    let [how, rest @ ..] = data else { return };
    match how % 4 {
        0 => {
            if let Ok(text) = std::str::from_utf8(rest) {
                any_text(text);
            }
        }
        1 => {
            read(rest);
        }
        2 => {
            let mut payload = rest.to_vec();
            forge::write_behind(&mut payload, &[0x10, 0x58, 0x20], forge::key(17).public_key().as_bytes());
            signed(&payload, 17, &mut Choices(rest));
        }
        _ => {
            let mut choices = Choices(rest);
            let (signer, payload) = chosen(&mut choices);
            signed(&payload, signer, &mut choices);
        }
    }
}

fn any_text(line: &str) {
    let bytes = text::decode("approval", line.strip_suffix('\n').unwrap_or(line));
    match (UntrustedApproval::parse(line), bytes) {
        (Ok(_), Some(bytes)) => assert!(read(&bytes).is_some()),
        (Ok(_), None) => panic!("{line:?} has another spelling and is read"),
        (Err(refusal), bytes) => {
            refused(&refusal);
            assert!(bytes.is_none_or(|bytes| Second::read(&bytes).is_none()), "{refusal:?}");
        }
    }
}

fn refused(refusal: &Refusal) {
    check::refusal(refusal);
    assert!(matches!(refusal.code().family(), Family::Parse) && refusal.block().is_none(), "{refusal:?}");
}

/// Both readers take it and read the same, or neither takes it.
fn read(bytes: &[u8]) -> Option<UntrustedApproval> {
    match (UntrustedApproval::from_bytes(bytes), Second::read(bytes)) {
        (Ok(read), Some(second)) => {
            assert_eq!(read.approver().as_bytes(), &second.approver);
            assert_eq!(read.request_digest(), &second.digest);
            assert_eq!(read.actions().iter().map(Action::as_str).collect::<Vec<_>>(), second.actions);
            assert_eq!((read.issued_at(), read.expires_at()), (second.issued_at, second.expires_at));
            Some(read)
        }
        (Err(refusal), None) => {
            refused(&refusal);
            None
        }
        (Ok(read), None) => panic!("the second reader refuses {read:?}"),
        (Err(refusal), Some(_)) => panic!("the second reader takes what is refused: {refusal:?}"),
    }
}

/// What an approval says, by `spec/token.cddl` alone.
struct Second {
    approver: [u8; 32],
    digest: [u8; 32],
    actions: Vec<String>,
    issued_at: u64,
    expires_at: u64,
}

impl Second {
    fn read(bytes: &[u8]) -> Option<Self> {
        let Item::Array(envelope) = strict(bytes).filter(|_| bytes.len() <= wane::limits::TOKEN_BYTES)? else {
            return None;
        };
        let [Item::Bytes(protected), Item::Map(unprotected), Item::Bytes(payload), Item::Bytes(signature)] =
            envelope.as_slice()
        else {
            return None;
        };
        let starts = *protected == [0xa1, 0x01, 0x32] && unprotected.is_empty() && signature.len() == 64;
        let claims = strict(payload).filter(|_| starts)?;
        let private = claims.get(&PRIVATE)?;
        let exactly = |item: &Item, count: usize| matches!(item, Item::Map(entries) if entries.len() == count);
        if !exactly(&claims, 3) || !exactly(private, 3) {
            return None;
        }
        let time = |key: u64| match claims.get(&key.into())? {
            Item::Unsigned(time) if *time <= wane::limits::TIME_MAX => Some(*time),
            _ => None,
        };
        let bytes = |key: u64| match private.get(&key.into())? {
            Item::Bytes(bytes) => <[u8; 32]>::try_from(bytes.as_slice()).ok(),
            _ => None,
        };
        let Item::Array(actions) = private.get(&17.into())? else { return None };
        let action = |item: &Item| match item {
            Item::Text(text) if is_action(text) => Some(text.clone()),
            _ => None,
        };
        let actions: Vec<String> = actions.iter().map(action).collect::<Option<_>>()?;
        let distinct = actions.iter().enumerate().all(|(i, one)| !actions[..i].contains(one));
        let approver = bytes(16).filter(|key| PublicKey::from_bytes(key).is_ok())?;
        let read = Self { approver, digest: bytes(14)?, actions, issued_at: time(6)?, expires_at: time(4)? };
        (distinct && (1..=4).contains(&read.actions.len())).then_some(read)
    }
}

fn is_action(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/@+".contains(&byte);
    let segment = |segment: &str| (1..=64).contains(&segment.len()) && segment.bytes().all(letter);
    text.len() <= 256 && text.split(':').count() <= 8 && text.split(':').all(segment)
}

/// Who signs, and what: mostly what was asked for, at the borders of every check.
fn chosen(choices: &mut Choices<'_>) -> (usize, Vec<u8>) {
    // Keys 0 and 3 are the chain's own, 15 and 17 are asked, 16 is nobody.
    let signer = choices.one_of(&[17, 17, 15, 16, 3, 0]);
    let named = if choices.one_in(8) { 14 } else { signer };
    let issued = choices.one_of(&[NOW, NOW, NOW + 30, NOW + 31, NOW - LONGEST, 0]);
    let lifetime = choices.one_of(&[LONGEST, 1, 60, LONGEST + 1, 0, 3_599]);
    let expires = if choices.one_in(16) { issued.saturating_sub(1) } else { issued + lifetime };
    let digest = if choices.one_in(8) { [0; 32] } else { DIGEST };
    let actions = match choices.below(6) {
        0 => vec!["send:mail"],
        1 => vec!["read:hr", "send:mail"],
        2 => vec!["send:mail", "read:hr", "read:hr:a"],
        _ => vec!["send:mail", "read:hr"],
    };
    let texts = actions.iter().map(|action| Item::Text((*action).into())).collect();
    let approver = Item::bytes(forge::key(named).public_key().as_bytes());
    let private = Item::map([(14, Item::bytes(&digest)), (16, approver), (17, Item::Array(texts))]);
    let claims = vec![(4.into(), expires.into()), (6.into(), issued.into()), (PRIVATE, private)];
    (signer, Item::Map(claims).encode())
}

/// An approval is its signer's word, for one chain, in these bytes.
fn signed(payload: &[u8], signer: usize, choices: &mut Choices<'_>) {
    let chain = if choices.one_in(8) { [0; 32] } else { CHAIN };
    let (envelope, id) = forge::sign(3, &chain, payload, forge::key(signer));
    let Some(read) = read(&envelope) else { return };
    let line = text::encode("approval", &envelope);
    assert!(UntrustedApproval::parse(&line).is_ok());
    let behind = BlockId::from_bytes(chain);
    assert_eq!(read.id_behind(behind).map(|id| *id.as_bytes()), Ok(id));
    let by_its_key = *read.approver() == forge::key(signer).public_key();
    let approval = match read.verify(behind) {
        Ok(approval) => approval,
        Err(refusal) => {
            check::refusal(&refusal);
            return assert!(!by_its_key && refusal.code() == Code::DenyApprovalChain, "{refusal:?}");
        }
    };
    assert!(by_its_key, "signed by another key");
    assert_eq!((approval.to_text(), approval.id().as_bytes(), approval.last_block()), (line.clone(), &id, behind));
    text::only_one_spelling(&line, |text| UntrustedApproval::parse(text).map(|_| ()));
    checks(&approval, choices);
    match choices.below(4) {
        0 => {
            let mut altered = envelope;
            let place = usize::from(u16::from_le_bytes([choices.byte(), choices.byte()])) % altered.len();
            altered[place] ^= 1 + choices.byte() % 255;
            let answer = UntrustedApproval::from_bytes(&altered).and_then(|read| read.verify(behind));
            assert!(answer.is_err(), "byte {place} altered, and it still verifies");
        }
        1 => assert!(read.verify(BlockId::from_bytes([1; 32])).is_err(), "behind another chain"),
        _ => {}
    }
}

/// The checks of `spec/decide.md`, written down a second time.
fn checks(approval: &Approval, choices: &mut Choices<'_>) {
    let says = approval.statement();
    let now = choices.one_of(&[
        NOW,
        NOW + 1,
        NOW - 30,
        says.expires_at().saturating_sub(1),
        says.expires_at(),
        says.issued_at().saturating_sub(30),
        says.issued_at().saturating_sub(31),
    ]);
    let collected = choices.one_of(&[0, 0, NOW, says.expires_at(), says.expires_at().saturating_sub(1), u64::MAX]);
    let actions: Vec<Action> = ["send:mail", "read:hr"].map(|action| action.parse().expect("an action")).into();
    let groups = [("oncall".parse().expect("a name"), vec![forge::key(15).public_key()])].into();
    let roots = Roots::with_groups([wane::TrustedRoot::new(forge::root())], groups).expect("a root");
    let rules: Vec<AskRule> = match choices.below(4) {
        0 => vec!["send:* by @oncall"],
        1 => vec!["send:* by @local"],
        2 => vec![],
        _ => vec!["send:* by @oncall", "* by @local, @unknown"],
    }
    .into_iter()
    .map(|rule| rule.parse().expect("an ask"))
    .collect();
    let named = |group: &str| rules.iter().any(|rule| rule.to_string().contains(group));
    let key = *says.approver();
    let own = [forge::root(), forge::key(3).public_key()];
    let asked = Asked {
        last_block: BlockId::from_bytes(CHAIN),
        request_digest: DIGEST,
        actions: &actions,
        rules: &rules,
        chain_keys: &own,
        roots: &roots,
        local: Some(forge::key(17).public_key()),
        collected,
    };
    let lifetime = says.expires_at().checked_sub(says.issued_at());
    let expected = [
        (approval.last_block().as_bytes() != &CHAIN, Code::DenyApprovalChain),
        (says.request_digest() != &DIGEST, Code::DenyApprovalRequest),
        (says.actions() != actions, Code::DenyApprovalActions),
        (own.contains(&key), Code::DenyApprovalSelf),
        (
            !(key == forge::key(17).public_key() && named("@local")
                || key == forge::key(15).public_key() && named("@oncall")),
            Code::DenyApprovalKey,
        ),
        (!lifetime.is_some_and(|seconds| (1..=LONGEST).contains(&seconds)), Code::DenyApprovalLifetime),
        (says.issued_at() > now + 30, Code::DenyApprovalFuture),
        (now >= says.expires_at(), Code::DenyApprovalExpired),
        (says.expires_at() <= collected, Code::StateCollected),
    ];
    let expected = expected.into_iter().find(|(fails, _)| *fails).map(|(_, code)| code);
    let answer = asked.check(approval, now);
    if let Err(refusal) = &answer {
        check::refusal(refusal);
    }
    assert_eq!(answer.err().map(|refusal| refusal.code()), expected, "{says:?} at {now}");
}
