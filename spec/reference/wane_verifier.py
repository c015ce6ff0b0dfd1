"""A second verifier of Wane tokens, written from spec/ alone; it shares nothing with the library.

    chain = verify(parse(text), read_roots(toml))
    decide(chain, request, state, now)

Each raises `Refused`, which carries a code of spec/errors.md and a block; what `decide` does not refuse is allowed.
wane_forms.py and wane_claims.py are parts of it. The ids in brackets are those of the sentences in spec/.
"""

import hashlib
import re
import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from types import SimpleNamespace

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from wane_claims import LAST_SECOND, LEVELS, at_most, name, pattern, read_scope, to_sign, typed
from wane_forms import PORTS, Refused, address, is_plain_path, is_signed, need, read_key, read_url

DEFAULT_RULES = [(2, [], ["read:*", "write:*"]), (3, [], ["read:*"]), (2, ["untrusted"], ["read:*"])]  # [T134]


# Trusted roots [T114].


def seconds(value):
    need(type(value) is datetime and value.tzinfo and not value.microsecond, "parse-roots")
    need(0 <= value.timestamp() <= LAST_SECOND, "parse-roots")
    return int(value.timestamp())


def duration(value):
    words = typed(value, str).split(" ")
    need(all(re.fullmatch("[0-9]{1,9}[dhms]", word) for word in words), "parse-roots")
    units = ["dhms".index(word[-1]) for word in words]
    total = sum(int(word[:-1]) * (86400, 3600, 60, 1)[unit] for word, unit in zip(words, units))
    need(total > 0 and units == sorted(set(units)), "parse-roots")
    return total


def word_of_level(value):
    need(value in LEVELS, "parse-level")
    return LEVELS.index(value)


def key_text(value):
    return read_key(typed(value, str).encode())


def flag(value):
    return typed(value, bool)


def each(read):
    return lambda value: [read(one) for one in typed(value, list)]


def table(known, *required):
    def read(value):
        need(typed(value, dict).keys() <= known.keys() and value.keys() >= set(required), "parse-roots")
        return {key: known[key](one) for key, one in value.items()}

    return read


RATCHET = table({"level": word_of_level, "labels": each(name), "keep": each(pattern)}, "level", "keep")
ENTRY = table(
    {
        "key": key_text,
        "name": lambda value: typed(value, str),
        "aud": each(pattern),
        "scopes": each(lambda text: read_scope(typed(text, str))),
        "max-ttl": duration,
        "depth": at_most(14),
        "level": word_of_level,
        "labels": each(name),
        "ratchet": each(RATCHET),
        "mint-from": seconds,
        "mint-until": seconds,
        "issuer": flag,
        "own-ratchet": flag,
        "succeeds": each(key_text),
    },
    "key",
)


@lru_cache(1000)
def read_roots(text):
    try:
        file = tomllib.loads(text)
        need(file.keys() <= {"root", "groups"} and file.get("root"), "parse-roots")
        entries = {}
        for one in typed(file["root"], list):
            entry = ENTRY(one)
            hint = hashlib.sha256(entry["key"]).digest()[:8]
            need(hint not in entries, "parse-roots")
            entries[hint] = entry
        groups = {name(key): each(key_text)(keys) for key, keys in typed(file.get("groups", {}), dict).items()}
        need("local" not in groups, "parse-roots")
        return SimpleNamespace(entries=entries, groups=groups)
    except (Refused, tomllib.TOMLDecodeError):
        raise Refused("parse-roots") from None


# Verify [T109]–[T118].


def covers(wide, narrow):
    """Whether a pattern covers an action [T67], or another pattern, each `*` of it being a segment of its own [T68]."""
    wide, narrow = wide.split(":"), narrow.replace("*", "?").split(":")
    longer = wide[-1] == "*" and len(narrow) > len(wide)
    return (longer or len(wide) == len(narrow)) and all(w in ("*", n) for w, n in zip(wide, narrow))


def covered(patterns, narrow):
    return any(covers(wide, narrow) for wide in patterns)


