#!/usr/bin/env bash
# Runs fuzz targets for so many seconds each: fuzz/run.sh SECONDS [TARGET…]; without a target, all of them.
# New inputs stay in fuzz/corpus, or in the folder that CORPUS names; what fails lies in fuzz/artifacts.
# SANITIZER=none is faster and sees less; FUZZ_FLAGS go to the fuzzer.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?usage: fuzz/run.sh SECONDS [TARGET…]}
shift
targets=("$@")
if [ ${#targets[@]} = 0 ]; then
    for path in fuzz/fuzz_targets/*.rs; do targets+=("$(basename "$path" .rs)"); done
fi
command -v cargo-fuzz >/dev/null || {
    echo "error: cargo-fuzz is missing: cargo install cargo-fuzz --locked" >&2
    exit 1
}

# The sanitizer's flags are unstable, and cargo-fuzz sets RUSTFLAGS, which undoes .cargo/config.toml: repeated here.
export RUSTC_BOOTSTRAP=1
unset CARGO_ENCODED_RUSTFLAGS RUSTFLAGS
if [ "$(rustc --print cfg | sed -n 's/^target_arch="\(.*\)"$/\1/p')" = x86_64 ]; then
    export RUSTFLAGS='--cfg curve25519_dalek_backend="avx512"'
fi
options=(--sanitizer "${SANITIZER:-address}")

cargo fuzz build "${options[@]}"
for target in "${targets[@]}"; do
    printf '\n-- %s, %s s\n' "$target" "$seconds"
    corpus="${CORPUS:-fuzz/corpus}/$target"
    mkdir -p "$corpus"
    # New inputs are written to the first folder; the seeds are only read.
    cargo fuzz run "${options[@]}" "$target" "$corpus" "fuzz/seeds/$target" -- \
        -max_total_time="$seconds" -timeout=10 -print_final_stats=1 -dict="fuzz/dictionaries/$target.dict" ${FUZZ_FLAGS:-}
done
