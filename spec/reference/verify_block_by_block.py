#!/usr/bin/env python3
"""Verifies a sealed Wane token block by block, from what spec/token.md says and nothing else.

    verify_block_by_block.py ROOT_KEY SEALED      prints each block; exit 4 where the token is not genuine
    verify_block_by_block.py --alter ROOT_KEY SEALED
                                                  also shows that every altered byte and every cut is noticed

Two paths check each signature and must agree: `cryptography` over a Sig_structure built here, and the COSE package
`cwt`, which knows nothing of Wane. Whether a block only narrows, and what a request may do, is not judged here.
The ids in brackets are those of the sentences in spec/.
"""

import base64
import hashlib
import sys

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cwt import COSE, COSEKey

START = bytes.fromhex("8443a10132a0")  # array of four, protected {1: -19}, unprotected {} [T17]
PROTECTED = bytes.fromhex("a10132")
CNF = bytes.fromhex("a101a30101200621 5820")  # {1: {1: 1, -1: 6, -2: bytes(32)}} [T32]
KINDS = ["root", "delegate", "seal"]
PRIVATE = -65537
CLAIMS = {2: "sub", 3: "aud", 4: "exp", 5: "nbf", 6: "iat", 7: "cti", 8: "cnf", PRIVATE: "private"}
PRIVATE_CLAIMS = {
    0: "hint", 1: "session", 2: "continues", 3: "ledger", 4: "scopes", 5: "deny", 6: "ask", 7: "rules", 8: "level",
    9: "labels", 10: "clearance", 11: "budgets", 12: "depth", 13: "note", 14: "digest", 15: "said",
}
P = 2**255 - 19
Y8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022
SMALL_ORDER = {0, 1, P - 1, Y8, P - Y8}  # the y coordinates of the eight points of small order


class Refused(Exception):
    """The token is malformed or not genuine."""


def check(holds, why):
    if not holds:
        raise Refused(why)


def from_text(text, prefix):
    """The bytes behind a prefix: base64url, unpadded, in its only spelling. [T1, T2]"""
    start = f"wane1.{prefix}."
    check(text.startswith(start), f"the text does not start with {start}")
    body = text[len(start):].removesuffix("\n")
    try:
        data = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except ValueError as error:
        raise Refused("the text is not base64url") from error
    check(base64.urlsafe_b64encode(data).rstrip(b"=").decode() == body, "the text has another spelling")
    return data


def plain(item, depth=0):
    """Only integers, byte strings, texts, arrays, maps, booleans and null, at most eight deep. [T6, T12]"""
    if isinstance(item, (list, tuple)):
        return depth < 8 and all(plain(one, depth + 1) for one in item)
    if isinstance(item, dict):
        return depth < 8 and all(plain(one, depth + 1) for pair in item.items() for one in pair)
    # The decoder makes an `int` of a tagged big integer too.
    return item is None or type(item) in (bytes, str, bool) or (type(item) is int and -(2**64) <= item < 2**64)


def strict(data):
    """The one item of deterministic CBOR that these bytes are. [T6 to T13]

    "Decode, encode, compare" is a check here because Python's maps keep one of two equal keys: what stood twice does
    not come back. A decoder whose maps are lists of pairs would need to look for duplicates.
    """
    try:
        item = cbor2.loads(data)
    except Exception as error:  # It also reads tags (dates, decimals, …), each with errors of its own.
        raise Refused(f"not CBOR: {error}") from error
    check(plain(item), "an item outside the profile")
    check(cbor2.dumps(item, canonical=True) == data, "not deterministic, or bytes behind it")
    return item


def public_key(data):
    """32 bytes of a canonical point that is not of small order. [T33]"""
    check(type(data) is bytes and len(data) == 32, "not a key")
    y = int.from_bytes(data, "little") & (2**255 - 1)
    check(y < P and y not in SMALL_ORDER, "a key in another spelling, or of small order")
    try:
        return Ed25519PublicKey.from_public_bytes(data)
    except ValueError as error:
        raise Refused("not a key") from error


def hint_of(key):
    return hashlib.sha256(key).digest()[:8]


def read_claims(payload, place):
    """The claims of a payload, their names and places. [T28 to T32]"""
    claims = strict(payload)
    check(isinstance(claims, dict) and claims.keys() <= CLAIMS.keys(), "an unknown claim")
    private = claims.get(PRIVATE, {})
    check(isinstance(private, dict) and private.keys() <= PRIVATE_CLAIMS.keys(), "an unknown private claim")
    check(PRIVATE not in claims or private, "an empty private map")
    if 8 in claims:
        encoded = cbor2.dumps(claims[8], canonical=True)
        check(encoded.startswith(CNF) and len(encoded) == len(CNF) + 32, "cnf is not an Ed25519 key")
    if place == "root":
        check({3, 4, 6, 8} <= claims.keys() and {0, 4} <= private.keys(), "a root block lacks a claim")
    else:
        check(0 not in private, "a hint after the root block")
    return claims, private


