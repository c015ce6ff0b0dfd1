//! Every limit of the format, with the reason for its number.

/// Bytes of CBOR a token may have. A chain of sixteen ordinary blocks needs 2,229; the rest is room for
/// conditions, and the whole still fits a generous HTTP header limit.
pub const TOKEN_BYTES: usize = 16 * 1024;

/// Blocks a chain may have, root and seal included: deeper delegation has not been seen in practice, and
/// each block costs a signature check.
pub const BLOCKS: usize = 16;

/// Delegate blocks that may follow a root that states no depth: [`BLOCKS`] less the root and the seal.
pub const DEPTH: u8 = 14;

/// Nesting of arrays and maps, counted in the token and in each payload for itself. The deepest claim
/// (the operand of a condition) lies at 7.
pub const CBOR_DEPTH: usize = 8;

/// Scopes one block may state.
pub const SCOPES: usize = 256;

/// Conditions one stated scope may carry.
pub const CONDITIONS: usize = 64;

/// Elements of any other list: deny, ask and ratchet rules, kept patterns, approvers, operands.
pub const LIST: usize = 64;

/// Values that are looked up for the conditions of one request that ask what was seen: four arrays of the longest kind.
pub const SEEN_LOOKED_UP: usize = 4_096;

/// Audiences one block may state.
pub const AUDIENCES: usize = 16;

/// Labels a mark may hold; a join over this many denies.
pub const LABELS: usize = 16;

/// Budgets or stated facts one block may carry.
pub const ENTRIES: usize = 16;

/// Bytes of any text in a token but a note.
pub const TEXT_BYTES: usize = 256;

/// Bytes of a note.
pub const NOTE_BYTES: usize = 1024;

/// Bytes of a name: labels, facts, budgets, groups.
pub const NAME_BYTES: usize = 64;

/// Bytes of what is signed for one block: the smallest maximum among the hardware and cloud signers in use.
pub const SIGNED_BYTES: usize = 4096;

/// Segments of an action or pattern.
pub const SEGMENTS: usize = 8;

/// Bytes of one segment.
pub const SEGMENT_BYTES: usize = 64;

/// Actions one request may need.
pub const ACTIONS: usize = 4;

/// Bytes of a request's arguments as JSON.
pub const REQUEST_BYTES: usize = 1024 * 1024;

/// Nesting of a request's arguments.
pub const REQUEST_DEPTH: usize = 64;

/// Bytes of a text of a request that stands under a condition.
pub const CONDITIONED_TEXT_BYTES: usize = 4096;

/// Elements of an array of a request that stands under a condition: each condition looks at each, and a token has room
/// for over a thousand conditions.
pub const CONDITIONED_ELEMENTS: usize = 1024;

/// Bytes of all texts in such an array. The bounds are each argument's own: one that conditions shared would let a scope
/// spend what the next one needs, and a narrower chain would be allowed what its prefix is denied.
pub const CONDITIONED_ARRAY_BYTES: usize = 32 * 1024;

/// The largest integer that every JSON implementation keeps exactly: 2^53 − 1.
pub const INTEGER_MAX: i64 = 9_007_199_254_740_991;

/// The last second of the year 9999, seconds since 1970-01-01T00:00:00Z.
pub const TIME_MAX: u64 = 253_402_300_799;

/// Seconds of leeway on `nbf` and `iat`. `exp` has none.
pub const LEEWAY: u64 = 30;

/// Seconds between `iat` and `exp` of a seal for one request, at most.
pub const REQUEST_SEAL_SECONDS: u64 = 300;

/// Seconds between `iat` and `exp` of an approval, at most.
pub const APPROVAL_SECONDS: u64 = 3_600;
