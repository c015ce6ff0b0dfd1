"""What a Wane token states: claims, scopes and their notation as text, blocks, approvals. Part of wane_verifier.py.

The ids in brackets are those of the sentences in spec/token.md and spec/scopes.md.
"""

import hashlib
import re
from types import SimpleNamespace

import cbor2
from wane_forms import NUMBER, SAFE, SCHEME, STRING, WHITE, WORDS, Refused, address, is_good_key, is_plain_host
from wane_forms import is_plain_path, need, plain_ipv6, read_number, read_string, scan, unwrap

LAST_SECOND = 253402300799
LEVELS = ["public", "internal", "confidential", "restricted", "top-secret"]


# The values of claims [T31]–[T36].

SEGMENT = r"[A-Za-z0-9._/@+-]{1,64}"
PATTERN = re.compile(rf"(?:{SEGMENT}|\*)(?::(?:{SEGMENT}|\*)){{0,7}}")
NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")


def typed(value, kind):
    need(type(value) is kind, "parse-claim-type")
    return value


def uint(value):
    need(typed(value, int) >= 0, "parse-claim-type")
    return value


def at_most(most):
    def read(value):
        need(uint(value) <= most, "parse-limit")
        return value

    return read


def octets(size):
    def read(value):
        need(len(typed(value, bytes)) == size, "parse-claim-type")
        return value

    return read


def text_of(least, most):
    def read(value):
        need(len(typed(value, str)) >= least, "parse-not-canonical")
        need(len(value.encode()) <= most, "parse-limit")
        return value

    return read


def time(value):
    need(uint(value) <= LAST_SECOND, "parse-time")
    return value


def level(value):
    need(uint(value) < len(LEVELS), "parse-level")
    return value


def name(value):
    need(NAME.fullmatch(typed(value, str)), "parse-name")
    return value


def pattern(value):
    need(len(typed(value, str)) <= 256 and PATTERN.fullmatch(value), "parse-pattern")
    return value


def action(value):
    need("*" not in pattern(value), "parse-pattern")
    return value


def scalar(value):
    if type(value) is int:
        need(abs(value) <= SAFE, "parse-limit")
    elif type(value) is str:
        need(len(value.encode()) <= 256, "parse-limit")
    else:
        need(value is None or type(value) is bool, "parse-claim-type")
    return value


def safe_int(value):
    return scalar(typed(value, int))


def many(read, most, least=1, distinct=True):
    def read_all(value):
        need(len(typed(value, list)) >= least, "parse-not-canonical")
        need(len(value) <= most, "parse-limit")
        result, before = [], set()
        for element in value:
            result.append(read(element))
            encoded = cbor2.dumps(element)
            need(not distinct or encoded not in before, "parse-not-canonical")
            before.add(encoded)
        return result

    return read_all


def named(read):
    """A map of 1–16 from names."""

    def read_all(value):
        need(len(typed(value, tuple)) >= 1, "parse-not-canonical")
        need(len(value) <= 16, "parse-limit")
        return {name(key): read(one) for key, one in value}

    return read_all


def labels(most, least):
    def read(value):
        result = many(name, most, least)(value)
        need(result == sorted(result, key=lambda label: (len(label), label)), "parse-not-canonical")
        return result

    return read


def parts(value, *counts):
    need(len(typed(value, list)) in counts, "parse-claim-type")
    return value


def audiences(value):
    patterns = [pattern(value)] if type(value) is str else many(pattern, 16)(value)
    need(type(value) is str or len(value) > 1, "parse-not-canonical")
    return patterns


def true(value):
    need(value is True, "parse-claim-type")
    return value


def key_of_cnf(value):
    need(type(value) is tuple and len(value) == 1 and value[0][0] == 1, "parse-claim-type")
    inner = value[0][1]
    need(type(inner) is tuple and len(inner) == 3 and type(inner[2][1]) is bytes, "parse-claim-type")
    # Compared as bytes, since 1 and true are equal in Python.
    head = b"".join(cbor2.dumps(part) for part in (value[0][0], *inner[0], *inner[1], inner[2][0]))
    need(head == b"\x01\x01\x01\x20\x06\x21", "parse-claim-type")
    return public_key(inner[2][1])