def verify_cryptography(key, aad, payload, signature):
    """The signature over the Sig_structure of RFC 9052; its hash is the block's id. [T22, T25]"""
    signed = cbor2.dumps(["Signature1", PROTECTED, aad, payload])
    check(len(signed) <= 4096, "more than 4,096 bytes to sign")
    try:
        public_key(key).verify(signature, signed)
    except InvalidSignature as error:
        raise Refused("the signature does not fit") from error
    return hashlib.sha256(signed).digest()


def verify_cwt(key, aad, envelope, payload):
    """The same by a COSE package, which wants tag 18 (COSE_Sign1) in front."""
    try:
        cose_key = COSEKey.new({1: 1, -1: 6, -2: key, 3: -19})
        found = COSE.new().decode(b"\xd2" + envelope, [cose_key], external_aad=aad)
    except Exception as error:  # The package has many kinds of error; none of them is an answer.
        raise Refused(f"cwt refuses: {error}") from error
    check(found == payload, "cwt reads another payload")


def verify(token, root_key, both=True):
    """Every block of a sealed token, as (kind, id, claims, bytes): the chain is genuine. [T109 to T112]"""
    check(len(token) <= 16384, "more than 16,384 bytes")
    parts = strict(token)
    check(isinstance(parts, list) and len(parts) in (1, 2) and isinstance(parts[0], list), "not a token")
    check(len(parts) == 1, "a secret stands in it")
    check(1 <= len(parts[0]) <= 16, "not 1 to 16 blocks")
    key, previous, blocks = root_key, None, []
    for index, block in enumerate(parts[0]):
        # The token is deterministic, so this is how the block stood in it.
        envelope = cbor2.dumps(block, canonical=True)
        check(envelope.startswith(START) and len(block) == 4, "another start of an envelope")
        payload, signature = block[2:]
        check(type(payload) is bytes and type(signature) is bytes and len(signature) == 64, "another envelope")

        last = index == len(parts[0]) - 1
        claims, private = read_claims(payload, "root" if index == 0 else "later")
        kind = 0 if index == 0 else 1 if 8 in claims else 2
        check((kind == 2) == last, "a seal stands only at the end of a sealed token")
        if index == 0:
            check(private[0] == hint_of(root_key), "the hint names another root")
            previous = hashlib.sha256(b"wane1" + private[0]).digest()

        aad = cbor2.dumps(["wane1", kind, previous])
        previous = verify_cryptography(key, aad, payload, signature)
        if both:
            verify_cwt(key, aad, envelope, payload)
        blocks.append((KINDS[kind], previous, claims, envelope))
        # The next block is signed by the key this one names.
        key = claims[8][1][-2] if 8 in claims else None
    return blocks


def refuses(token, root_key, both=False):
    try:
        verify(token, root_key, both)
    except Refused:
        return True
    return False


def show(blocks):
    for index, (kind, block_id, claims, envelope) in enumerate(blocks):
        print(f"block {index}: {kind}, {len(envelope)} bytes, id {block_id.hex()}")
        for number, value in claims.items():
            if number == PRIVATE:
                for private, inner in value.items():
                    print(f"    {PRIVATE_CLAIMS[private]}: {inner.hex() if type(inner) is bytes else inner}")
            elif number == 8:
                print(f"    cnf: {value[1][-2].hex()}")
            else:
                print(f"    {CLAIMS[number]}: {value.hex() if type(value) is bytes else value}")


def alter(token, root_key):
    """Every other value of every byte, and every cut; the second path for one value of each byte."""
    for place in range(len(token)):
        for change in range(1, 256):
            altered = bytearray(token)
            altered[place] ^= change
            check(refuses(bytes(altered), root_key), f"byte {place} altered by {change:#x} is not noticed")
        altered = bytearray(token)
        altered[place] ^= 1
        check(refuses(bytes(altered), root_key, both=True), f"byte {place} altered is not noticed")
        check(refuses(token[:place], root_key), f"a cut after {place} bytes is not noticed")
    print(f"all {255 * len(token)} alterations of one byte and all {len(token)} cuts are refused")


def main(arguments):
    altering = arguments[:1] == ["--alter"]
    key_text, token_text = arguments[altering:]
    try:
        root_key = from_text(key_text, "key")
        public_key(root_key)
        token = from_text(token_text, "sealed")
        show(verify(token, root_key))
        if altering:
            alter(token, root_key)
    except Refused as refused:
        print(f"refused: {refused}", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
