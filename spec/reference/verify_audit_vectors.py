#!/usr/bin/env python3
"""Recomputes test-vectors/records and test-vectors/logs from what spec/audit.md says and nothing else.

    verify_audit_vectors.py FOLDER      exit 1 where a hash, a keyed digest or a proof is another

The ids in brackets are those of the sentences in spec/audit.md.
"""

import hashlib
import hmac
import json
import pathlib
import sys

from verify_export import leaf_hash, root_of


def equal(found, expected, what):
    if found != expected:
        sys.exit(f"{what}: {found!r} and not {expected!r}")


def cases(folder):
    """The headers of each case, each with all its values, and the lines behind the empty one."""
    for path in sorted(folder.iterdir()):
        head, payload = path.read_bytes().decode().split("\n\n", 1)
        headers = {}
        for name, value in (line.split(": ", 1) for line in head.split("\n")):
            headers.setdefault(name, []).append(value)
        yield path.name, headers, payload.removesuffix("\n").split("\n")


def mac(key, data):
    return hmac.new(bytes.fromhex(key), data, hashlib.sha256).hexdigest()


def check_record(name, headers, line):
    equal(leaf_hash(line.encode()).hex(), headers["leaf"][0], f"{name} A10")
    if "secret" not in headers:
        return
    record, secret, field = json.loads(line), headers["secret"][0], headers["field"][0]
    equal(hashlib.sha256(bytes.fromhex(secret)).hexdigest()[:16], record["log"], f"{name} A5")
    key = mac(secret, b"wane1.audit.record" + bytes.fromhex(record["id"]))
    equal(key, headers["record-key"][0], f"{name} A6")
    data = len(field).to_bytes(8, "big") + field.encode() + bytes.fromhex(headers["value"][0])
    equal(mac(key, data), record["body"]["arguments"][field], f"{name} A7")


def middle(size):
    return 1 << (size - 1).bit_length() - 1


def path(leaves, record):
    """PATH of RFC 6962 section 2.1.1. [A24]"""
    if len(leaves) == 1:
        return []
    k = middle(len(leaves))
    if record < k:
        return path(leaves[:k], record) + [root_of(leaves[k:])]
    return path(leaves[k:], record - k) + [root_of(leaves[:k])]


def sub_proof(leaves, start, whole=True):
    """SUBPROOF of RFC 6962 section 2.1.2. [A25]"""
    if start in (0, len(leaves)):
        return [] if whole else [root_of(leaves)]
    k = middle(len(leaves))
    if start <= k:
        return sub_proof(leaves[:k], start, whole) + [root_of(leaves[k:])]
    return sub_proof(leaves[k:], start - k, False) + [root_of(leaves[:k])]


def check_log(name, headers, lines):
    leaves = [leaf_hash(line.encode()) for line in lines]
    roots = [f"{size} {root_of(leaves[:size]).hex()}" for size in range(len(leaves) + 1)]
    equal(roots, headers["root"], f"{name} A11")
    for proof in map(json.loads, headers["inclusion"]):
        equal([node.hex() for node in path(leaves, proof["record"])], proof["path"], f"{name} A24")
    for proof in map(json.loads, headers["consistency"]):
        equal([node.hex() for node in sub_proof(leaves, proof["from"])], proof["path"], f"{name} A25")


def main(folder):
    checked = 0
    for name, headers, lines in cases(pathlib.Path(folder, "records")):
        if headers["expect"] == ["accept"]:
            check_record(name, headers, lines[0])
            checked += 1
    for name, headers, lines in cases(pathlib.Path(folder, "logs")):
        check_log(name, headers, lines)
        checked += 1
    equal(checked >= 8, True, "too few vectors")
    print(f"{checked} vectors of records and logs are recomputed")


if __name__ == "__main__":
    main(*sys.argv[1:])
