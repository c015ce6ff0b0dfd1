//! The ways in which the model can be wrong, one at a time.

macro_rules! faults {
    ($($name:ident),* $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Fault { $($name),* }

        impl Fault {
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

faults! {
    // Patterns.
    StarAtEndMayBeNothing,
    StarAtEndIsOneSegment,
    PatternsArePrefixes,
    MeetingIsContainment,
    // Scopes.
    ConditionsAreReplaced,
    OldestConditionsFirst,
    UnnamedScopesStay,
    AnEmptyListKeepsAll,
    TheFirstScopeDecides,
    OneActionSuffices,
    CeilingIsForRootsOnly,
    CeilingIsForRequestsOnly,
    // Conditions.
    TypesAreFolded,
    NullIsAbsent,
    AbsentBelowAnything,
    OneElementSuffices,
    EmptyArraysPass,
    SaidStandsForAnyFact,
    // `only`.
    OnlyAdmitsLaterNames,
    OnlyForgetsEarlierNames,
    TheMapIsALeaf,
    OnlyForgetsElements,
    // Deny and ask.
    OnlyTheNewestDenyCounts,
    OnlyTheNewestAskCounts,
    AsksComeBeforeScopes,
    UnknownGroupsOnlyAsk,
    OneApprovalSuffices,
    ApprovalsAreCounted,
    OneAskSuffices,
    HoldersMayApprove,
    ApprovalsServeAgain,
    ApprovalsNeedNoLedger,
    OwnAsksAreLeftOut,
    // Mark, ratchet, clearance.
    OnlyTheNewestRulesCount,
    RootRulesReplaceDefaults,
    EntryRulesAreLeftOut,
    EntryMarkIsLeftOut,
    LedgerMarksAreLeftOut,
    LabelsAreReplaced,
    LowerLevelsAreIgnored,
    RulesComeBeforeTheJoin,
    RulesNeedTheirExactLevel,
    AnyLabelOfARule,
    ClearanceBoundsTheMark,
    ClearanceMayRise,
    // Budgets.
    CapsMayGrow,
    OnlyTheNewestCapCounts,
    SessionsAreChargedForAll,
    ContinuedCountersStartAgain,
    EachActionCosts,
    NoCostIsNothing,
    CapsAreNotReached,
    // Depth, sessions, ledgers.
    SealsCountForDepth,
    UnstatedDepthStays,
    UnstatedDepthPasses,
    SessionsOpenAgain,
    NoSessionIsNeeded,
    ContinuesStandsAnywhere,
    LedgersAreReplaced,
    AnySessionIsContinued,
    RegisteringIsNothing,
    OnlyTheLastBlockIsRevoked,
    RevokedByOwnIat,
    TheForgottenLives,
    // Times, audiences, seals.
    IatMayFall,
    EmptyTimesPass,
    TheLastSecondCounts,
    LeewayOnEnds,
    NoLeewayOnStarts,
    AudiencesAddUp,
    AnyServerWillDo,
    AnyDigestFits,
    AnySealServesOnce,
}
