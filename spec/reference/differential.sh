#!/usr/bin/env bash
# The library and the verifier in wane_verifier.py judge the same forged chains: differential.sh COUNT SEED. Exit 1 where
# they differ in the verdict, the code or the block of one. FORGE and JUDGE are the commands that write cases and that
# judge them, JOBS the number of processes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."

count=${1:?differential.sh COUNT SEED}
seed=${2:?differential.sh COUNT SEED}
forge=${FORGE:-cargo run --locked --quiet --release --package wane-testkit -- random}
judge=${JUDGE:-cargo run --locked --quiet --release --package wane --example judge_lines --features toml}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
$forge "$count" "$seed" >"$folder/cases"
$judge <"$folder/cases" >"$folder/verdicts"
"$("$here/python.sh")" -B "$here/judge_vectors.py" --lines --jobs "${JOBS:-$(nproc)}" --floor "$count" \
    --against "$folder/verdicts" <"$folder/cases"