def public_key(value):
    need(is_good_key(octets(32)(value)), "parse-key")
    return value


def approver(value):
    if type(value) is bytes:
        public_key(value)
    else:
        need(typed(value, str).startswith("@"), "parse-name")
        name(value[1:])
    return value


def ask(value):
    patterned, approvers, count = parts(value, 3)
    ask = pattern(patterned), many(approver, 64)(approvers), uint(count)
    need(count > 0, "parse-limit")
    return ask


def rule(value):
    lowest, with_labels, keep = parts(value, 3)
    return level(lowest), labels(16, 0)(with_labels), many(pattern, 64, 0)(keep)


# Scopes and conditions as claims [T69]–[T81].


def scope(value):
    if type(value) is not list:
        return pattern(value), [], False
    parts(value, 2, 3)
    pattern(value[0])
    conditions = many(condition, 64, 1 if len(value) == 2 else 0)(value[1])
    return value[0], conditions, len(value) == 3 and true(value[2])


def refinement(value):
    if type(value) is not list:
        return uint(value), None, [], False
    parts(value, 2, 3, 4)
    uint(value[0])
    if len(value) == 2:
        need(value[1] is not None, "parse-not-canonical")
        return value[0], pattern(value[1]), [], False
    if value[1] is not None:
        pattern(value[1])
    conditions = many(condition, 64, 1 if len(value) == 3 else 0)(value[2])
    return value[0], value[1], conditions, len(value) == 4 and true(value[3])


def target(value):
    """A fact as its name, a pointer as the tuple of its steps."""
    if text_of(0, 256)(value).startswith("@"):
        need(value != "@said", "parse-condition")
        name(value.removeprefix("@").removeprefix("said."))
        return value
    need(value.startswith("/") and not re.search("~(?![01])", value), "parse-condition")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in value[1:].split("/"))


def condition(value):
    parts(value, 2, 3)
    where, operator = target(value[0]), uint(value[1])
    need(operator in OPERANDS and (len(value) == 2) == (operator == 11), "parse-condition")
    return where, operator, None if operator == 11 else OPERANDS[operator](value[2])


def length(value):
    need(uint(value) <= SAFE, "parse-condition")
    return value


def short(is_form=None):
    def read(value):
        text_of(0, 256)(value)
        need(not is_form or is_form(value), "parse-condition")
        return value

    return read


def network(value):  # [T98]
    text_of(0, 256)(value)
    base, _, bits = value.partition("/")
    found = address(base)
    need(found is not None and re.fullmatch("0|[1-9][0-9]{0,2}", bits), "parse-condition")
    plain = str(found) if found.version == 4 else plain_ipv6(found)
    free = found.max_prefixlen - int(bits)
    need(base == plain and free >= 0 and int(found) % 2**free == 0, "parse-condition")
    return found.version, int(found), free


def host(value):
    """A name or literal and its port, or None for the default one."""
    text_of(0, 256)(value)
    found = re.fullmatch(r"(\[[0-9a-f:]+\]|[a-z0-9._-]+)(?::([1-9][0-9]{0,4}))?", value)
    need(found and is_plain_host(found[1]) and "" not in found[1].split("."), "parse-condition")
    need(int(found[2] or 0) <= 65535, "parse-condition")
    return found[1], int(found[2]) if found[2] else None


OPERANDS = {
    1: scalar,
    2: many(scalar, 64),
    3: safe_int,
    4: safe_int,
    5: length,
    6: short(),
    7: many(short(is_plain_path), 64),
    8: many(host, 64),
    9: short(SCHEME.fullmatch),
    10: many(network, 64),
    11: None,
    12: many(short(len), 64),
}


# Scope text [T100]–[T104].

PART = re.compile(rf"({STRING.pattern})|(<=|>=|[=,\[\]])|([!#-+\--;?-Z\\^-~]+)")
# fmt: off
OPERATORS = {"=": 1, "in": 2, "<=": 3, ">=": 4, "len": 5, "like": 6, "under": 7, "host": 8, "scheme": 9, "cidr": 10,
             "absent": 11, "seen": 12}