def verify(token, roots):
    """The chain: its blocks, what is in force at its end, and the root entry."""
    need(token.blocks[-1].kind == 2, "chain-unsealed")
    need(token.secret is None, "chain-carries-secret")
    entry = roots.entries.get(token.blocks[0].claims["hint"])
    need(entry, "chain-unknown-root", 0)
    grant = replay(token.blocks, entry)
    need(grant.session is not None, "chain-no-session")
    return SimpleNamespace(blocks=token.blocks, grant=grant, entry=entry, roots=roots)


def hold(token):
    """What a holder checks: that it can extend it, the narrowing, without signatures, and the secret [T27]."""
    need(token.blocks[-1].kind != 2, "parse-prefix")
    replay(token.blocks)
    if token.secret is not None:
        key = Ed25519PrivateKey.from_private_bytes(token.secret).public_key().public_bytes_raw()
        need(key == token.blocks[-1].key, "chain-secret")


def replay(blocks, entry=None):
    grant = SimpleNamespace(session=None, ledger=None, aud=None, exp=None, nbf=None, iat=None, depth=None, scopes=None)
    grant.level, grant.labels, grant.clearance, grant.budgets = 0, set(), 4, {}
    key = entry and entry["key"]
    for i, block in enumerate(blocks):
        try:
            if entry:
                need(is_signed(key, block.signature, block.signed), "chain-signature")
            narrow(grant, block, i)
            if entry and i == 0:
                ceiling(entry, block.claims)
        except Refused as refused:
            raise Refused(refused.code, i) from None
        key, block.iat, block.ledger = block.key, grant.iat, grant.ledger
    return grant


def narrow(grant, block, i):
    claims = block.claims
    if block.kind == 2:  # [T60]
        need("session" not in claims, "chain-seal-session")
        need(not claims.keys() & {"continues", "ledger", "budgets", "depth"}, "chain-seal-claim")
    if "session" in claims:
        need(grant.session is None, "chain-second-session")
        grant.session = i
    if "continues" in claims:
        need("session" in claims and (grant.ledger or "ledger" in claims), "chain-continues")
    if "ledger" in claims:
        need(grant.ledger in (None, claims["ledger"]), "chain-ledger")
        grant.ledger = claims["ledger"]
    if "aud" in claims:
        need(not i or all(covered(grant.aud, one) for one in claims["aud"]), "chain-audience")
        grant.aud = claims["aud"]
    if "exp" in claims:
        need(not i or claims["exp"] <= grant.exp, "chain-expiry")
        grant.exp = claims["exp"]
    if "nbf" in claims:
        need(grant.nbf is None or claims["nbf"] >= grant.nbf, "chain-not-before")
        grant.nbf = claims["nbf"]
    if "iat" in claims:
        need(not i or claims["iat"] >= grant.iat, "chain-issued-at")
        grant.iat = claims["iat"]
    need(grant.exp > grant.iat and (grant.nbf is None or grant.exp > grant.nbf), "chain-empty-time")  # [T43]
    if block.kind == 0:
        grant.depth = claims.get("depth", 14)
        grant.scopes = [(patterned, [(0, conditions, only)]) for patterned, conditions, only in claims["scopes"]]
    elif block.kind == 1:  # [T44]
        need(grant.depth > 0 and claims.get("depth", 0) < grant.depth, "chain-depth")
        grant.depth = claims.get("depth", grant.depth - 1)
    if i and "scopes" in claims:
        grant.scopes = [refine(grant.scopes, i, *one) for one in claims["scopes"]]
    need(claims.get("level", 4) >= grant.level, "chain-level")
    grant.level = claims.get("level", grant.level)
    grant.labels |= set(claims.get("labels", []))
    need(claims.get("clearance", 0) <= grant.clearance, "chain-clearance")
    grant.clearance = claims.get("clearance", grant.clearance)
    need("budgets" not in claims or grant.ledger, "chain-ledger")  # [T47]
    for counter, cap in claims.get("budgets", {}).items():
        need(cap <= grant.budgets.get(counter, cap), "chain-budget")
        grant.budgets[counter] = cap
    if block.kind == 2:
        need(len(grant.aud) == 1 and "*" not in grant.aud[0], "chain-seal-audience")  # [T61]
        need("digest" not in claims or claims["exp"] - claims["iat"] <= 300, "chain-request-seal")  # [T63]


