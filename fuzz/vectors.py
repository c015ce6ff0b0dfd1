#!/usr/bin/env python3
"""Seeds from test-vectors/, a folder for each fuzz target: fuzz/vectors.py OUT. Nothing is judged here: what cannot be taken
apart is taken whole."""

import base64
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent / "test-vectors"


def decoded(text):
    """The bytes behind the prefix, or none."""
    body = text.split(".", 2)[-1].strip()
    try:
        return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except ValueError:
        return None


def length(data, at):
    """Length and start of the byte string at this place, or none."""
    if at >= len(data) or not 0x40 <= data[at] <= 0x5A:
        return None
    info = data[at] & 0x1F
    size = {24: 1, 25: 2, 26: 4}.get(info, 0)
    count = int.from_bytes(data[at + 1 : at + 1 + size], "big") if size else info
    return count, at + 1 + size


def payloads(token):
    """What the blocks of a token hold, as far as they can be found."""
    start, found, at = bytes.fromhex("8443a10132a0"), [], 0
    while (at := token.find(start, at)) >= 0:
        at += len(start)
        if not (place := length(token, at)):
            continue
        count, begin = place
        found.append(token[begin : begin + count])
        at = begin + count
    return found


def read(path):
    """Header lines in order, and the payload."""
    head, _, payload = path.read_text(encoding="utf-8").partition("\n\n")
    pairs = [line.partition(": ")[::2] for line in head.splitlines()]
    return pairs, payload.removesuffix("\n")


def token_seeds(text, layer):
    """What cannot be read is the scanner's; what can, it knows from other tokens, but for the payloads."""
    data = decoded(text)
    if data is None:
        return
    blocks = payloads(data)
    if layer == "parse-error":
        yield "scan", data
    for block in blocks:
        yield "scan", block
    if blocks and layer != "parse-error":
        yield "verify", b"\0\0" + b"".join(len(block).to_bytes(2, "little") + block for block in blocks)


def seeds(path):
    """Pairs of a target and an input."""
    pairs, payload = read(path)
    folder = path.parent.name
    headers = dict(pairs)
    every = lambda name: [value for known, value in pairs if known == name]
    flags = headers.get("flags", "")
    if "repeat" in flags:
        return
    if folder == "catalogue":
        yield "catalogue", (b"\0" if flags == "yaml" else b"") + payload.encode()
        return
    if folder == "gateway":
        for line in payload.splitlines():
            who, _, message = line.partition("> ")
            if who in ("client", "server"):
                yield "message", (b"\0" if who == "server" else b"") + message.replace("\u240d", "\r").encode()
        return
    if folder == "records":
        yield "record", payload.encode()
        yield "log", b"\x03" + payload.encode() + b"\n"
    elif folder == "checkpoints":
        yield "log", b"\x00" + payload.encode() + b"\n"
    elif folder == "logs":
        yield "log", b"\x03" + payload.encode() + b"\n"
        for proof in every("inclusion") + every("consistency"):
            yield "log", b"\x01" + proof.encode()
    elif flags == "scope":
        yield "scope", payload.encode()
    elif flags == "arguments":
        yield "request", b"\x00\x00" + payload.encode()
    elif flags == "approval":
        yield "approval", b"\x00" + payload.encode()
        data = decoded(payload)
        if data is not None:
            yield "approval", b"\x01" + data
            for claims in payloads(data):
                yield "approval", b"\x02" + claims
    else:
        if folder == "text" or flags:
            yield "text", b"\x00" + payload.encode()
        if payload.startswith("wane1."):
            yield from token_seeds(payload, headers["expect"])
    for text in every("token"):
        yield from token_seeds(text, headers["expect"])
    for arguments in every("arguments"):
        yield "request", b"\x01\x00" + arguments.encode()
    if every("roots"):
        yield "roots", "\n".join(every("roots")).encode()


def main():
    out, written = pathlib.Path(sys.argv[1]), {}
    for path in sorted(ROOT.glob("*/*.txt")):
        for number, (target, data) in enumerate(seeds(path)):
            written.setdefault(target, {}).setdefault(data, f"{path.parent.name}-{path.stem}-{number}")
    for target, inputs in written.items():
        folder = out / target
        folder.mkdir(parents=True, exist_ok=True)
        for data, name in inputs.items():
            (folder / name).write_bytes(data)
    if not written:
        sys.exit(f"error: no vectors in {ROOT}")


if __name__ == "__main__":
    main()
