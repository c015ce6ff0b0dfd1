#!/usr/bin/env bash
# What fuzz/log.txt, or another such file, comes to for each target, beside what is asked: fuzz/sums.sh [FILE].
# Of a run the smaller of its seconds by the clock and its seconds of processor time counts.
set -euo pipefail
cd "$(dirname "$0")/.."
. fuzz/asked.sh

log=${1:-fuzz/log.txt}
printf '%-10s %5s %8s %8s %8s %14s %7s %6s %8s\n' target runs seconds asked missing executions edges corpus failures
status=0
for target in $(all_targets); do
    awk -v target="$target" -v asked="$(asked "$target")" '
        $3 == target {
            runs++; seconds += ($4 < $5 ? $4 : $5); executions += $6; failures += $11
            if ($8 > edges) edges = $8
            corpus = $10
        }
        END {
            missing = seconds < asked ? asked - seconds : 0
            printf "%-10s %5d %8d %8d %8d %14d %7d %6d %8d\n", \
                target, runs, seconds, asked, missing, executions, edges, corpus, failures
            exit missing > 0
        }' "$log" || status=1
done
exit "$status"
