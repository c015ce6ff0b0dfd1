#!/usr/bin/env python3
"""Holds the verifier in wane_verifier.py to test vectors, in the form of test-vectors/README.md.

judge_vectors.py FOLDER [--floor N]   every case that is about tokens and decisions; exit 1 where one differs, or
                                      where there are fewer than N
judge_vectors.py --lines              cases as lines of JSON from standard input; a verdict a line to standard output
judge_vectors.py --lines --against F  the same, compared with the verdicts in the file F; exit 1 where one differs
"""

import argparse
import json
import multiprocessing
import re
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import wane_claims as claims
import wane_forms as forms
import wane_verifier as wane
from wane_forms import Refused

OTHERS = {"catalogue", "checkpoints", "gateway", "logs", "records"}
HEADERS = {
    "comment",
    "expect",
    "code",
    "block",
    "spec",
    "flags",
    "now",
    "roots",
    "request",
    "arguments",
    "state",
    "token",
}
LAYERS = {"parse": "parse-error", "chain": "chain-error", "deny": "denied", "state": "denied", "use": "misuse"}
VERDICTS = {"ok", "needs-approval", *LAYERS.values()}


def check(holds, why):
    if not holds:
        raise ValueError(why)


def read_file(path):
    head, empty, payload = path.read_bytes().partition(b"\n\n")
    check(empty and payload.endswith(b"\n"), "no empty line, or no LF at the end")
    case = {"payload": payload[:-1]}
    for line in head.decode().split("\n"):
        header, colon, value = line.partition(": ")
        check(colon and header in HEADERS, f"the header {header} is not known")
        if header == "roots":
            case.setdefault(header, []).append(value)
        else:
            check(header not in case, f"{header} stands twice")
            case[header] = value
    check({"comment", "expect", "spec"} <= case.keys(), "a header is missing")
    check(case["expect"] in VERDICTS and (case["expect"] == "ok") == ("code" not in case), "no verdict has this form")
    return case


def load(text):
    """JSON whose numbers are read as those of arguments are, but for the range: costs may pass it."""
    return json.loads(text, parse_float=lambda number: forms.read_number(forms.NUMBER.fullmatch(number)))


def read_object(value, known):
    value = load(value) if isinstance(value, str) else value
    check(isinstance(value, dict) and value.keys() <= known, f"members are not known: {value}")
    return value


REQUEST = {"aud", "call", "actions", "level", "labels", "facts", "seen", "costs", "ask", "approvals", "request-seal"}


def read_ask(text):
    found = re.fullmatch("([^ ]+) by ([^ ]+(?:, [^ ]+)*) need ([0-9]+)", text)
    check(found, f"no ask: {text}")
    approvers = [one if one.startswith("@") else wane.key_text(one) for one in found[2].split(", ")]
    return claims.ask([found[1], approvers, int(found[3])])


def read_request(value, arguments):
    value = read_object(value, REQUEST)
    check(
        all(isinstance(part, str) for part in value["call"]) and value.get("request-seal", True) is True, "no request"
    )
    request = wane.Request(
        audience=claims.action(value["aud"]),
        call=value["call"],
        actions=[claims.action(one) for one in value["actions"]],
        level=wane.word_of_level(value["level"]),
        labels=[claims.name(one) for one in value.get("labels", [])],
        facts={claims.name(key): one for key, one in value.get("facts", {}).items()},
        seen=value.get("seen", []),
        costs={claims.name(key): one for key, one in value.get("costs", {}).items()},
        ask=list({one: read_ask(one) for one in value.get("ask", [])}.values()),
        demands_request_seal="request-seal" in value,
    )
    if arguments is not None:
        request.arguments = forms.read_arguments(arguments.encode())
    request.approvals = [claims.read_approval(one.encode()) for one in value.get("approvals", [])]
    return request


KNOWN = {"level", "labels", "revoked", "registered", "spent"}


def read_known(value):
    value = {key: one for key, one in value.items() if key in KNOWN}
    return wane.Known(**value | {"level": wane.word_of_level(value.get("level", "public"))})


def read_ledger(value):
    value = read_object(value, {"id", "keeps", "since", "collected", "blocks", "first", "revoked-before", "used"})
    keeps = value.get("keeps", "durable")
    check(keeps in ("durable", "volatile-allowed", "volatile-refused"), f"a ledger keeps {keeps}")
    first = value.get("first")
    if first is not None:
        read_object(first, KNOWN | {"root", "issued-at", "continues"})
        first = SimpleNamespace(
            root=wane.key_text(first["root"]),
            issued_at=first["issued-at"],
            continues=first.get("continues"),
            known=read_known(first),
        )
    bearers = {}
    for one in value.get("revoked-before", []):
        read_object(one, {"at", "root", "key", "agent"})
        ((kind, bearer),) = [(key, one[key]) for key in one if key != "at"]
        bearer = (kind, bearer if kind == "agent" else wane.key_text(bearer))
        bearers[bearer] = max(bearers.get(bearer, -1), one["at"])
    return SimpleNamespace(
        id=bytes.fromhex(value["id"]),
        keeps=keeps,
        since=value.get("since", 0),
        collected=value.get("collected", 0),
        blocks=[read_known(read_object(one, KNOWN)) for one in value.get("blocks", [])],
        first=first,
        revoked_before=bearers,
        used={bytes.fromhex(one) for one in value.get("used", [])},
    )


