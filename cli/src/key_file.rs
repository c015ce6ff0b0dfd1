//! Keys in files: PKCS#8 and SPKI in PEM, JWK, and Wane's own text form of public keys.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use pkcs8::der::asn1::{BitStringRef, OctetStringRef};
use pkcs8::pkcs5::pbes2;
use pkcs8::{
    AlgorithmIdentifierRef, Document, EncryptedPrivateKeyInfoRef, LineEnding, ObjectIdentifier, PrivateKeyInfoRef,
    SecretDocument, SubjectPublicKeyInfoRef,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wane::{PublicKey, SecretKey};
use zeroize::Zeroizing;

use crate::failure::{Failure, Trouble};
use crate::input::{self, Inputs, KEY_TEXT, Source};
use crate::terminal;

/// id-Ed25519, RFC 8410.
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// des-EDE3-CBC, RFC 8018, as it stands in DER.
const DES_EDE3: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x07];
/// The most PBKDF2 iterations: seconds, where a file could ask for hours.
const MOST_ITERATIONS: u32 = 10_000_000;
/// The highest cost of scrypt times its block size: 1 GiB, at 128 bytes each.
const MOST_COST: u64 = 1 << 23;
/// The highest parallelization of scrypt, which is run one after the other.
const MOST_PARALLEL: u16 = 16;
const PRIVATE: &str = "PRIVATE KEY";
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";

/// Reads a private key, asking for its passphrase if it is encrypted.
pub(crate) fn read_secret(inputs: &Inputs, key: &Source, passphrase: Option<&Source>) -> Result<SecretKey, Failure> {
    let text = inputs.read_text(key, input::KEY, KEY_TEXT)?;
    refuse_idle(&text, passphrase).map_err(|failure| failure.within(key.name()))?;
    match kind(&text) {
        Kind::Pem(PRIVATE) => secret_from_pem(&text).map_err(|failure| failure.within(key.name())),
        Kind::Pem(ENCRYPTED) => decrypt(inputs, &text, key, passphrase).map_err(|failure| failure.within(key.name())),
        Kind::Pem(PUBLIC) | Kind::Wane | Kind::Json => {
            Err(not_a_key("a public key, where a private one is needed").within(key.name()))
        }
        Kind::Pem(_) | Kind::Other => Err(unknown(&text).within(key.name())),
    }
}

/// Reads the public half of whatever holds a key.
pub(crate) fn read_public(inputs: &Inputs, key: &Source, passphrase: Option<&Source>) -> Result<PublicKey, Failure> {
    let text = inputs.read_text(key, input::KEY, KEY_TEXT)?;
    refuse_idle(&text, passphrase)
        .and_then(|()| public_of_any(inputs, &text, key, passphrase))
        .map_err(|failure| failure.within(key.name()))
}

/// The public half of a key in any form.
pub(crate) fn public_of_any(
    inputs: &Inputs,
    text: &str,
    key: &Source,
    passphrase: Option<&Source>,
) -> Result<PublicKey, Failure> {
    match kind(text) {
        Kind::Pem(PRIVATE) => secret_from_pem(text).map(|secret| secret.public_key()),
        Kind::Pem(ENCRYPTED) => decrypt(inputs, text, key, passphrase).map(|secret| secret.public_key()),
        _ => public_from_text(text),
    }
}

/// A public key from its text: `wane1.key.…`, an SPKI PEM or a JWK. A private key is refused.
pub(crate) fn public_from_text(text: &str) -> Result<PublicKey, Failure> {
    match kind(text) {
        Kind::Wane => Ok(text.parse()?),
        Kind::Pem(PUBLIC) => public_from_pem(text),
        Kind::Json => public_from_jwk(text),
        Kind::Pem(PRIVATE | ENCRYPTED) => Err(not_a_key("a private key, where only its public half belongs")
            .hint("`wane key FILE` prints the public half")),
        Kind::Pem(_) | Kind::Other => Err(unknown(text)),
    }
}

/// Whether this is meant to be a key, of whichever kind, rather than a file of settings.
pub(crate) fn looks_like_a_key(text: &str) -> bool {
    !matches!(kind(text), Kind::Other)
}

