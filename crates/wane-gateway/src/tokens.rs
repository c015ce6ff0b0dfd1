//! Tokens that were read before: reading one again costs more than most else of a decision.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use wane::{Refusal, SealedToken, limits};

/// Bytes of the longest text that can be a token, and some.
const TEXT_BYTES: usize = 32 + limits::TOKEN_BYTES.div_ceil(3) * 4;

/// Bytes of texts in one generation: two are kept.
const BYTES: usize = 1024 * 1024;

/// Tokens by their whole text. What a text says never changes, so none is ever wrong; it is verified and decided every time.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    newer: HashMap<Box<str>, SealedToken>,
    older: HashMap<Box<str>, SealedToken>,
    /// Bytes of the texts in the newer one.
    bytes: usize,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(…)")
    }
}

impl Tokens {
    /// Reads a token, or knows what it says.
    pub(crate) fn read(&self, text: &str) -> Result<SealedToken, Refusal> {
        // Nobody else waits while a text that can be none is looked for.
        if text.len() > TEXT_BYTES {
            return SealedToken::parse(text);
        }
        if let Some(known) = self.known(text) {
            return Ok(known);
        }
        let token = SealedToken::parse(text)?;
        self.keep(text, &token);
        Ok(token)
    }

    fn known(&self, text: &str) -> Option<SealedToken> {
        let known = {
            let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = all.newer.get(text) {
                return Some(known.clone());
            }
            all.older.get(text).cloned()?
        };
        self.keep(text, &known);
        Some(known)
    }

    fn keep(&self, text: &str, token: &SealedToken) {
        let forgotten = self.0.lock().unwrap_or_else(PoisonError::into_inner).keep(text, token);
        // Taking many tokens apart takes long: nobody waits for that.
        drop(forgotten);
    }
}

impl Generations {
    /// Where the newer generation is full, the older one is forgotten, which comes back.
    #[must_use]
    fn keep(&mut self, text: &str, token: &SealedToken) -> HashMap<Box<str>, SealedToken> {
        let mut forgotten = HashMap::new();
        if self.bytes.saturating_add(text.len()) > BYTES {
            forgotten = std::mem::replace(&mut self.older, std::mem::take(&mut self.newer));
            self.bytes = 0;
        }
        if self.newer.insert(text.into(), token.clone()).is_none() {
            self.bytes = self.bytes.saturating_add(text.len());
        }
        forgotten
    }
}

#[cfg(test)]
mod tests {
    use getrandom::SysRng;
    use rand_core::UnwrapErr;
    use wane::{Heir, RootGrant, Seal, SecretKey, mint};

    use super::*;

    #[test]
    fn what_is_known_is_the_same_and_has_its_bounds() {
        let mut rng = UnwrapErr(SysRng);
        let grant = RootGrant::new("files".parse().unwrap(), 0, 600).scope("read:*".parse().unwrap());
        let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng)).unwrap();
        let text = token.seal(&Seal::new()).unwrap().to_text();
        let tokens = Tokens::default();
        for _ in 0..2 {
            assert_eq!(tokens.read(&text).unwrap().to_text(), text);
        }
        assert!(tokens.read("wane1.sealed.AAAA").is_err() && tokens.read(&format!("{text} ")).is_err());
        // A line feed behind it is another text of the same token.
        assert_eq!(tokens.read(&format!("{text}\n")).unwrap().to_text(), text);
        let sealed = SealedToken::parse(&text).unwrap();
        let sizes = |tokens: &Tokens| {
            let all = tokens.0.lock().unwrap();
            let size = |of: &HashMap<Box<str>, SealedToken>| of.keys().map(|text| text.len()).sum::<usize>();
            (size(&all.newer), size(&all.older), all.bytes)
        };
        for number in 0..4_000 {
            tokens.keep(&format!("{number:0>1000}"), &sealed);
            // What is asked for stays.
            assert!(number % 500 != 0 || tokens.known(&text).is_some());
            let (newer, older, counted) = sizes(&tokens);
            assert!(newer == counted && newer <= BYTES && older <= BYTES, "{newer} {older} {counted}");
        }
        assert!(tokens.known(&format!("{:0>1000}", 0)).is_none());
    }
}
