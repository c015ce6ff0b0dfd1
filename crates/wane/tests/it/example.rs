//! The literal example of `spec/token.md` is what the library makes.

use rand_core::{TryCryptoRng, TryRng};
use wane::{
    Arguments, Call, Decision, Heir, Level, LiveState, Request, RootGrant, Roots, Seal, SealedToken, SecretKey, Token,
    decide, mint, verify,
};

const TOKEN_PAGE: &str = include_str!("../../../../spec/token.md");
const DECIDE_PAGE: &str = include_str!("../../../../spec/decide.md");

/// 2026-01-01T00:00:00Z.
const MINTED: u64 = 1_767_225_600;

/// A generator that draws one byte for ever.
pub(crate) struct Always(pub(crate) u8);

impl TryRng for Always {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from_be_bytes([self.0; 4]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from_be_bytes([self.0; 8]))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill(self.0);
        Ok(())
    }
}

impl TryCryptoRng for Always {}

fn root() -> SecretKey {
    SecretKey::from_seed([1; 32])
}

fn session() -> Token {
    let mut grant = RootGrant::new("files".parse().unwrap(), MINTED, MINTED + 3_600);
    for scope in [
        "read:hr:*",
        "read:files:* if path under /data/reports only",
        "write:files:*",
        "send:mail:internal",
        "execute:query:*",
        "read:calendar:*",
    ] {
        grant = grant.scope(scope.parse().unwrap());
    }
    mint(&grant, &root(), Heir::carried(&mut Always(2))).unwrap()
}

fn sealed() -> SealedToken {
    session().seal(&Seal::new().expires_at(MINTED + 300)).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digits of an annotated block of code: the indented lines from `first` on, comments left out.
fn digits(page: &str, first: &str) -> String {
    let lines = page.lines().skip_while(|line| !line.trim_start().starts_with(first));
    let code = lines.take_while(|line| line.starts_with("    "));
    let digits = |line: &str| line.split('#').next().unwrap().replace(' ', "");
    code.map(digits).collect()
}

#[test]
fn the_bytes_and_the_text() {
    let bytes = sealed().to_bytes();
    assert_eq!(hex(&bytes), digits(TOKEN_PAGE, "81   "));
    assert_eq!(bytes.len(), 353);
    assert!(TOKEN_PAGE.contains(&format!("\n    {}\n", sealed().to_text())));
    assert!(TOKEN_PAGE.contains("A sealed token of 353 bytes") && TOKEN_PAGE.contains("484 characters in one line"));
    assert_eq!(sealed().to_text().len(), 484);
}

#[test]
fn what_follows_from_it() {
    let row = |name: &str, value: String| {
        let stated = TOKEN_PAGE.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap();
        assert_eq!(stated.trim(), value, "{name}");
    };
    let sealed = sealed();
    let blocks = sealed.chain().blocks();
    row("root key ", hex(root().public_key().as_bytes()));
    row("its text ", root().public_key().to_string());
    row("id of block 0 ", blocks[0].id().to_string());
    row("id of block 1 ", blocks[1].id().to_string());
}

#[test]
fn the_token_its_holder_kept() {
    let text = session().expose_text();
    let (seed, root_block) = (hex(&[2; 32]), &digits(TOKEN_PAGE, "81   ")[4..4 + 2 * 271]);
    let kept = format!("8281{root_block}5820{seed}");
    assert_eq!(kept.len(), 2 * 307);
    let bytes: Vec<u8> = (0..307).map(|i| u8::from_str_radix(&kept[2 * i..2 * i + 2], 16).unwrap()).collect();
    assert_eq!(*Token::from_bytes(&bytes).unwrap().expose_text(), *text);
    assert!(text.starts_with("wane1.token."));
}

#[test]
fn it_verifies_and_allows() {
    let verified = verify(&sealed(), &Roots::single(root().public_key())).unwrap();
    let action = vec!["read:files:report".parse().unwrap()];
    let request = Request::for_actions("files".parse().unwrap(), action, Level::Public).unwrap();
    let request = request.arguments(Arguments::from_json(br#"{"path": "/data/reports/q3.txt"}"#).unwrap());
    let decision = decide(&verified, &request, &LiveState::without_ledger(), MINTED + 299);
    assert!(matches!(decision, Decision::Allow(_)), "{decision:?}");
}

#[test]
fn the_digest_of_the_request() {
    let arguments = br#"{"path": "/data/reports/q3.txt", "limit": 1e2, "ratio": 0.5}"#;
    let seal = Seal::new().said("purpose".parse().unwrap(), wane::Value::text("payroll").unwrap()).for_request(
        Call::tool("read_report").unwrap(),
        Arguments::from_json(arguments).unwrap(),
        MINTED,
        MINTED + 300,
        &mut Always(4),
    );
    let sealed = session().seal(&seal).unwrap();
    let stated = sealed.chain().blocks()[1].claims().stated();
    let (_, digest) = stated.iter().find(|(name, _)| *name == "digest").unwrap();
    let line = DECIDE_PAGE.lines().find(|line| line.trim() == digest);
    assert!(line.is_some(), "{digest} is not in spec/decide.md");
    let input = digits(DECIDE_PAGE, "84 65 ");
    assert!(input.starts_with("846566696c6573") && input.ends_with("706179726f6c6c"), "{input}");
    let bytes: Vec<u8> =
        (0..input.len() / 2).map(|i| u8::from_str_radix(&input[2 * i..2 * i + 2], 16).unwrap()).collect();
    assert_eq!(hex(&<sha2::Sha256 as sha2::Digest>::digest(bytes)), *digest);
}
