#!/usr/bin/env bash
# Runs fuzz targets for so many seconds each: fuzz/run.sh SECONDS [TARGET…]; without a target, all of them. With `asked`
# instead of seconds each runs for as long as fuzz/asked.sh says, and `build` only builds. One target that
# is named is built alone.
# New inputs stay in fuzz/corpus, or in the folder that CORPUS names; what fails lies in fuzz/artifacts, beside what the fuzzer
# printed. FUZZ_JOBS targets run at a time. LOG names a file that gets one line a run; fuzz/log.txt is one.
# SANITIZER=none is faster and sees less; FUZZ_FLAGS go to the fuzzer; BINARIES names a folder in which the targets are built.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=fuzz/asked.sh
. fuzz/asked.sh

seconds=${1:?usage: fuzz/run.sh SECONDS|asked|build [TARGET…]}
shift
targets=("$@")
[ ${#targets[@]} != 0 ] || mapfile -t targets < <(all_targets)

build() {
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
    local host
    host=$(rustc --version --verbose | sed -n 's/^host: //p')
    local only=()
    [ ${#targets[@]} != 1 ] || only=("${targets[0]}")
    cargo fuzz build --sanitizer "${SANITIZER:-address}" --target "$host" --target-dir fuzz/target "${only[@]}"
    BINARIES="fuzz/target/$host/release"
}

# The number behind these words in what the fuzzer printed, the last one if there are many, or 0.
said() {
    sed -n "s/.*$2 *\([0-9][0-9]*\).*/\1/p" "$1" | tail -n 1 | grep . || echo 0
}

# date, commit, target, seconds by the clock, seconds of processor time, executions, executions a second, edges covered,
# features covered, inputs in the corpus, failures
line() {
    local target=$1 printed=$2 failures=$3 clock user system
    read -r clock user system <"$printed.time"
    printf '%s %s %s %s %s %s %s %s %s %s %s\n' "$(date -u +%FT%TZ)" "${COMMIT:-$(git rev-parse --short HEAD)}" "$target" \
        "${clock%.*}" "$(awk "BEGIN { printf \"%d\", $user + $system }")" "$(said "$printed" number_of_executed_units:)" \
        "$(said "$printed" average_exec_per_sec:)" "$(said "$printed" ' cov:')" "$(said "$printed" ' ft:')" \
        "$(said "$printed" ' corp:')" "$failures"
}

fuzz() {
    local target=$1 for=$seconds corpus="${CORPUS:-fuzz/corpus}/$1" artifacts="fuzz/artifacts/$1" status=0
    [ "$seconds" != asked ] || for=$(asked "$target")
    mkdir -p "$corpus" "$artifacts"
    local printed="$artifacts/printed" folders=("$corpus")
    # New inputs are written to the first folder; the others are only read.
    for seeds in "fuzz/seeds/$target" "$vectors/$target"; do
        [ ! -d "$seeds" ] || folders+=("$seeds")
    done
    # Leaks are looked for by stopping the process, and safe code has hardly any.
    TIMEFORMAT='%R %U %S'
    # shellcheck disable=SC2086
    { time "$BINARIES/$target" -artifact_prefix="$artifacts/" -max_total_time="$for" -timeout=60 -detect_leaks=0 \
        -print_final_stats=1 -dict="fuzz/dictionaries/$target.dict" ${FUZZ_FLAGS:-} "${folders[@]}" >"$printed" 2>&1; } \
        2>"$printed.time" || status=$?
    [ -z "${LOG:-}" ] || line "$target" "$printed" "$((status != 0))" >>"$LOG"
    printf '\n-- %s, %s s\n' "$target" "$for"
    if [ "$status" != 0 ]; then tail -n 200 "$printed"; else sed -n '/^Done\|^stat::/p' "$printed"; fi
    return "$status"
}

[ -n "${BINARIES:-}" ] || build
[ "$seconds" != build ] || exit 0
vectors=fuzz/target/vectors
rm -rf "$vectors"
python3 fuzz/vectors.py "$vectors"
export ASAN_OPTIONS="detect_odr_violation=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
running=0 failed=0
for target in "${targets[@]}"; do
    if [ "$running" -ge "${FUZZ_JOBS:-1}" ]; then
        wait -n || failed=1
        running=$((running - 1))
    fi
    fuzz "$target" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
    wait -n || failed=1
    running=$((running - 1))
done
exit "$failed"
