#!/usr/bin/env bash
# Another implementation, written from spec/token.md, verifies a token that was just minted here, and notices every
# altered byte. PYTHON names a Python that has requirements.txt; without it one is made outside the tree.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."

if [ -z "${PYTHON:-}" ]; then
    # The folder's name changes with what is pinned, so a kept one is never stale.
    pinned=$(cksum <"$here/requirements.txt" | cut -d' ' -f1)
    venv="${XDG_CACHE_HOME:-$HOME/.cache}/wane/reference-$pinned"
    if [ ! -f "$venv/complete" ]; then
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
        touch "$venv/complete"
    fi
    PYTHON="$venv/bin/python"
fi

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
