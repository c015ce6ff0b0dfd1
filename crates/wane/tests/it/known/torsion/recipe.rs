//! Keys and signatures with a part of small order, or with another spelling than the one they must have.
//!
//! A key is A = a·B + T, and the first half of a signature R = r·B + U, where 8·T and 8·U vanish. With
//! h = SHA-512(R ‖ A ‖ message) and S = r + h·a, S·B = R + h·A holds where U + h·T vanishes, and 8·S·B = 8·R + 8·h·A
//! in any case.

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use sha2::{Digest as _, Sha512};

/// The equations that a signature satisfies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Both,
    /// Only the one that is multiplied by 8.
    TimesEight,
}

/// The bytes that were hashed for h where A or R is not sent in its canonical spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hashed {
    AsSent,
    Canonical,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Recipe {
    /// The logarithms of A and R, 0 where a point is of small order.
    pub(super) a: u64,
    pub(super) r: u64,
    /// T and U, as places in [`EIGHT_TORSION`]; at 0 stands the neutral point.
    pub(super) t: usize,
    pub(super) u: usize,
    /// How A and R are spelt where not canonically.
    pub(super) a_sent: Option<[u8; 32]>,
    pub(super) r_sent: Option<[u8; 32]>,
    pub(super) hashed: Hashed,
    pub(super) holds: Holds,
    /// How many times the order is added to S.
    pub(super) added: u16,
}

/// An ordinary key and an ordinary signature.
pub(super) const PLAIN: Recipe = Recipe {
    a: 0x1234_5678_9abc_def1,
    r: 0x0fed_cba9_8765_4321,
    t: 0,
    u: 0,
    a_sent: None,
    r_sent: None,
    hashed: Hashed::AsSent,
    holds: Holds::Both,
    added: 0,
};

/// The order of the group, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// A signed message.
pub(super) struct Signed {
    pub(super) message: Vec<u8>,
    pub(super) signature: [u8; 64],
    /// Whether 8·R + (8·h mod L)·A is 8·S·B: what is left of the second equation when 8·h is reduced too early.
    pub(super) holds_reduced: bool,
}

fn point(logarithm: u64, torsion: usize) -> EdwardsPoint {
    EdwardsPoint::mul_base(&Scalar::from(logarithm)) + EIGHT_TORSION[torsion]
}

fn hashed(r: &[u8; 32], a: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new().chain_update(r).chain_update(a).chain_update(message).finalize();
    Scalar::from_bytes_mod_order_wide(&hash.into())
}

impl Recipe {
    fn a(&self) -> EdwardsPoint {
        point(self.a, self.t)
    }

    fn r(&self) -> EdwardsPoint {
        point(self.r, self.u)
    }

    /// The bytes of the key as they are sent.
    pub(super) fn key(&self) -> [u8; 32] {
        self.a_sent.unwrap_or(self.a().compress().to_bytes())
    }

    fn first_half(&self) -> [u8; 32] {
        self.r_sent.unwrap_or(self.r().compress().to_bytes())
    }

    /// A signature over the first of many messages for which it satisfies exactly the equations that it should.
    pub(super) fn sign(&self, message: impl Fn(u64) -> Vec<u8>) -> Signed {
        (0..1_000).map(message).find_map(|message| self.signed(message)).expect("one of a thousand messages")
    }

    fn signed(&self, message: Vec<u8>) -> Option<Signed> {
        let (a, r) = (self.a(), self.r());
        let as_sent = hashed(&self.first_half(), &self.key(), &message);
        let h = match self.hashed {
            Hashed::AsSent => as_sent,
            Hashed::Canonical => hashed(r.compress().as_bytes(), a.compress().as_bytes(), &message),
        };
        let s = Scalar::from(self.r) + h * Scalar::from(self.a);
        let left = EdwardsPoint::mul_base(&s);
        let right = r + h * a;
        assert_eq!(left.mul_by_cofactor(), right.mul_by_cofactor(), "{self:?}");
        let holds = if left == right { Holds::Both } else { Holds::TimesEight };
        // What is hashed would not matter where the equation held either way.
        let either_way = h != as_sent && left == r + as_sent * a;
        let reduced = r.mul_by_cofactor() + (h * Scalar::from(8_u64)) * a;
        (holds == self.holds && !either_way).then(|| Signed {
            message,
            signature: [self.first_half(), self.spelt(s)].concat().try_into().unwrap(),
            holds_reduced: left.mul_by_cofactor() == reduced,
        })
    }

    /// S with the order added as often as the recipe says.
    fn spelt(&self, s: Scalar) -> [u8; 32] {
        let mut carry = 0;
        let bytes = core::array::from_fn(|at| {
            let sum = u16::from(s.as_bytes()[at]) + self.added * u16::from(ORDER[at]) + carry;
            carry = sum >> 8;
            sum.to_le_bytes()[0]
        });
        assert_eq!(carry, 0, "S has 32 bytes");
        bytes
    }
}