def refine(scopes, i, index, narrower, conditions, only):
    need(index < len(scopes), "chain-scope-index")
    patterned, layers = scopes[index]
    need(narrower != patterned, "chain-scope-repeats")
    need(narrower is None or covers(patterned, narrower), "chain-scope-wider")
    return narrower or patterned, [*layers, (i, conditions, only)]


def ceiling(entry, claims):  # [T115]
    need(entry.get("mint-from", 0) <= claims["iat"] < entry.get("mint-until", LAST_SECOND + 1), "chain-mint-window")
    need("aud" not in entry or all(covered(entry["aud"], one) for one in claims["aud"]), "chain-root")
    if "scopes" in entry:
        allowed = [one[0] for one in entry["scopes"]]
        need(all(covered(allowed, one[0]) for one in claims["scopes"]), "chain-root")
    need(claims["exp"] - claims["iat"] <= entry.get("max-ttl", LAST_SECOND), "chain-root")
    need(claims.get("depth", 14) <= entry.get("depth", 14), "chain-root")
    need("session" in claims or entry.get("issuer"), "chain-issuer")


# Conditions [T82]–[T99].


def look_up(where, request, said):
    """The argument or fact, or a missing code."""
    if type(where) is str:
        facts, fact = (said, where[6:]) if where.startswith("@said.") else (request.facts, where[1:])
        return (facts[fact], None) if fact in facts else (None, "deny-missing-fact")
    place = request.arguments
    for step in where:
        need(type(place) is dict, "deny-argument-shape")
        if step not in place:
            return None, "deny-missing-argument"
        place = place[step]
    return place, None


def shape(value):
    if type(value) is str:
        need(len(value.encode()) <= 4096, "deny-argument-shape")
    else:
        need(value is None or type(value) in (bool, int), "deny-argument-shape")


def test(stated, request, said):
    where, operator, operand = stated
    value, missing = look_up(where, request, said)
    if operator == 11:
        return need(missing, "deny-condition")
    need(not missing, missing)
    elements = value if type(value) is list else [value]
    need(0 < len(elements) <= 1024, "deny-argument-shape")
    for one in elements:
        shape(one)
    texts = [one.encode() for one in elements if type(one) is str]
    need(type(value) is str or sum(map(len, texts)) <= 32768, "deny-argument-shape")
    if operator == 5:
        need(type(value) in (str, list), "deny-argument-type")
        need(len(value if type(value) is list else value.encode()) <= operand, "deny-condition")
        return None
    for one in elements:
        holds(operator, operand, one, request)


def same(a, b):
    return type(a) is type(b) and a == b


def holds(operator, operand, value, request):
    if operator < 3:
        allowed = operand if operator == 2 else [operand]
        need(type(value) in map(type, allowed), "deny-argument-type")
        return need(any(same(value, one) for one in allowed), "deny-condition")
    if operator == 12:
        return need(any(source in operand and same(one, value) for source, one in request.seen), "deny-condition")
    need(type(value) is (int if operator < 5 else str), "deny-argument-type")
    if operator == 3:
        need(value <= operand, "deny-condition")
    elif operator == 4:
        need(value >= operand, "deny-condition")
    elif operator == 6:
        need(re.fullmatch(".*".join(map(re.escape, operand.split("*"))), value, re.S), "deny-condition")
    elif operator == 7:
        need(is_plain_path(value), "deny-path")
        need(any(one == "/" or value == one or value.startswith(one + "/") for one in operand), "deny-condition")
    elif operator == 10:
        found = address(value)
        need(found is not None, "deny-address")
        number = int(found)
        need(any(found.version == v and number >> free == base >> free for v, base, free in operand), "deny-condition")
    else:
        url = read_url(value)
        need(url, "deny-url")
        if operator == 9:
            need(url[0] == operand, "deny-condition")
        else:
            need(
                any(url[1] == name and url[2] == (port or PORTS.get(url[0])) for name, port in operand),
                "deny-condition",
            )


def leaves(value, where=(), array=None):
    """The pointer of each leaf, and that of the array whose element it is [T78]."""
    if type(value) is dict and value:
        for step, one in value.items():
            yield from leaves(one, (*where, step))
    elif type(value) is list and value:
        for i, one in enumerate(value):
            yield from leaves(one, (*where, str(i)), where)
    elif where:
        yield where, array


