//! Stable codes: one word for each way a token, a request or a call can be refused.

use core::fmt;

/// What kind of fault a [`Code`] names.
///
/// ```
/// assert_eq!(wane::Code::DenyExpired.family(), wane::Family::Deny);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// `parse-*`: the bytes or the text are not what the specification allows.
    Parse,
    /// `chain-*`: a link, a signature or a widening; the block is named.
    Chain,
    /// `deny-*`: the token is genuine, but not now, not here, not for this.
    Deny,
    /// `state-*`: live state that is needed is missing or says no.
    State,
    /// `use-*`: the caller misused the API.
    Use,
}

/// What could turn a refusal into an allow.
///
/// ```
/// assert_eq!(wane::Code::DenyExpired.retry(), wane::Retry::Renew);
/// assert_eq!(wane::Retry::Renew.as_str(), "renew");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// A signed approval of this request.
    Approve,
    /// Nothing: the same request with this chain stays refused.
    Never,
    /// A new seal, token or roots file.
    Renew,
}

impl Retry {
    /// The word used in JSON and in other languages: `approve`, `never` or `renew`.
    ///
    /// ```
    /// assert_eq!(wane::Retry::Never.as_str(), "never");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Never => "never",
            Self::Renew => "renew",
        }
    }
}

macro_rules! codes {
    ($($variant:ident $name:literal $family:ident $retry:ident $message:literal $hint:literal,)*) => {
        /// A stable code. The list is part of the specification (`spec/errors.md`); a code is never
        /// reused with another meaning.
        ///
        /// ```
        /// let code = wane::Code::ChainScopeWider;
        /// assert_eq!(code.as_str(), "chain-scope-wider");
        /// assert_eq!(wane::Code::ALL.iter().filter(|c| c.as_str() == "chain-scope-wider").count(), 1);
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $(
                #[doc = concat!("`", $name, "`: ", $message)]
                $variant,
            )*
        }

        impl Code {
            /// Every code, in the order of `spec/errors.md`.
            ///
            /// ```
            /// assert!(wane::Code::ALL.len() > 50);
            /// ```
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable kebab-case word.
            ///
            /// ```
            /// assert_eq!(wane::Code::DenyScope.as_str(), "deny-scope");
            /// ```
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The family, which is also the first word of the code.
            ///
            /// ```
            /// assert_eq!(wane::Code::ParseFloat.family(), wane::Family::Parse);
            /// ```
            #[must_use]
            pub const fn family(self) -> Family {
                match self { $(Self::$variant => Family::$family,)* }
            }

            /// What could turn this refusal into an allow.
            ///
            /// ```
            /// assert_eq!(wane::Code::DenyRatchet.retry(), wane::Retry::Never);
            /// ```
            #[must_use]
            pub const fn retry(self) -> Retry {
                match self { $(Self::$variant => Retry::$retry,)* }
            }

            /// The sentence, with `{found}` and `{bound}` where the two sides of the comparison go.
            ///
            /// ```
            /// assert_eq!(wane::Code::ChainScopeWider.message(), "`{found}` is not within {bound}");
            /// ```
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)* }
            }

            /// What to do about it, or an empty text where the sentence says it all.
            ///
            /// ```
            /// assert!(wane::Code::DenyExpired.hint().contains("seal"));
            /// ```
            #[must_use]
            pub const fn hint(self) -> &'static str {
                match self { $(Self::$variant => $hint,)* }
            }
        }
    };
}