/// A passphrase for a key that needs none: whoever gives it believes the key to be encrypted.
fn refuse_idle(text: &str, passphrase: Option<&Source>) -> Result<(), Failure> {
    match passphrase {
        Some(_) if !is_encrypted(text) => Err(Failure::usage("--passphrase-file: the key is not encrypted")),
        _ => Ok(()),
    }
}

/// Whether this is a private key under a passphrase.
pub(crate) fn is_encrypted(text: &str) -> bool {
    matches!(kind(text), Kind::Pem(ENCRYPTED))
}

/// The key as PKCS#8 version 1 in PEM, byte for byte what `openssl genpkey` writes. Version 2, with the public
/// half inside, is refused by OpenSSL 3.0.
pub(crate) fn secret_to_pem(secret: &SecretKey) -> Result<Zeroizing<String>, Failure> {
    let mut octets = Zeroizing::new(vec![0x04, 0x20]);
    octets.extend_from_slice(secret.expose_seed());
    let write = |_| Failure::new(Trouble::KeyFile, "the key cannot be encoded");
    let info: PrivateKeyInfoRef<'_> = PrivateKeyInfoRef::new(algorithm(), OctetStringRef::new(&octets).map_err(write)?);
    SecretDocument::encode_msg(&info).and_then(|der| der.to_pem(PRIVATE, LineEnding::LF)).map_err(write)
}

/// The key as SubjectPublicKeyInfo in PEM (RFC 8410).
pub(crate) fn public_to_pem(key: &PublicKey) -> Result<String, Failure> {
    let write = |_| Failure::new(Trouble::KeyFile, "the key cannot be encoded");
    let bits = BitStringRef::from_bytes(key.as_bytes()).map_err(write)?;
    let info = SubjectPublicKeyInfoRef { algorithm: algorithm(), subject_public_key: bits };
    Document::encode_msg(&info).and_then(|der| der.to_pem(PUBLIC, LineEnding::LF)).map_err(write)
}

/// The key as a JWK (RFC 8037), named by its RFC 7638 thumbprint.
pub(crate) fn public_to_jwk(key: &PublicKey) -> Jwk {
    let x = Base64UrlUnpadded::encode_string(key.as_bytes());
    let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
    Jwk {
        kty: "OKP".into(),
        crv: "Ed25519".into(),
        kid: Some(Base64UrlUnpadded::encode_string(&thumbprint)),
        x,
        d: None,
    }
}

/// An octet key pair of RFC 8037. `d` is known only to be refused.
#[derive(Deserialize, Serialize)]
pub(crate) struct Jwk {
    kty: String,
    crv: String,
    x: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, skip_serializing)]
    d: Option<serde::de::IgnoredAny>,
}

enum Kind<'a> {
    Json,
    Other,
    Pem(&'a str),
    Wane,
}

fn kind(text: &str) -> Kind<'_> {
    let start = text.trim_start();
    if start.starts_with("wane1.key.") {
        return Kind::Wane;
    }
    if start.starts_with('{') {
        return Kind::Json;
    }
    // Tools write remarks before the first line; RFC 7468 lets readers skip them.
    let label = text.lines().find_map(|line| line.strip_prefix("-----BEGIN ")?.trim_end().strip_suffix("-----"));
    label.map_or(Kind::Other, Kind::Pem)
}

fn algorithm() -> AlgorithmIdentifierRef<'static> {
    AlgorithmIdentifierRef { oid: ED25519, parameters: None }
}

fn not_a_key(what: &str) -> Failure {
    Failure::new(Trouble::KeyFile, format!("this is {what}"))
}

fn unknown(text: &str) -> Failure {
    let hint = "`wane keygen FILE` and `openssl genpkey -algorithm ed25519` make keys that are read here";
    match kind(text) {
        Kind::Pem(label) => not_a_key(&format!("a pem of kind `{}`", crate::output::escape(label))).hint(hint),
        _ => Failure::new(Trouble::KeyFile, "neither a wane key, a pem nor a jwk").hint(hint),
    }
}

fn wrong_algorithm(oid: ObjectIdentifier) -> Failure {
    not_a_key(&format!("a key for the algorithm {oid}, not ed25519"))
        .hint("`openssl genpkey -algorithm ed25519` makes one that fits")
}

fn broken(_: impl Sized) -> Failure {
    Failure::new(Trouble::KeyFile, "the pem is damaged")
}