def allow(patterned_scope, request, said):
    """Raises what refuses the request within one scope [T147]."""
    layers = patterned_scope[1]
    for i, conditions, _ in reversed(layers):
        for stated in conditions:
            try:
                test(stated, request, said)
            except Refused as refused:
                raise Refused(refused.code, i) from None
    closing = next((at for at, layer in enumerate(layers) if layer[2]), None)
    if closing is not None:
        named = {stated[0] for layer in layers[: closing + 1] for stated in layer[1]}
        for pointer, array in leaves(request.arguments):
            need(pointer in named or array in named, "deny-only", layers[closing][0])


def first_allowing(scopes, asked, request, said, otherwise, block=None):
    first = None
    for one in scopes:
        if covers(one[0], asked):
            try:
                return allow(one, request, said)
            except Refused as refused:
                first = first or refused
    raise first or Refused(otherwise, block)


# Decide [T136]–[T187].


@dataclass
class Request:
    audience: str
    call: list
    actions: list
    level: int
    labels: list = field(default_factory=list)
    arguments: dict = field(default_factory=dict)
    facts: dict = field(default_factory=dict)
    seen: list = field(default_factory=list)
    costs: dict = field(default_factory=dict)
    ask: list = field(default_factory=list)
    approvals: list = field(default_factory=list)
    demands_request_seal: bool = False

    def __post_init__(self):
        for one in self.call[1:]:
            need(len(one.encode()) <= 4096, "parse-limit")
        need(1 <= len(self.actions) <= 4, "use-actions")
        need(self.call[0] != "action" or self.call[1:] == self.actions, "use-call")
        need(len(self.ask) <= 64, "parse-limit")  # [T191]

    def digest(self, said):
        return hashlib.sha256(cbor2.dumps([self.audience, self.call, self.arguments, said], canonical=True)).digest()


@dataclass
class Known:
    """What a ledger knows of one block, or of a session."""

    level: int = 0
    labels: list = field(default_factory=list)
    revoked: bool = False
    registered: bool = False
    spent: dict = field(default_factory=dict)


def decide(chain, request, state, now):
    """Raises the refusal, or `deny-needs-approval`; otherwise the answer is allow."""
    grant, entry, blocks = chain.grant, chain.entry, chain.blocks
    seal = blocks[-1].claims
    said = seal.get("said", {})
    digest = request.digest(said)
    ledger = state.ledger
    need(grant.aud == [request.audience], "deny-audience")
    need(now < grant.exp, "deny-expired")
    need((grant.nbf or 0) <= now + 30, "deny-not-yet-valid")
    need(grant.iat <= now + 30, "deny-issued-in-future")
    need(seal.get("digest", digest) == digest, "deny-other-request")
    need("digest" in seal or not request.demands_request_seal, "deny-not-for-one-request")
    if ledger:
        ask_ledger(chain, ledger)
    else:
        need(not grant.ledger, "state-no-ledger")
    level, labels = max(grant.level, entry.get("level", 0), state.level, request.level), set()
    labels.update(grant.labels, entry.get("labels", []), state.labels, request.labels)
    for known in ledger.known if ledger else []:
        level = max(level, known.level)
        labels.update(known.labels)
    need(len(labels) <= 16, "deny-labels")
    need(request.level <= grant.clearance, "deny-clearance")
    rules = [] if entry.get("own-ratchet") and "rules" in blocks[0].claims else [(None, one) for one in DEFAULT_RULES]
    rules += [(i, one) for i, block in enumerate(blocks) for one in block.claims.get("rules", [])]
    rules += [(None, (one["level"], one.get("labels", []), one["keep"])) for one in entry.get("ratchet", [])]
    for asked in request.actions:
        for i, (lowest, with_labels, keep) in rules:
            need(level < lowest or not labels.issuperset(with_labels) or covered(keep, asked), "deny-ratchet", i)
    for asked in request.actions:
        for i, block in enumerate(blocks):
            need(not covered(block.claims.get("deny", []), asked), "deny-pattern", i)
    for asked in request.actions:
        first_allowing(grant.scopes, asked, request, said, "deny-scope")
    for asked in request.actions if "scopes" in entry else []:
        try:
            first_allowing([(one[0], [(0, *one[1:])]) for one in entry["scopes"]], asked, request, said, "deny-ceiling")
        except Refused:
            raise Refused("deny-ceiling") from None
    stated = [*(block.claims.get("ask", []) for block in blocks), request.ask]
    asks = [(i if i < len(blocks) else None, one) for i, asks in enumerate(stated) for one in asks]  # [T190]
    asks = [(i, one) for i, one in asks if any(covers(one[0], asked) for asked in request.actions)]
    for i, (_, approvers, _) in asks:
        for one in approvers:
            need(type(one) is bytes or one == "@local" or one[1:] in chain.roots.groups, "deny-group", i)
    for i, block in enumerate(blocks):
        for counter, cap in block.claims.get("budgets", {}).items():
            need(counter in request.costs, "deny-cost", i)
            known = ledger.known[-1] if "continues" in block.claims else ledger.known[i]
            need(known.spent.get(counter, 0) + request.costs[counter] <= cap, "deny-budget", i)
    asks = [(i, names(approvers, chain, state), count) for i, (_, approvers, count) in asks]
    approved = set()
    for approval in request.approvals if ledger else []:
        check_approval(approval, chain, request, digest, asks, ledger, now)
        approved.add(approval.approver)
    for i, keys, count in asks:
        need(len(keys & approved) >= count, "deny-needs-approval", i)


