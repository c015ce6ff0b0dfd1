#!/usr/bin/env bash
# The gateway between official MCP clients and official MCP servers: run.sh [WANE]
# Needs node, npm, python3 with venv, git and network; what it installs lies in REAL, or in the cache of whoever runs it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../../.."

wane=${1:-}
if [ -z "$wane" ]; then
    cargo build --locked --quiet --package wane-cli
    wane="${CARGO_TARGET_DIR:-$PWD/target}/debug/wane"
fi
wane=$(realpath "$wane")

# The folder's name changes with what is pinned, so a kept one is never stale.
pinned=$(cat "$here/requirements.txt" "$here/package-lock.json" "$here/node22/package-lock.json" | cksum | cut -d' ' -f1)
real="${REAL:-${XDG_CACHE_HOME:-$HOME/.cache}/wane}/real-$pinned"
if [ ! -f "$real/complete" ]; then
    rm -rf "$real"
    mkdir -p "$real"
    python3 -m venv "$real/python"
    "$real/python/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    cp "$here/package.json" "$here/package-lock.json" "$real"
    (cd "$real" && npm ci --silent --no-audit --no-fund)
    mkdir "$real/node22"
    cp "$here/node22/package.json" "$here/node22/package-lock.json" "$real/node22"
    touch "$real/complete"
fi

# The conformance suite and the inspector need a Node that many systems do not have yet.
recent='const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major * 100 + minor >= 2219 ? 0 : 1)'
if node -e "$recent"; then
    NODE22=$(command -v node)
else
    [ -f "$real/node22/complete" ] || (cd "$real/node22" && npm ci --silent --no-audit --no-fund && touch complete)
    NODE22=$(echo "$real"/node22/node_modules/node-linux-*/bin/node)
fi
export NODE22

log=$(mktemp)
trap 'rm -f "$log"' EXIT
for script in clients typescript enforced over_http tool_server ext_authz inspector conformance parity; do
    # What servers and gateways say is worth reading only where something failed.
    if ! "$real/python/bin/python" "$here/$script.py" "$wane" "$real/node_modules" "$real/python/bin" 2>"$log"; then
        tail -n 60 "$log" >&2
        exit 1
    fi
done
