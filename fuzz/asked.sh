# What fuzz targets there are, and how many seconds each is to have run in all; read by other scripts.
# shellcheck shell=bash

all_targets() {
    local path
    for path in fuzz/fuzz_targets/*.rs; do basename "$path" .rs; done
}

asked() {
    case $1 in
    request | scan | verify) echo 3600 ;;
    *) echo 600 ;;
    esac
}
