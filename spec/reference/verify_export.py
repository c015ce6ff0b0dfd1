#!/usr/bin/env python3
"""Recomputes an exported audit log, from what spec/audit.md says and nothing else.

    verify_export.py KEY ORIGIN RECORDS CHECKPOINT    prints what is proved; exit 6 where the export is not what was signed

KEY is the checkpoint key as `wane1.key.…`. The ids in brackets are those of the sentences in spec/audit.md.
"""

import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def check(holds, why):
    if not holds:
        print(f"broken: {why}", file=sys.stderr)
        sys.exit(6)


def leaf_hash(line):
    if line.startswith(b'{"leaf":'):  # a pruned record [A29]
        return bytes.fromhex(json.loads(line)["leaf"])
    return hashlib.sha256(b"\0" + line).digest()  # [A10]


def root_of(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()  # [A12]
    k = 1 << (len(leaves) - 1).bit_length() - 1  # [A11]
    return hashlib.sha256(b"\1" + root_of(leaves[:k]) + root_of(leaves[k:])).digest()


def main(key_text, origin, records, checkpoint):
    key = base64.urlsafe_b64decode(key_text.removeprefix("wane1.key.") + "=")
    text, _, signatures = open(checkpoint, encoding="utf-8", newline="").read().rpartition("\n\n")
    text += "\n"
    named_origin, size, root, end = text.split("\n")  # [A15]
    check(named_origin == origin and end == "", "the checkpoint is of another log")
    key_id = hashlib.sha256(origin.encode() + b"\n\1" + key).digest()[:4]  # [A17]
    named = [base64.b64decode(line.split(" ")[2]) for line in signatures.splitlines() if f" {origin} " in line]
    ours = [signature[4:] for signature in named if signature[:4] == key_id]
    check(ours, "the key has not signed the checkpoint")
    for signature in ours:  # [A18]
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, text.encode())
        except InvalidSignature:
            check(False, "the signature of the checkpoint does not fit")
    lines = open(records, "rb").read().split(b"\n")
    check(lines.pop() == b"", "the last record is cut")
    check(str(len(lines)) == size, f"{len(lines)} records, the checkpoint has {size}")
    check(base64.b64encode(root_of([leaf_hash(line) for line in lines])).decode() == root, "other records were signed")
    print(f"proved up to {size} by the checkpoint with the root {root}")


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) == 5 else sys.exit(__doc__)
