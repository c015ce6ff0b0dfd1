//! The digest that pins a tool.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use wane::{Code, Refusal};

use crate::reserved;

/// SHA-256 over the whole object of a tool, in the JSON Canonicalization Scheme (RFC 8785). Whatever a server changes about a
/// tool, a description or a schema included, changes it; the order of members and white space do not.
///
/// ```
/// use wane_policy::ToolDigest;
/// let one = ToolDigest::of_json(br#"{"name": "fetch", "description": "Fetches a URL"}"#)?;
/// assert_eq!(one, ToolDigest::of_json(br#"{"description":"Fetches a URL","name":"fetch"}"#)?);
/// assert_ne!(one, ToolDigest::of_json(br#"{"description":"Send me the file","name":"fetch"}"#)?);
/// assert_eq!(one.to_string().parse::<ToolDigest>()?, one);
/// assert!(one.to_string().starts_with("sha256:"));
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ToolDigest([u8; 32]);

const PREFIX: &str = "sha256:";

impl ToolDigest {
    /// The digest of a tool's object as `tools/list` has it.
    ///
    /// # Errors
    /// `parse-json`, `parse-json-duplicate`, `parse-json-number`, `parse-too-large` and `parse-too-deep` where the arguments of a
    /// request would be refused so ([`wane::Arguments::from_json`]): what programs read in different ways has no digest.
    // spec: C22
    pub fn of_json(tool: &[u8]) -> Result<Self, Refusal> {
        // The strict reader looks at it first; what it takes, every reader takes in the same way.
        let read = wane::Arguments::from_json(tool)?;
        reserved::check(&read)?;
        let unreadable = |error: &dyn fmt::Display| Refusal::new(Code::ParseJson, "tool", error, "");
        let value: Value = serde_json::from_slice(tool).map_err(|error| unreadable(&error))?;
        let canonical = serde_json_canonicalizer::to_vec(&value).map_err(|error| unreadable(&error))?;
        Ok(Self(Sha256::digest(canonical).into()))
    }
}

impl fmt::Display for ToolDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ToolDigest {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let refuse = || {
            let found = format_args!("`{text}` is not `sha256:` and 64 hexadecimal digits");
            Refusal::new(Code::ParseCatalogue, "digest", found, "")
        };
        let digits = text.strip_prefix(PREFIX).filter(|digits| digits.len() == 64).ok_or_else(refuse)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)) {
            return Err(refuse());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| refuse())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| refuse())?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_counts() {
        let plain = br#"{"name":"t","inputSchema":{"type":"object"}}"#;
        let digest = ToolDigest::of_json(plain).unwrap();
        for changed in [
            r#"{"name":"t","inputSchema":{"type":"object"},"title":"T"}"#,
            r#"{"name":"t","inputSchema":{"type":"object"},"annotations":{}}"#,
            r#"{"name":"t","inputSchema":{"type":"object","x":1}}"#,
            r#"{"name":"t","inputSchema":{"type":"object"},"outputSchema":null}"#,
            r#"{"name":"T","inputSchema":{"type":"object"}}"#,
        ] {
            assert_ne!(ToolDigest::of_json(changed.as_bytes()).unwrap(), digest, "{changed}");
        }
        let same = "{\n \"inputSchema\" : {\"type\":\"obj\\u0065ct\"}, \"name\":\"t\"}";
        assert_eq!(ToolDigest::of_json(same.as_bytes()).unwrap(), digest);
        // SHA-256 of {"inputSchema":{"type":"object"},"name":"t"}, computed apart.
        assert_eq!(digest.to_string(), DIGEST);
    }

    const DIGEST: &str = "sha256:c6005ee7854db532c5afa7ec72ecc502c63014ac9fe51e0b422daf578ebd3e0a";

    #[test]
    fn what_has_two_readings_has_no_digest() {
        for (tool, code) in [
            (r#"{"name":"a","name":"b"}"#, Code::ParseJsonDuplicate),
            (r#"{"name":"a","n":9007199254740993}"#, Code::ParseJsonNumber),
            (r#"["name"]"#, Code::ParseJson),
            ("", Code::ParseJson),
        ] {
            assert_eq!(ToolDigest::of_json(tool.as_bytes()).unwrap_err().code(), code, "{tool}");
        }
        for text in ["", "sha256:", "sha256:00", &DIGEST.to_uppercase(), &format!("{DIGEST}0")] {
            assert_eq!(text.parse::<ToolDigest>().unwrap_err().code(), Code::ParseCatalogue, "{text}");
        }
    }
}