def read_state(value):
    value = read_object(value, {"level", "labels", "local", "ledger"})
    return SimpleNamespace(
        level=wane.word_of_level(value.get("level", "public")),
        labels=[claims.name(one) for one in value.get("labels", [])],
        local=wane.key_text(value["local"]) if "local" in value else None,
        ledger=read_ledger(value["ledger"]) if "ledger" in value else None,
    )


READERS = {
    "token": lambda payload: wane.hold(claims.parse(payload)),
    "key": forms.read_key,
    "approval": claims.read_approval,
    "scope": lambda payload: claims.read_scope(payload.decode()),
    "arguments": forms.read_arguments,
}


def run(case):
    payload = case["payload"]
    payload = payload.encode() if isinstance(payload, str) else payload
    flags = case.get("flags", [])
    flags = flags.split(", ") if isinstance(flags, str) else flags
    times = [flag for flag in flags if flag.startswith("repeat ")]
    payload *= int(times[0].removeprefix("repeat ")) if times else 1
    flags = [flag for flag in flags if flag not in times]
    check(len(flags) < 2 and len(times) < 2 and set(flags) <= READERS.keys(), f"the flags {flags} are not known")
    roots = wane.read_roots("".join(f"{line}\n" for line in case["roots"])) if "roots" in case else None
    request = read_request(case["request"], case.get("arguments")) if "request" in case else None
    state = read_state(case.get("state", {}))
    if flags:
        return READERS[flags[0]](payload)
    token = claims.parse(payload)
    if roots is None:
        check(case.get("expect", "ok") != "ok", "a chain without roots")
    chain = wane.verify(token, roots)
    if request:
        wane.decide(chain, request, state, int(case["now"]))
    if "token" in case:
        held = claims.parse(case["token"].encode())
        wane.hold(held)
        check(
            [block.id for block in held.blocks] == [block.id for block in token.blocks[:-1]], "`token` is another chain"
        )
        check(held.secret is not None, "`token` has no secret")


def judge(case):
    """Verdict, code and block."""
    try:
        run(case)
    except Refused as refused:
        layer = "needs-approval" if refused.code == "deny-needs-approval" else LAYERS[refused.code.partition("-")[0]]
        return layer, refused.code, refused.block
    return "ok", None, None


def judge_line(line):
    verdict, code, block = judge(load(line))
    return json.dumps({"verdict": verdict, "code": code, "block": block})


def expected(case):
    return case["expect"], case.get("code"), int(case["block"]) if "block" in case else None


def judge_folder(folder, floor):
    count = differing = 0
    for path in sorted(folder.rglob("*.txt")):
        family = path.relative_to(folder).parts[0]
        if family in OTHERS:
            continue
        count += 1
        try:
            case = read_file(path)
            found = judge(case)
        except Exception as fault:  # a case that cannot be read is a difference like others
            case, found = {"expect": "a case that can be read"}, (f"{type(fault).__name__}: {fault}", None, None)
        wanted = expected(case)
        if found != wanted:
            differing += 1
            print(f"{path.relative_to(folder)}: {found}, not {wanted}")
    print(f"{count} vectors, {count - differing} with the same verdict, code and block, {differing} with another")
    if count < floor:
        print(f"error: fewer than {floor} vectors", file=sys.stderr)
    return 1 if differing or count < floor else 0


def verdicts_of(lines, jobs):
    if jobs == 1:
        yield from map(judge_line, lines)
    else:
        with multiprocessing.Pool(jobs) as pool:
            yield from pool.imap(judge_line, lines, 100)


def compare_lines(lines, jobs, others, floor):
    kinds, differing = Counter(), 0
    for line, ours, theirs in zip(lines, verdicts_of(lines, jobs), others, strict=True):
        ours, theirs = json.loads(ours), json.loads(theirs)
        kinds[ours["code"] or ours["verdict"]] += 1
        if any(ours[part] != theirs.get(part) for part in ours):
            differing += 1
            if differing <= 20:
                print(f"{line.strip()}\n  here {ours}\n  there {theirs}")
    print(", ".join(f"{kind} {count}" for kind, count in kinds.most_common()))
    print(f"{kinds.total()} cases, {differing} with another verdict, code or block")
    return 1 if differing or kinds.total() < floor else 0


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", nargs="?", type=Path)
    arguments.add_argument("--floor", type=int, default=1, metavar="N")
    arguments.add_argument("--lines", action="store_true")
    arguments.add_argument("--jobs", type=int, default=1, metavar="N")
    arguments.add_argument("--against", type=Path, metavar="F")
    given = arguments.parse_args()
    if not given.lines:
        return judge_folder(given.folder, given.floor)
    if given.against:
        return compare_lines(sys.stdin.readlines(), given.jobs, given.against.read_text().splitlines(), given.floor)
    for verdict in verdicts_of(sys.stdin, given.jobs):
        print(verdict)
    return 0


if __name__ == "__main__":
    sys.exit(main())