def names(approvers, chain, state):
    keys = set()
    for one in approvers:
        keys.update([one] if type(one) is bytes else [state.local] if one == "@local" else chain.roots.groups[one[1:]])
    return keys


def ask_ledger(chain, ledger):
    blocks, grant = chain.blocks, chain.grant
    need(grant.ledger in (None, ledger.id), "state-other-ledger")
    need(not grant.ledger or ledger.keeps != "volatile-refused", "state-volatile")
    opens = blocks[grant.session]
    continued = "continues" in opens.claims
    ledger.known = [*ledger.blocks[: len(blocks)], *(Known() for _ in blocks[len(ledger.blocks) :])]
    for i, known in enumerate(ledger.known):
        need(not known.revoked, "state-revoked", i)
    if continued:
        ledger.known.append(ledger.first.known if ledger.first else Known())
        need(not ledger.known[-1].revoked, "state-revoked")
    bearers = ledger.revoked_before  # from ("root", key), ("key", key) and ("agent", text) to the latest time
    need(blocks[0].claims["iat"] > bearers.get(("root", chain.entry["key"]), -1), "state-revoked", 0)
    first = {}
    for i, block in enumerate(blocks):
        for bearer in (("key", block.key), ("agent", block.claims.get("sub"))):
            if first.setdefault(bearer, i) == i:
                need(blocks[max(i - 1, 0)].iat > bearers.get(bearer, -1), "state-revoked", i)
    if continued:
        need(ledger.first, "state-unknown-session")
        allowed = [chain.entry["key"], *chain.entry.get("succeeds", [])]
        need(not ledger.first.continues and ledger.first.root in allowed, "state-continues")
    ages = [(opens.claims["iat"], ledger.known[grant.session].registered)]
    ages += [(ledger.first.issued_at, ledger.first.known.registered)] if continued else []
    for issued_at, registered in ages:
        need(issued_at > ledger.since or registered, "state-session-too-old")
    need(grant.exp > ledger.collected, "state-collected")
    need("digest" not in blocks[-1].claims or blocks[-1].id not in ledger.used, "state-used")


def check_approval(approval, chain, request, digest, asks, ledger, now):
    signed = to_sign(3, chain.blocks[-2].id, approval.payload)
    need(is_signed(approval.approver, approval.signature, signed), "deny-approval-chain")
    need(approval.digest == digest, "deny-approval-request")
    need(approval.actions == request.actions, "deny-approval-actions")
    need(approval.approver not in [chain.entry["key"], *(block.key for block in chain.blocks)], "deny-approval-self")
    need(any(approval.approver in keys for _, keys, _ in asks), "deny-approval-key")
    need(0 < approval.exp - approval.iat <= 3600, "deny-approval-lifetime")
    need(approval.iat <= now + 30, "deny-approval-future")
    need(now < approval.exp, "deny-approval-expired")
    need(approval.exp > ledger.collected, "state-collected")
    need(hashlib.sha256(signed).digest() not in ledger.used, "state-approval-used")
