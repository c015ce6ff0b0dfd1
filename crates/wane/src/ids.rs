//! Identifiers: blocks and ledgers.

use core::fmt;
use core::str::FromStr;

use crate::code::Code;
use crate::key::Hex;
use crate::refusal::Refusal;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub(crate) [u8; $len]);

        impl $name {
            /// The id with these bytes.
            ///
            /// ```
            #[doc = concat!("let id = wane::", stringify!($name), "::from_bytes([1; ", $len, "]);")]
            #[doc = concat!("assert_eq!(id.as_bytes(), &[1; ", $len, "]);")]
            /// ```
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            ///
            /// ```
            #[doc = concat!("let id = wane::", stringify!($name), "::from_bytes([1; ", $len, "]);")]
            #[doc = concat!("assert_eq!(id.as_bytes().len(), ", $len, ");")]
            /// ```
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        /// Lower-case hexadecimal digits.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Hex(&self.0).fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Hex(&self.0).fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = Refusal;

            fn from_str(text: &str) -> Result<Self, Refusal> {
                unhex(text).map(Self)
            }
        }
    };
}

id!(
    /// A block's id: SHA-256 of what was signed, never of the signature, so that a second signature over the
    /// same content is the same block.
    ///
    /// ```
    /// let id = "00".repeat(32).parse::<wane::BlockId>()?;
    /// assert_eq!(id.as_bytes(), &[0; 32]);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    BlockId,
    32
);

id!(
    /// A ledger's random id, made with the ledger.
    ///
    /// ```
    /// let id = "5e".repeat(16).parse::<wane::LedgerId>()?;
    /// assert_eq!(id.to_string(), "5e".repeat(16));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    LedgerId,
    16
);

fn unhex<const N: usize>(text: &str) -> Result<[u8; N], Refusal> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    let fits = odd.is_empty()
        && pairs.len() == N
        && bytes.iter_mut().zip(pairs).all(|(byte, [high, low])| match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) => {
                *byte = high << 4 | low;
                true
            }
            _ => false,
        });
    if fits {
        Ok(bytes)
    } else {
        Err(Refusal::new(Code::ParseName, "id", text, format_args!("{} lower-case hexadecimal digits", N * 2)))
    }
}