fn secret_from_pem(text: &str) -> Result<SecretKey, Failure> {
    let (_, document) = SecretDocument::from_pem(text).map_err(broken)?;
    secret_from_der(&document)
}

fn secret_from_der(document: &SecretDocument) -> Result<SecretKey, Failure> {
    let info: PrivateKeyInfoRef<'_> = document.decode_msg().map_err(broken)?;
    if info.algorithm.oid != ED25519 {
        return Err(wrong_algorithm(info.algorithm.oid));
    }
    let [0x04, 0x20, seed @ ..] = info.private_key.as_bytes() else { return Err(broken(())) };
    let seed: Zeroizing<[u8; 32]> = Zeroizing::new(seed.try_into().map_err(broken)?);
    let secret = SecretKey::from_seed(*seed);
    // Version 2 states the public half as well; signing under another one would give the key away.
    match info.public_key.map(|bits| bits.as_bytes() == Some(secret.public_key().as_bytes())) {
        Some(false) => {
            Err(Failure::new(Trouble::KeyFile, "the public half in the file is not that of its private key"))
        }
        _ => Ok(secret),
    }
}

fn public_from_pem(text: &str) -> Result<PublicKey, Failure> {
    let (_, document) = Document::from_pem(text).map_err(broken)?;
    let info: SubjectPublicKeyInfoRef<'_> = document.decode_msg().map_err(broken)?;
    if info.algorithm.oid != ED25519 {
        return Err(wrong_algorithm(info.algorithm.oid));
    }
    let bytes = info.subject_public_key.as_bytes().ok_or_else(|| broken(()))?;
    Ok(PublicKey::from_bytes(bytes.try_into().map_err(broken)?)?)
}

fn public_from_jwk(text: &str) -> Result<PublicKey, Failure> {
    let jwk: Jwk = serde_json::from_str(text)
        .map_err(|error| Failure::new(Trouble::KeyFile, format!("not the jwk of a public key: {error}")))?;
    if jwk.d.is_some() {
        return Err(not_a_key("the jwk of a private key, where only its public half belongs")
            .hint("leave out `d`, and treat the key as leaked if the file went anywhere"));
    }
    if (jwk.kty.as_str(), jwk.crv.as_str()) != ("OKP", "Ed25519") {
        let found = format!("a jwk of kind `{}`, curve `{}`", jwk.kty.escape_debug(), jwk.crv.escape_debug());
        return Err(not_a_key(&found).hint("`OKP` with `Ed25519` is read (rfc 8037)"));
    }
    let mut bytes = [0; 32];
    match Base64UrlUnpadded::decode(&jwk.x, &mut bytes) {
        Ok(read) if read.len() == 32 => Ok(PublicKey::from_bytes(&bytes)?),
        _ => Err(Failure::new(Trouble::KeyFile, "`x` of the jwk is not 32 bytes of base64url")),
    }
}

fn decrypt(inputs: &Inputs, text: &str, key: &Source, passphrase: Option<&Source>) -> Result<SecretKey, Failure> {
    let (_, document) = SecretDocument::from_pem(text).map_err(broken)?;
    // What cannot be decrypted is refused before anybody is asked for a passphrase.
    let info: EncryptedPrivateKeyInfoRef<'_> = document.decode_msg().map_err(|_| {
        let holds = |needle: &[u8]| document.as_bytes().windows(needle.len()).any(|window| window == needle);
        weak(if holds(&DES_EDE3) { "with 3des" } else { "with an unknown cipher" })
    })?;
    let scheme = info.encryption_algorithm.pbes2().ok_or_else(|| weak("with pbes1"))?;
    check_derivation(&scheme.kdf)?;
    let passphrase = match passphrase {
        Some(source) => inputs.read_passphrase(source)?,
        None => match terminal::ask_passphrase(&format!("passphrase of {}: ", key.name())) {
            Some(answer) => answer.map_err(|error| Failure::file("read from", "the terminal", &error))?,
            None => {
                return Err(Failure::new(
                    Trouble::Passphrase,
                    "the key is encrypted, and there is no terminal to ask on",
                )
                .hint("give its passphrase with `--passphrase-file`"));
            }
        },
    };
    match info.decrypt(&passphrase) {
        Ok(document) => secret_from_der(&document),
        Err(pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::DecryptFailed)) | Err(pkcs8::Error::Asn1(_)) => {
            Err(Failure::new(Trouble::Passphrase, "the passphrase does not open the key"))
        }
        Err(_) => Err(weak("with a cipher that is not accepted")),
    }
}

