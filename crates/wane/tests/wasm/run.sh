#!/usr/bin/env bash
# All vectors about tokens and decisions on wasm32-unknown-unknown, under Node.
# Where rustup has no standard library for the target and cannot fetch one, it is built from the sources of exactly this
# compiler: rustup's component rust-src, RUST_SRC (a folder `library`), or Debian's package rust-src.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../../.." && pwd)
cd "$top"
target=wasm32-unknown-unknown
into="${CARGO_TARGET_DIR:-$top/target}/wasm"
sysroot=$(rustc --print sysroot)
version=$(rustc --version | cut -d' ' -f2)

# Debian keeps the sources of several compilers beside each other in its backports. Lists and package go below the target
# folder; nothing is installed.
from_debian() {
    local apt="$into/apt"
    [ ! -f "$apt/complete" ] || return 0
    rm -rf "$apt"
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    local mirror
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' | grep -m1 '/debian/$') || return 1
    echo "deb $mirror trixie-backports main" >"$apt/sources"
    local options=(-qq -o "Dir::Etc::sourcelist=$apt/sources" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$apt/lists"
        -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root)
    apt-get "${options[@]}" update >&2 || return 1
    local found
    found=$(apt-cache "${options[@]}" madison rust-src | awk -F' *[|] *' -v v="$version+" 'index($2, v) == 1 { print $2; exit }')
    [ -n "$found" ] || return 1
    (cd "$apt" && apt-get "${options[@]}" download "rust-src=$found" >&2) || return 1
    mkdir "$apt/src"
    dpkg-deb --fsys-tarfile "$apt"/rust-src_*.deb | tar -x -C "$apt/src" "./usr/src/rustc-$version/library" || return 1
    touch "$apt/complete"
}

build=(cargo build --locked --quiet --manifest-path "$here/Cargo.toml" --target "$target" --target-dir "$into")
if [ -d "$sysroot/lib/rustlib/$target/lib" ] || rustup --quiet target add "$target" 2>/dev/null; then
    "${build[@]}"
else
    src=${RUST_SRC:-$sysroot/lib/rustlib/src/rust/library}
    if [ ! -d "$src" ]; then
        if ! { command -v apt-get >/dev/null && from_debian; }; then
            echo "error: no standard library for $target, and no sources of rust $version to build one from" >&2
            exit 1
        fi
        src="$into/apt/src/usr/src/rustc-$version/library"
    fi
    # The compiler is a stable one, and so are the sources; only building them is not.
    RUSTC_BOOTSTRAP=1 __CARGO_TESTS_ONLY_SRC_ROOT="$src" "${build[@]}" -Z build-std=std,panic_abort
fi
node "$here/judge.mjs" "$into/$target/debug/wane_on_wasm.wasm" test-vectors
