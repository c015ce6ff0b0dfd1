#!/usr/bin/env bash
# Prints the path of a Python that has requirements.txt: PYTHON, or else one that is made outside the tree.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

if [ -z "${PYTHON:-}" ]; then
    # The folder's name changes with what is pinned, so a kept one is never stale.
    pinned=$(cksum <"$here/requirements.txt" | cut -d' ' -f1)
    venv="${XDG_CACHE_HOME:-$HOME/.cache}/wane/reference-$pinned"
    if [ ! -f "$venv/complete" ]; then
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" >&2
        touch "$venv/complete"
    fi
    PYTHON="$venv/bin/python"
fi
echo "$PYTHON"
