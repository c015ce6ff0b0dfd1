#!/usr/bin/env bash
# Another implementation, written from spec/token.md, verifies a token that was just minted here, and notices every
# altered byte; a script written from spec/audit.md recomputes an exported log, and notices what was done to it; a second
# verifier judges all test vectors, and what is forged at random, as the library does. PYTHON names a Python that has
# requirements.txt; without it one is made outside the tree.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."

PYTHON=$("$here/python.sh")
export PYTHON

mint() { cargo run --locked --quiet --package wane --example mint_example; }
verify() { "$PYTHON" -B "$here/verify_block_by_block.py" "$@"; }

minted=$(mint)
key=${minted%%$'\n'*}
sealed=${minted##*$'\n'}
verify --alter "$key" "$sealed"

# A script that accepts everything would also pass so far: under another root it must exit with 4.
other=$(mint)
status=0
verify "${other%%$'\n'*}" "$sealed" >/dev/null 2>&1 || status=$?
[ "$status" = 4 ] || {
    echo "error: exit $status and not 4 under another root" >&2
    exit 1
}
echo "refused under another root"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export_log() { cargo run --locked --quiet --package wane-audit --example export_log -- "$folder" "$@"; }
recompute() { "$PYTHON" -B "$here/verify_export.py" "${1:-$log_key}" "${2:-$log_origin}" "$folder/records.jsonl" "$folder/checkpoint"; }

for shape in "0" "1" "2" "21" "64" "100 40"; do
    read -ra numbers <<<"$shape"
    exported=$(export_log "${numbers[@]}")
    log_key=${exported%%$'\n'*}
    log_origin=${exported##*$'\n'}
    recompute
done

# tampered WHAT COMMAND…: after the command the export must be refused; then it is put back.
tampered() {
    local what=$1
    shift
    cp "$folder/records.jsonl" "$folder/checkpoint" "$kept"
    "$@"
    status=0
    recompute >/dev/null 2>&1 || status=$?
    [ "$status" = 6 ] || {
        echo "error: exit $status and not 6 where $what" >&2
        exit 1
    }
    cp "$kept/records.jsonl" "$kept/checkpoint" "$folder"
}
kept="$folder/kept"
mkdir "$kept"
export_log 21 8 >/dev/null
tampered "a byte of a record is altered" sed -i '15s/1767225600/1767225601/' "$folder/records.jsonl"
tampered "the hash of a pruned record is altered" sed -i "3s/.*/{\"leaf\":\"$(printf '0%.0s' {1..64})\"}/" "$folder/records.jsonl"
tampered "a record is deleted" sed -i '15d' "$folder/records.jsonl"
tampered "a record is doubled" sed -i '15p' "$folder/records.jsonl"
tampered "two records are swapped" sed -i '15{h;d};16{G}' "$folder/records.jsonl"
tampered "the last record is cut" sed -i '$d' "$folder/records.jsonl"
tampered "the size is altered" sed -i '2s/21/20/' "$folder/checkpoint"
tampered "the root is altered" sed -i '3s/^../AA/' "$folder/checkpoint"
tampered "the signature is left out" sed -i '5d' "$folder/checkpoint"
status=0
recompute "${minted%%$'\n'*}" >/dev/null 2>&1 || status=$?
[ "$status" = 6 ] || {
    echo "error: exit $status and not 6 under another key" >&2
    exit 1
}
recompute >/dev/null
echo "every tampering with the export is refused"

vectors() { "$PYTHON" -B "$here/verify_audit_vectors.py" "$1"; }
vectors test-vectors
cp -r test-vectors "$folder"
for altered in records/decision.txt logs/records-7.txt; do
    sed -i 's/,"at":1767225600/,"at":1767225601/' "$folder/test-vectors/$altered"
    if vectors "$folder/test-vectors" >/dev/null 2>&1; then
        echo "error: an altered $altered is not noticed" >&2
        exit 1
    fi
    cp "test-vectors/$altered" "$folder/test-vectors/$altered"
done
vectors "$folder/test-vectors" >/dev/null
echo "altered vectors are noticed"

# The second verifier, and that it would notice a vector that says anything else.
judge() { "$PYTHON" -B "$here/judge_vectors.py" --floor 2480 "$1"; }
judge test-vectors
rm -rf "$folder/test-vectors"
cp -r test-vectors "$folder"
# misjudged FILE SED: one case is altered and must be named; then it is put back.
misjudged() {
    sed -i "$2" "$folder/test-vectors/$1"
    cmp -s "test-vectors/$1" "$folder/test-vectors/$1" && { echo "error: $1 is not altered by $2" >&2 && exit 1; }
    judge "$folder/test-vectors" >"$folder/judged" && { echo "error: an altered $1 is not noticed" >&2 && exit 1; }
    grep -q "^$1: " "$folder/judged" || { cat "$folder/judged" >&2 && exit 1; }
    cp "test-vectors/$1" "$folder/test-vectors/$1"
}
misjudged approval/one.txt 's/^expect: ok/expect: denied/'
misjudged approval/used.txt 's/^code: .*/code: deny-approval-expired/'
misjudged approval/one.txt '$s/..$/AA/'
misjudged approval/none.txt 's/^block: 0/block: 1/'
misjudged approval/none.txt '/^block: /d'
misjudged decide/exp-last-second.txt 's/^now: .*/now: 1/'
misjudged text/good.txt 's/^flags: .*/flags: other/;1s/^/other: header\n/'
rm -r "$folder/test-vectors/decide"
if judge "$folder/test-vectors" >/dev/null 2>&1; then
    echo "error: missing vectors are not noticed" >&2
    exit 1
fi
echo "altered and missing vectors of tokens are noticed"

# Forged at random, and judged by both; and a library that said another code once in a while would be noticed.
export FORGE="cargo run --locked --quiet --package wane-testkit -- random"
export JUDGE="cargo run --locked --quiet --package wane --example judge_lines --features toml"
"$here/differential.sh" 2000 1
judge_wrong() { $JUDGE_RIGHT | sed '97s/"verdict":"[a-z-]*"/"verdict":"other"/'; }
export -f judge_wrong
if JUDGE_RIGHT=$JUDGE JUDGE=judge_wrong "$here/differential.sh" 100 2 >"$folder/judged"; then
    echo "error: another verdict of the library is not noticed" >&2
    exit 1
fi
grep -q "^100 cases, 1 with another verdict, code or block$" "$folder/judged" || { cat "$folder/judged" >&2 && exit 1; }
echo "another verdict of the library is noticed"