# fmt: on


def read_scope(text):
    parts, at = [], WHITE.match(text).end()
    while at < len(text):
        match = PART.match(text, at)
        need(match, "parse-scope")
        parts.append(match)
        at = WHITE.match(text, match.end()).end()
    parts.reverse()

    def is_next(*words):
        return bool(parts) and parts[-1][0] in words

    def take(*kinds):
        need(
            parts and any(parts[-1][kind] for kind in kinds) and not is_next("and", "if", "only", "open"), "parse-scope"
        )
        return parts.pop()

    def text_part():
        part = take(1, 3)
        return read_string(part, "parse-scope") if part[1] else part[3]

    def value():
        if not parts or not parts[-1][3]:
            return text_part()
        word = take(3)[3]
        return WORDS[word] if word in WORDS else integer(word) if NUMBER.fullmatch(word) else word

    def integer(word):
        match = NUMBER.fullmatch(word)
        need(match, "parse-scope")
        need(type(read_number(match)) is int, "parse-condition")
        return read_number(match)

    def listed(read):
        values = [read()]
        while is_next(","):
            parts.pop()
            values.append(read())
        return values

    def test():
        is_pointer = parts and parts[-1][1]
        where = text_part()
        need(where.startswith("/") or not is_pointer, "parse-scope")
        where = where if where.startswith(("/", "@")) else "/" + where
        operator = OPERATORS.get(take(2, 3)[0])
        need(operator, "parse-scope")
        if operator == 1:
            return [where, 1, value()]
        if operator == 2:
            need(take(2)[0] == "[", "parse-scope")
            values = listed(value)
            need(take(2)[0] == "]", "parse-scope")
            return [where, 2, values]
        if operator in (3, 4, 5):
            need(operator != 5 or take(2)[0] == "<=", "parse-scope")
            number = integer(take(3)[0])
            need(operator != 5 or number >= 0, "parse-scope")
            return [where, operator, number]
        if operator in (6, 9):
            return [where, operator, text_part()]
        return [where, 11] if operator == 11 else [where, operator, listed(text_part)]

    patterned, conditions = pattern(text_part()), []
    if is_next("if"):
        parts.pop()
        conditions.append(test())
        while is_next("and"):
            parts.pop()
            conditions.append(test())
    closing = parts.pop()[0] if is_next("only", "open") else None
    need(not parts, "parse-scope")
    only = closing == "only" or (conditions and not closing)
    try:
        return scope([patterned, conditions, True] if only else [patterned, conditions] if conditions else patterned)
    except Refused as refused:
        raise Refused(refused.code.replace("parse-not-canonical", "parse-condition")) from None


# Parse [T15]–[T20], [T105]–[T108].

# fmt: off
CLAIMS = {2: ("sub", text_of(1, 256)), 3: ("aud", audiences), 4: ("exp", time), 5: ("nbf", time), 6: ("iat", time),
          7: ("cti", octets(8)), 8: ("cnf", key_of_cnf), -65537: ("private", None)}
PRIVATE = {0: ("hint", octets(8)), 1: ("session", true), 2: ("continues", octets(32)), 3: ("ledger", octets(16)),
           5: ("deny", many(pattern, 64)), 6: ("ask", many(ask, 64)), 8: ("level", level), 9: ("labels", labels(16, 1)),
           10: ("clearance", level), 11: ("budgets", named(at_most(SAFE))), 12: ("depth", at_most(14)),
           13: ("note", text_of(1, 1024)), 14: ("digest", octets(32)), 15: ("said", named(scalar)),
           16: ("approver", public_key), 17: ("actions", many(action, 4))}
# fmt: on
OF_ROOT = {4: ("scopes", many(scope, 256, 0, distinct=False)), 7: ("rules", many(rule, 64, 0))}
OF_LATER = {4: ("scopes", many(refinement, 256, 0, distinct=False)), 7: ("rules", many(rule, 64))}
OF_APPROVAL = ("exp", "iat", "digest", "approver", "actions")