codes! {
    // The text around the bytes.
    ParseText "parse-text" Parse Never "not a wane text: {found}" "a token is one line that starts with `wane1.token.` or `wane1.sealed.`",
    ParsePrefix "parse-prefix" Parse Never "the prefix says {found}, the content is {bound}" "",
    ParseTooLarge "parse-too-large" Parse Never "{found} bytes, at most {bound} are read" "",
    // Strict CBOR.
    ParseTruncated "parse-truncated" Parse Never "the bytes end early, at byte {found}" "the token was cut; copy it whole",
    ParseTrailingBytes "parse-trailing-bytes" Parse Never "{found} bytes follow the end of the item" "",
    ParseNotShortest "parse-not-shortest" Parse Never "the number at byte {found} is not in its shortest form" "",
    ParseIndefinite "parse-indefinite" Parse Never "the item at byte {found} has no stated length" "",
    ParseFloat "parse-float" Parse Never "a float stands at byte {found}" "tokens hold integers only",
    ParseTag "parse-tag" Parse Never "a tag stands at byte {found}" "",
    ParseSimple "parse-simple" Parse Never "the simple value at byte {found} is not true, false or null" "",
    ParseReserved "parse-reserved" Parse Never "byte {found} starts with a reserved value" "",
    ParseUtf8 "parse-utf8" Parse Never "the text at byte {found} is not utf-8" "",
    ParseTooDeep "parse-too-deep" Parse Never "nested deeper than {bound} at byte {found}" "",
    ParseKeyOrder "parse-key-order" Parse Never "the map key at byte {found} is not above the one before it" "",
    ParseDuplicateKey "parse-duplicate-key" Parse Never "the map key at byte {found} stands twice" "",
    // Envelopes and claims.
    ParseEnvelope "parse-envelope" Parse Never "{found}, not {bound}" "",
    ParseTooManyBlocks "parse-too-many-blocks" Parse Never "{found} blocks, at most {bound} are allowed" "",
    ParseUnknownClaim "parse-unknown-claim" Parse Never "claim {found} is not known here" "",
    ParseMissingClaim "parse-missing-claim" Parse Never "{bound} must state {found}" "",
    ParseMisplacedClaim "parse-misplaced-claim" Parse Never "{found} has no place in {bound}" "",
    ParseClaimType "parse-claim-type" Parse Never "{found} where {bound} is expected" "",
    ParseNotCanonical "parse-not-canonical" Parse Never "{found}, though {bound}" "",
    ParseLimit "parse-limit" Parse Never "{found}, at most {bound}" "",
    ParseKey "parse-key" Parse Never "{found} is not an ed25519 key this format accepts" "small-order and non-canonical keys are refused",
    ParsePattern "parse-pattern" Parse Never "`{found}` is not {bound}" "segments of `A-Z a-z 0-9 . _ - / @ +` joined by `:`, with `*` as a whole segment in patterns",
    ParseName "parse-name" Parse Never "`{found}` is not a name ({bound})" "",
    ParseLevel "parse-level" Parse Never "`{found}` is not a level" "public, internal, confidential, restricted or top-secret",
    ParseCondition "parse-condition" Parse Never "{found} is not {bound}" "",
    ParseScope "parse-scope" Parse Never "cannot read the scope at `{found}`: {bound} is expected" "PATTERN [if COND [and COND]...] [only|open], e.g. `read:files:* if path under /data`",
    ParseTime "parse-time" Parse Never "`{found}` is not a time ({bound})" "",
    // Requests and files beside tokens.
    ParseJson "parse-json" Parse Never "not the json this needs: {found}" "",
    ParseJsonDuplicate "parse-json-duplicate" Parse Never "the member `{found}` stands twice" "",
    ParseJsonNumber "parse-json-number" Parse Never "the number {found} is outside {bound}" "send it as a text",
    ParseRoots "parse-roots" Parse Never "the roots cannot be used: {found}" "",
    ParseCatalogue "parse-catalogue" Parse Never "the catalogue cannot be used: {found}" "",
    ParseCertificate "parse-certificate" Parse Never "the certificate cannot be used: {found}" "",
    // The audit log.
    ParseMessage "parse-message" Parse Never "no message is passed on that is not read in one way only: {found}" "",
    ParseRecord "parse-record" Parse Never "not a record of an audit log: {found}" "",
    ParseCheckpoint "parse-checkpoint" Parse Never "not a checkpoint: {found}" "",
    ParseProof "parse-proof" Parse Never "not a proof about this log: {found}" "",
    // Shape of a chain.
    ChainUnsealed "chain-unsealed" Chain Never "this is a token, not a sealed token" "seal it first: `wane seal`",
    ChainCarriesSecret "chain-carries-secret" Chain Never "the token carries a secret" "a verifier must never be shown one; treat the token as leaked",
    ChainSecret "chain-secret" Chain Never "the carried secret is not the one the last block names" "",
    ChainUnknownRoot "chain-unknown-root" Chain Renew "no trusted root has the hint {found}" "add the root's public key to the roots file",
    ChainSignature "chain-signature" Chain Never "the signature does not fit the block, its key and the block before it" "altered, reordered, or signed by another key",
    ChainRoot "chain-root" Chain Renew "the root entry allows {bound}, the root block states {found}" "",
    ChainMintWindow "chain-mint-window" Chain Renew "minted at {found}, the root entry accepts {bound}" "",
    // Sessions.
    ChainNoSession "chain-no-session" Chain Never "no block of the chain opens a session" "`wane attenuate` opens one",
    ChainSecondSession "chain-second-session" Chain Never "a session is open since block {bound}" "",
    ChainIssuer "chain-issuer" Chain Never "the root block opens no session, and its root entry does not say `issuer = true`" "",
    ChainSealSession "chain-seal-session" Chain Never "a seal cannot open a session" "",
    ChainSealClaim "chain-seal-claim" Chain Never "a seal cannot state {found}" "",
    ChainContinues "chain-continues" Chain Never "`continues` stands without {bound}" "",
    // Narrowing.
    ChainAudience "chain-audience" Chain Never "the audience `{found}` is not within {bound}" "",
    ChainSealAudience "chain-seal-audience" Chain Never "a seal needs exactly one audience without `*`, in force are {found}" "name one with `--aud`",
    ChainExpiry "chain-expiry" Chain Never "exp {found} is later than {bound}" "",
    ChainNotBefore "chain-not-before" Chain Never "nbf {found} is earlier than {bound}" "",
    ChainIssuedAt "chain-issued-at" Chain Never "iat {found} is earlier than {bound}" "",
    ChainEmptyTime "chain-empty-time" Chain Never "exp {bound} is not after {found}" "",
    ChainScopeWider "chain-scope-wider" Chain Never "`{found}` is not within {bound}" "a block can only narrow; ask whoever holds more",
    ChainScopeIndex "chain-scope-index" Chain Never "scope index {found}, but only {bound} scopes are in force" "",
    ChainScopeRepeats "chain-scope-repeats" Chain Never "the refinement repeats the pattern `{found}` of its scope" "",
    ChainLevel "chain-level" Chain Never "level {found} is lower than {bound}" "the mark never falls",
    ChainClearance "chain-clearance" Chain Never "clearance {found} is higher than {bound}" "",
    ChainDepth "chain-depth" Chain Never "depth {found}, at most {bound}" "",
    ChainLedger "chain-ledger" Chain Never "ledger {found}, in force is {bound}" "",
    ChainBudget "chain-budget" Chain Never "budget {found} is more than {bound}" "",
    ChainRequestSeal "chain-request-seal" Chain Never "a seal for one request lives {found} seconds, at most {bound}" "",
    // From a call to a request.
    DenyMethod "deny-method" Deny Never "the method {found} is not passed on" "",
    DenyNoToken "deny-no-token" Deny Renew "no token comes with {found}" "a sealed token belongs into `_meta`, as `dev.wane/token`",
    DenyTokenPlace "deny-token-place" Deny Never "a token in {found} is not taken: {bound}" "",
    DenyOrigin "deny-origin" Deny Never "`{found}` is not {bound}" "whoever runs the gateway can allow an origin",
    DenyUnlisted "deny-unlisted" Deny Never "the catalogue does not list {found}" "whoever runs the server can add it to the catalogue",
    DenyRoute "deny-route" Deny Never "no reading of {found} is the only one: {bound}" "",
    DenyUnmatched "deny-unmatched" Deny Never "no rule of {found} matches this call" "",
    DenyTemplate "deny-template" Deny Never "{found} does not fit into `{bound}`" "",
    DenyPin "deny-pin" Deny Never "the tool {found} is not the one that was pinned: {bound}" "compare it with what it was, then pin it again",
    // Decisions, in the order of the checks.
    DenyAudience "deny-audience" Deny Never "sealed for `{found}`, this is `{bound}`" "",
    DenyExpired "deny-expired" Deny Renew "expired at {bound}, now is {found}" "seal or mint again",
    DenyNotYetValid "deny-not-yet-valid" Deny Renew "valid from {bound}, now is {found}" "",
    DenyIssuedInFuture "deny-issued-in-future" Deny Renew "issued at {bound}, now is {found}" "a clock is wrong",
    DenyOtherRequest "deny-other-request" Deny Renew "sealed for the request {bound}, this is {found}" "seal for exactly this request",
    DenyNotForOneRequest "deny-not-for-one-request" Deny Renew "the seal is not bound to one request" "seal with the action or tool and the arguments",
    StateNoLedger "state-no-ledger" State Never "{found} needs the ledger {bound}, and none is here" "",
    StateOtherLedger "state-other-ledger" State Never "the chain needs the ledger {bound}, this is {found}" "",
    StateVolatile "state-volatile" State Never "the ledger {found} forgets when its process ends, and {bound}" "name a durable ledger: `sqlite:PATH` or `postgres://...`",
    StateRevoked "state-revoked" State Never "revoked: {found}" "there is no way back; mint a new session",
    StateSessionTooOld "state-session-too-old" State Renew "the session was issued at {found}, this ledger knows sessions issued after {bound}" "mint with `--ledger`, or wait until its epoch has begun",
    StateCollected "state-collected" State Never "its exp {found} lies at or before {bound}, up to which the ledger has forgotten" "",
    StateUnknownSession "state-unknown-session" State Never "the session {found} that this one continues is not known here" "",
    StateContinues "state-continues" State Never "the session {found} cannot be continued here: {bound}" "",
    StateUsed "state-used" State Renew "the seal for one request {found} was used before" "seal again for the next request",
    DenyLabels "deny-labels" Deny Never "{found} labels, a mark holds at most {bound}" "",
    DenyClearance "deny-clearance" Deny Never "the request is {found}, the clearance is {bound}" "",
    DenyRatchet "deny-ratchet" Deny Never "`{found}` does not survive: {bound}" "a session that has read this much keeps only what the rule keeps",
    DenyPattern "deny-pattern" Deny Never "`{found}` is denied by `{bound}`" "",
    DenyScope "deny-scope" Deny Never "`{found}` is not within {bound}" "",
    DenyMissingArgument "deny-missing-argument" Deny Never "the argument {found} is missing: {bound}" "",
    DenyMissingFact "deny-missing-fact" Deny Never "the fact {found} is not stated: {bound}" "",
    DenyArgumentShape "deny-argument-shape" Deny Never "{found} cannot stand under a condition: {bound}" "",
    DenyArgumentType "deny-argument-type" Deny Never "{found} is of another type than {bound}" "",
    DenyCondition "deny-condition" Deny Never "{found} does not satisfy `{bound}`" "",
    DenyPath "deny-path" Deny Never "{found} is not a plain absolute path: `{bound}`" "no `.`, `..`, empty parts, `\\`, `%` or trailing `/`",
    DenyUrl "deny-url" Deny Never "{found} is not a url in its plain form: `{bound}`" "no userinfo, no other spelling of the same address",
    DenyAddress "deny-address" Deny Never "{found} is not a literal ip address: `{bound}`" "",
    DenyOnly "deny-only" Deny Never "the argument {found} is not named by the scope `{bound}`" "",
    DenyCeiling "deny-ceiling" Deny Never "`{found}` does not pass the root entry's scopes: {bound}" "",
    DenyGroup "deny-group" Deny Never "the group {found} is not defined by the roots" "",
    DenyCost "deny-cost" Deny Never "the budget {found} of block {bound} needs a cost, and the request states none" "",
    DenyBudget "deny-budget" Deny Never "the budget {found} goes beyond {bound}" "",
    DenyApprovalChain "deny-approval-chain" Deny Approve "the approval by {found} was not signed for this chain" "",
    DenyApprovalRequest "deny-approval-request" Deny Approve "the approval is for the request {found}, this is {bound}" "",
    DenyApprovalActions "deny-approval-actions" Deny Approve "the approval is for {found}, the request needs {bound}" "",
    DenyApprovalSelf "deny-approval-self" Deny Approve "the approval is by {found}, which is a key of the chain itself" "",
    DenyApprovalKey "deny-approval-key" Deny Approve "the approval is by {found}, which no ask that applies names" "",
    DenyApprovalExpired "deny-approval-expired" Deny Approve "the approval expired at {bound}, now is {found}" "",
    DenyApprovalFuture "deny-approval-future" Deny Approve "the approval was issued at {bound}, now is {found}" "a clock is wrong",
    DenyApprovalLifetime "deny-approval-lifetime" Deny Approve "the approval lives {found} seconds, at most {bound}" "",
    StateApprovalUsed "state-approval-used" State Approve "the approval {found} was used before" "",
    DenyNeedsApproval "deny-needs-approval" Deny Approve "`{found}` needs {bound}" "",
    // The store that live state lies in.
    StateUnreachable "state-unreachable" State Renew "the ledger cannot be reached: {found}" "nothing was admitted; try again when it is back",
    StateFull "state-full" State Renew "the ledger has no room: {found}" "make room on its disk",
    StateReadOnly "state-read-only" State Renew "the ledger cannot be written: {found}" "",
    StateLocked "state-locked" State Renew "the ledger was busy for too long: {found}" "",
    StateCorrupt "state-corrupt" State Never "the ledger is damaged: {found}" "verify its log, then restore a copy and accept it",
    StateRolledBack "state-rolled-back" State Never "the ledger is older than its newest head known here: {found}, known is {bound}" "`wane ledger accept-restore` starts a new epoch; sessions older than it stay dead",
    StateOutcomeUnknown "state-outcome-unknown" State Renew "whether the ledger has committed is unknown: {found}" "what was charged stays charged",
    StateSchema "state-schema" State Never "the ledger has schema {found}, this version knows {bound}" "use a version that knows it",
    StateAsyncCommit "state-async-commit" State Never "the server commits without waiting for its disk: {found}" "set `synchronous_commit`, `fsync` and `full_page_writes` to on",
    StatePooler "state-pooler" State Never "a pooler stands between here and the server: {found}" "connect to the server itself, or through a pooler in session mode",
    StateLogSecret "state-log-secret" State Never "the log secret is missing or another one: {found}, the ledger names {bound}" "",
    StateLogBroken "state-log-broken" State Never "the audit log is broken: {found}" "keep it as it is, and compare it with its checkpoints elsewhere",
    StateLogFork "state-log-fork" State Never "the audit log has two histories: {found}" "keep both checkpoints: together they prove it",
    StateCheckpointKey "state-checkpoint-key" State Never "the checkpoint does not vouch for the log {bound}: {found}" "",
    StatePendingFull "state-pending-full" State Renew "{found} requests of this session wait for approval, at most {bound}" "approve or let them lapse",
    // Misuse of the API.
    UseActions "use-actions" Use Never "{found} actions, a request needs 1 to {bound}" "",
    UseCall "use-call" Use Never "the call `{found}` is made of other actions than `{bound}`" "",
    UseBuilder "use-builder" Use Never "{found} is stated twice" "",
    UseDrop "use-drop" Use Never "no scope lies within `{found}`; {bound}" "to forbid a part of a scope use `--deny`",
    UseKey "use-key" Use Never "the key {found} is not the one the last block names, {bound}" "",
    UseKeyReused "use-key-reused" Use Never "the fresh key stands in the chain already" "",
    UseSigner "use-signer" Use Never "the signer failed: {found}" "",
    UseRecall "use-recall" Use Never "the record does not say what {found} answered" "",
    UseNoSecret "use-no-secret" Use Never "the token carries no secret: its holder's own key must sign" "give the key with `--key`",
    UseLedgerExists "use-ledger-exists" Use Never "a ledger is here already: {found}" "open it, or name another place",
    UseLedgerUrl "use-ledger-url" Use Never "{found} names no ledger: {bound}" "`memory:`, `sqlite:PATH` or `postgres://HOST/DATABASE`",
    UsePermit "use-permit" Use Never "a handler takes the permit of its request once and uses it up: {found}" "",
}

impl Code {
    /// Whether it is a `state-*` that tells of the chain that was shown and of its session alone: an answer for its holder, where all
    /// others of that family are trouble with the ledger, and its operator's business.
    ///
    /// ```
    /// use wane::Code;
    /// assert!(Code::StateRevoked.is_about_the_chain());
    /// assert!(!Code::StateLocked.is_about_the_chain() && !Code::DenyScope.is_about_the_chain());
    /// ```
    #[must_use]
    pub const fn is_about_the_chain(self) -> bool {
        matches!(
            self,
            Self::StateNoLedger
                | Self::StateOtherLedger
                | Self::StateVolatile
                | Self::StateRevoked
                | Self::StateSessionTooOld
                | Self::StateCollected
                | Self::StateUnknownSession
                | Self::StateContinues
                | Self::StateUsed
                | Self::StateApprovalUsed
                | Self::StatePendingFull
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
