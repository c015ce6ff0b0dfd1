//! The audit log: what was decided, in an append-only Merkle log whose heads are signed.