def read_claims(payload, is_root=False, is_approval=False):
    """The claims in the order they stand, each read whole."""
    claims = {}

    def read(known, key, value):
        need(type(key) is int and key in known, "parse-unknown-claim")
        claim, form = known[key]
        need(is_approval or claim not in ("approver", "actions"), "parse-misplaced-claim")
        claims[claim] = form(value)

    private = PRIVATE | (OF_ROOT if is_root else OF_LATER)
    for key, value in typed(payload, tuple):
        if key == -65537:
            need(len(typed(value, tuple)) > 0, "parse-not-canonical")
            for inner, one in value:
                read(private, inner, one)
        else:
            read(CLAIMS, key, value)
    return claims


def open_envelope(envelope):
    need(type(envelope) is list and len(envelope) == 4 and envelope[:2] == [b"\xa1\x01\x32", ()], "parse-envelope")
    need(type(envelope[2]) is bytes and type(envelope[3]) is bytes and len(envelope[3]) == 64, "parse-envelope")
    return envelope[2], envelope[3]


def to_sign(kind, previous, payload):
    aad = cbor2.dumps(["wane1", kind, previous])
    return cbor2.dumps(["Signature1", b"\xa1\x01\x32", aad, payload])


def parse(text):
    """A token or sealed token as its blocks and the secret behind them."""
    word, data = unwrap(text)
    need(word in ("token", "sealed"), "parse-prefix")
    need(len(data) <= 16384, "parse-too-large")
    token = scan(data)
    need(type(token) is list and len(token) in (1, 2) and type(token[0]) is list and token[0], "parse-envelope")
    need(len(token[0]) <= 16, "parse-too-many-blocks")
    blocks = []
    for i, envelope in enumerate(token[0]):
        need(not blocks or "cnf" in blocks[-1].claims, "parse-missing-claim", i - 1)  # [T20]
        try:
            blocks.append(read_block(envelope, blocks))
        except Refused as refused:
            raise Refused(refused.code, i) from None
    secret = octets(32)(token[1]) if len(token) == 2 else None
    need((word == "token") == ("cnf" in blocks[-1].claims), "parse-prefix")
    return SimpleNamespace(blocks=blocks, secret=secret)


def read_block(envelope, before):
    payload, signature = open_envelope(envelope)
    claims = read_claims(scan(payload), is_root=not before)
    if before:
        need("hint" not in claims, "parse-misplaced-claim")
    else:
        for claim in ("aud", "exp", "iat", "hint", "scopes", "cnf"):
            need(claim in claims, "parse-missing-claim")
    if "cnf" in claims:
        need("session" not in claims or "iat" in claims, "parse-missing-claim")
        need("digest" not in claims and "said" not in claims, "parse-misplaced-claim")
    elif "digest" in claims:
        need(claims.keys() >= {"cti", "iat", "exp"}, "parse-missing-claim")
    kind = 0 if not before else 1 if "cnf" in claims else 2
    previous = before[-1].id if before else hashlib.sha256(b"wane1" + claims["hint"]).digest()
    signed = to_sign(kind, previous, payload)
    need(len(signed) <= 4096, "parse-limit")
    own = hashlib.sha256(signed).digest()
    return SimpleNamespace(kind=kind, claims=claims, signed=signed, signature=signature, id=own, key=claims.get("cnf"))


def read_approval(text):
    word, data = unwrap(text)
    need(word == "approval", "parse-prefix")
    need(len(data) <= 16384, "parse-too-large")
    payload, signature = open_envelope(scan(data))
    claims = read_claims(scan(payload), is_approval=True)
    for claim in OF_APPROVAL:
        need(claim in claims, "parse-missing-claim")
    need(len(claims) == len(OF_APPROVAL), "parse-misplaced-claim")
    need(len(to_sign(3, bytes(32), payload)) <= 4096, "parse-limit")
    return SimpleNamespace(payload=payload, signature=signature, **claims)
