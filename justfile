# `just` alone lists what there is. Everything also works without just: the lines are plain commands.

_list:
    @{{ just_executable() }} --list --unsorted

# every test and every documentation example
test:
    cargo test --workspace

# format and lints, as .ci/run checks them
lint:
    cargo fmt --check
    cargo clippy --workspace --all-targets --all-features

# the documentation of the library, in the browser
doc:
    cargo doc --workspace --all-features --no-deps --open

# a token's life in two processes, offline
demo:
    cargo run --package wane-cli -- demo

# the test vectors of tokens and decisions, written again
vectors:
    cargo run --package wane-testkit

# the library and the second verifier, in Python, on so many cases that are forged at random
differential count="100000" seed=`od -An -N4 -tu4 /dev/urandom | tr -d ' '`:
    @echo "seed {{ seed }}"
    spec/reference/differential.sh {{ count }} {{ seed }}

# so many checks of valid tokens by four threads a core; fails when one is denied
same-answer checks="1000000":
    cargo run --release --package wane --example same_answer -- {{ checks }}

# all vectors about tokens and decisions on wasm32-unknown-unknown, under Node
wasm:
    crates/wane/tests/wasm/run.sh

# a private PostgreSQL for tests, until Ctrl-C; its URL goes into WANE_TEST_POSTGRES, or tests start one themselves
postgres:
    .ci/postgres run

# eight processes on one SQLite file and on one PostgreSQL, so many calls each, half of them admitted; the history is judged
concurrency calls="40000":
    WANE_HISTORY_CALLS={{ calls }} cargo test --package wane-ledger --test history -- concurrency:: --nocapture

# processes killed at random points, so many rounds on each kind of store; seed and outcome of each round go into the log
crash log rounds="300" seed=`od -An -N6 -tu8 /dev/urandom | tr -d ' '`:
    WANE_CRASH_ROUNDS={{ rounds }} WANE_CRASH_SEED={{ seed }} WANE_CRASH_LOG={{ absolute_path(log) }} \
        cargo test --package wane-ledger --test history -- crash:: --nocapture

# verify and decide beside bare signature checks, a log beside bare hashing, an admission beside a bare durable write; fails
# when a ratio passes its bound
bench: bench-gateway
    cargo bench --package wane --bench chain
    cargo bench --package wane-audit --bench verify
    cargo bench --package wane-ledger --bench admit

# what the gateway adds to a call, and a check of the HTTP service beside a bare echo; fails where a bound is passed
bench-gateway:
    cargo bench --package wane-gateway --bench call
    cargo bench --package wane-gateway --bench service

# what so many live sessions take in memory and on disk
bench-sessions count="1000000":
    cargo bench --package wane-ledger --bench admit -- sessions {{ count }}

# each fuzz target for so many seconds, or only those named: just fuzz 600 scan
fuzz seconds="600" *targets:
    fuzz/run.sh {{ seconds }} {{ targets }}

# each fuzz target for as long as is asked of it, with the final statistics in fuzz/log.txt
fuzz-long *targets:
    LOG=fuzz/log.txt fuzz/run.sh asked {{ targets }}

# what the log of fuzzing comes to, target by target; fails where less was run than is asked
fuzz-log:
    fuzz/sums.sh

# changes to the token library that its tests must notice: just mutants, just mutants cbor/ grant.rs, just mutants --shard 0/4
mutants *what:
    cargo run --quiet --locked --release --manifest-path .mutants/Cargo.toml --target-dir target/mutants/tool -- run {{ what }}

# what came out of that for each source file; fails where an outcome is old or missing, or a change got through unexplained
mutants-report:
    cargo run --quiet --locked --release --manifest-path .mutants/Cargo.toml --target-dir target/mutants/tool -- report

# 500 sessions at once before one gateway for so many seconds, with faults in between; what memory it took goes into a file
soak seconds="3600" samples="target/soak.csv":
    cargo build --locked --release --package wane-cli
    python3 crates/wane-gateway/tests/real/soak.py target/release/wane {{ seconds }} {{ samples }}

# a static Linux binary with its checksum, in target/dist
release:
    #!/usr/bin/env bash
    set -euo pipefail
    host=$(rustc --version --verbose | sed -n 's/^host: //p')
    # Given this way, the setting joins the backend of .cargo/config.toml; in RUSTFLAGS it would replace it.
    cargo build --locked --release --package wane-cli --target "$host" --target-dir target \
        --config "target.$host.rustflags = ['-C', 'target-feature=+crt-static']" \
        --config 'profile.release.strip = true'
    version=$(cargo pkgid --package wane-cli | sed 's/.*[#@]//')
    name="wane-$version-$host"
    mkdir -p target/dist
    cp "target/$host/release/wane" "target/dist/$name"
    cd target/dist
    # A binary that still asks for a loader is not what this recipe promises.
    if readelf --program-headers "$name" | grep -q INTERP; then echo "error: $name is not static" >&2; exit 1; fi
    sha256sum "$name" | tee "$name.sha256"

# everything that must hold before a change is taken
ci:
    .ci/run