/// Whether a passphrase is turned into a key safely, and before tomorrow.
fn check_derivation(kdf: &pbes2::Kdf) -> Result<(), Failure> {
    match kdf {
        pbes2::Kdf::Pbkdf2(parameters) if parameters.prf == pbes2::Pbkdf2Prf::HmacWithSha1 => {
            Err(weak("under hmacWithSHA1"))
        }
        pbes2::Kdf::Pbkdf2(parameters) if parameters.iteration_count > MOST_ITERATIONS => {
            Err(weak(&format!("under {} iterations, more than {MOST_ITERATIONS}", parameters.iteration_count)))
        }
        pbes2::Kdf::Scrypt(parameters)
            if parameters.cost_parameter.saturating_mul(parameters.block_size.into()) > MOST_COST
                || parameters.parallelization > MOST_PARALLEL =>
        {
            Err(weak("under scrypt of a cost that takes more than 1 GiB or 16 runs"))
        }
        _ => Ok(()),
    }
}

fn weak(how: &str) -> Failure {
    Failure::new(Trouble::KeyCipher, format!("the key is encrypted {how}"))
        .hint("`openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -in OLD -out NEW` encrypts it again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_forms_are_read_back() {
        let key = SecretKey::from_seed([7; 32]).public_key();
        let jwk = serde_json::to_string(&public_to_jwk(&key)).unwrap();
        for text in [key.to_string(), public_to_pem(&key).unwrap(), jwk] {
            assert_eq!(public_from_text(&text).unwrap(), key, "{text}");
        }
    }

    #[test]
    fn the_jwk_and_its_thumbprint_are_those_of_rfc_8037() {
        let mut bytes = [0; 32];
        Base64UrlUnpadded::decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", &mut bytes).unwrap();
        let jwk = public_to_jwk(&PublicKey::from_bytes(&bytes).unwrap());
        assert_eq!(jwk.kid.as_deref(), Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"));
    }

    #[test]
    fn a_private_key_is_no_public_key() {
        let pem = secret_to_pem(&SecretKey::from_seed([7; 32])).unwrap();
        assert_eq!(public_from_text(&pem).unwrap_err().code(), "parse-key-file");
        let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"AA"}"#;
        assert!(public_from_text(jwk).unwrap_err().message().contains("private"));
    }

    #[test]
    fn a_derivation_that_takes_hours_is_refused() {
        let salt = || pbes2::Salt::new(b"12345678").unwrap();
        let prf = pbes2::Pbkdf2Prf::HmacWithSha256;
        let pbkdf2 = |iteration_count| {
            let parameters = pbes2::Pbkdf2Params { salt: salt(), iteration_count, key_length: None, prf };
            check_derivation(&pbes2::Kdf::Pbkdf2(parameters)).map_err(|failure| failure.code())
        };
        assert_eq!(pbkdf2(MOST_ITERATIONS), Ok(()));
        assert_eq!(pbkdf2(MOST_ITERATIONS + 1), Err("use-key-cipher"));
        let scrypt = |cost_parameter, block_size, parallelization| {
            let salt = salt();
            let key_length = None;
            let parameters = pbes2::ScryptParams { salt, cost_parameter, block_size, parallelization, key_length };
            check_derivation(&pbes2::Kdf::Scrypt(parameters)).map_err(|failure| failure.code())
        };
        assert_eq!(scrypt(1 << 20, 8, 16), Ok(()));
        for (cost, blocks, parallel) in [(1 << 21, 8, 1), (1 << 20, 9, 1), (1 << 14, 8, 17), (u64::MAX, 2, 1)] {
            assert_eq!(scrypt(cost, blocks, parallel), Err("use-key-cipher"), "{cost} {blocks} {parallel}");
        }
    }

    #[test]
    fn a_secret_is_read_back() {
        let secret = SecretKey::from_seed([9; 32]);
        let pem = secret_to_pem(&secret).unwrap();
        assert_eq!(secret_from_pem(&pem).unwrap().expose_seed(), secret.expose_seed());
    }
}
