//! The comparison bites: each way in which the model can be wrong is found out by a case.

use super::families;
use super::naive::Fault;

/// The faults that the cases of a family are for.
const TABLE: &[(&str, &[Fault])] = {
    use Fault::*;
    &[
        ("patterns", &[StarAtEndMayBeNothing, StarAtEndIsOneSegment, PatternsArePrefixes, MeetingIsContainment]),
        ("lists of scopes", &[UnnamedScopesStay, AnEmptyListKeepsAll]),
        ("deny", &[OnlyTheNewestDenyCounts]),
        ("several actions", &[OneActionSuffices]),
        (
            "conditions",
            &[
                TypesAreFolded,
                NullIsAbsent,
                AbsentBelowAnything,
                OneElementSuffices,
                EmptyArraysPass,
                SaidStandsForAnyFact,
            ],
        ),
        (
            "pairs of conditions",
            &[ConditionsAreReplaced, OldestConditionsFirst, TheFirstScopeDecides, CeilingIsForRootsOnly],
        ),
        ("only, all trees", &[OnlyForgetsElements, TheMapIsALeaf]),
        ("only, all shapes", &[OnlyAdmitsLaterNames, OnlyForgetsEarlierNames]),
        (
            "asks",
            &[
                OnlyTheNewestAskCounts,
                AsksComeBeforeScopes,
                UnknownGroupsOnlyAsk,
                OneApprovalSuffices,
                ApprovalsAreCounted,
                OneAskSuffices,
                ApprovalsNeedNoLedger,
            ],
        ),
        ("own asks", &[OwnAsksAreLeftOut]),
        ("approvals", &[HoldersMayApprove, ApprovalsServeAgain]),
        (
            "ratchet rules",
            &[
                OnlyTheNewestRulesCount,
                RootRulesReplaceDefaults,
                EntryRulesAreLeftOut,
                RulesComeBeforeTheJoin,
                RulesNeedTheirExactLevel,
                AnyLabelOfARule,
            ],
        ),
        ("joined marks", &[EntryMarkIsLeftOut, LedgerMarksAreLeftOut, LabelsAreReplaced]),
        ("levels", &[LowerLevelsAreIgnored]),
        ("clearances", &[ClearanceBoundsTheMark, ClearanceMayRise]),
        ("caps", &[CapsMayGrow, NoCostIsNothing, CapsAreNotReached, LedgersAreReplaced]),
        ("spent", &[OnlyTheNewestCapCounts, SessionsAreChargedForAll, ContinuedCountersStartAgain, EachActionCosts]),
        ("depths", &[SealsCountForDepth, UnstatedDepthStays, UnstatedDepthPasses]),
        ("sessions", &[SessionsOpenAgain, NoSessionIsNeeded, ContinuesStandsAnywhere]),
        (
            "ledgers",
            &[
                AnySessionIsContinued,
                RegisteringIsNothing,
                OnlyTheLastBlockIsRevoked,
                TheForgottenLives,
                AnySealServesOnce,
            ],
        ),
        ("revoked before", &[RevokedByOwnIat]),
        ("stated times", &[IatMayFall, EmptyTimesPass]),
        ("seconds", &[TheLastSecondCounts, LeewayOnEnds, NoLeewayOnStarts]),
        ("audiences", &[AudiencesAddUp, AnyServerWillDo]),
        ("ceilings", &[CeilingIsForRequestsOnly]),
        ("seals for one request", &[AnyDigestFits]),
    ]
};

#[test]
fn every_fault_has_its_family() {
    let listed: Vec<_> = TABLE.iter().flat_map(|(_, faults)| faults.iter()).collect();
    assert_eq!(listed.len(), Fault::ALL.len());
    assert!(Fault::ALL.iter().all(|fault| listed.contains(&fault)));
    assert!(listed.len() >= 70, "{}", listed.len());
}

#[test]
fn every_broken_model_is_found_out() {
    let mut missed = Vec::new();
    for (name, faults) in TABLE {
        let family = families::all().find(|family| family.name == *name).unwrap();
        for fault in *faults {
            match family.finds(*fault) {
                Some(tried) => println!("{fault:?}: found out by case {tried} of {name}"),
                None => missed.push(fault),
            }
        }
    }
    assert!(missed.is_empty(), "{missed:?}");
}
