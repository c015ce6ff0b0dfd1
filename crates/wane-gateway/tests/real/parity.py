"""What is allowed passes byte for byte: a conversation of many messages, compared before and behind the gateway.

    parity.py WANE NODE_MODULES BIN [CALLS]

Each of three official servers gets CALLS calls (350 without it) in spellings that no client library would keep: white space, escapes,
numbers of every form, members that nobody knows. One of them is spoken to in both eras.
"""

import json
import pathlib
import random
import subprocess
import sys
import tempfile

import clients

CALLS = int(sys.argv[4]) if len(sys.argv) > 4 else 350
RECORDER = str(pathlib.Path(__file__).parent / "recorder.py")
VERSION = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}


def spelled(value, rng):
    """A JSON text of the value, one of many."""
    blank = lambda: rng.choice(["", "", "", " ", "  ", "\t"])
    if isinstance(value, dict):
        inner = ",".join(f"{blank()}{spelled(k, rng)}{blank()}:{blank()}{spelled(v, rng)}" for k, v in value.items())
        return "{" + inner + blank() + "}"
    if isinstance(value, list):
        return "[" + ",".join(blank() + spelled(v, rng) for v in value) + blank() + "]"
    if isinstance(value, str):
        escaped = lambda c: rng.choice([f"\\u{ord(c):04x}", c]) if ord(c) < 0x10000 and c not in '"\\' else json.dumps(c)[1:-1]
        return '"' + "".join(escaped(c) if rng.random() < 0.2 else json.dumps(c, ensure_ascii=False)[1:-1] for c in value) + '"'
    if isinstance(value, int) and not isinstance(value, bool):
        return rng.choice([str(value), f"{value}.0", f"{value}e0", f"{value * 10}e-1"])
    return json.dumps(value)


def argument(rng):
    words = ["é", "€", "😀", "a b", "x/y", "\u2028", "<>&", '"', "\\", "\x7f", "日本"]
    return "".join(rng.choice(words) for _ in range(rng.randint(0, 6)))


def messages(server, era, rng, scene):
    """The client's side of a conversation, line by line; each request has an id and so an answer."""
    for number in range(CALLS):
        params = {
            "everything": lambda: rng.choice([
                ("echo", {"message": argument(rng)}),
                ("get-sum", {"a": rng.randint(-9, 9), "b": rng.randint(0, 2**40)}),
            ]),
            "git": lambda: ("git_log", {"repo_path": str(scene.repo), "max_count": 1}),
            "time": lambda: ("convert_time", {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}),
        }[server]()
        call = {"name": params[0], "arguments": params[1]}
        if era == "stateless":
            call["_meta"] = {**VERSION, "org.example/x": rng.choice([1, "é", [1, {}]])}
        elif rng.random() < 0.3:
            call["_meta"] = {"org.example/x": rng.choice([1, "é", None])}
        # The method and the id are what the gateway looks at; an id is a text or an integer, and is compared as such.
        id = rng.choice([str(number), json.dumps(f"id-{number}")])
        parts = ['"jsonrpc":"2.0"', f'"id":{id}', '"method":"tools/call"', f'"params": {spelled(call, rng)}']
        rng.shuffle(parts)
        yield "{" + rng.choice(["", " "]) + ",".join(parts) + "}" + rng.choice(["", " ", "\t"])


def handshake(era):
    if era == "stateless":
        return []
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "parity", "version": "1"}}
    first = json.dumps({"jsonrpc": "2.0", "id": "first", "method": "initialize", "params": hello})
    return [first, '{"jsonrpc":"2.0","method":"notifications/initialized"}']


def converse(scene, server, era, seed):
    folder, token = scene.folder, f"{server}-{era}.tok"
    scene.token(token, server, "*")
    got, said = folder / f"{server}-{era}.got", folder / f"{server}-{era}.said"
    files = ["--catalogue", "catalogue.toml", "--server", server, "--token", token, "--root", "root.pub"]
    recorded = [sys.executable, RECORDER, str(got), str(said), *scene.servers[server]]
    line = [clients.WANE, "mcp", "run", *files, "--ledger", "sqlite:l.db", "--", *recorded]
    gateway = subprocess.Popen(line, cwd=folder, env=scene.env(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    sent, heard = [], []
    for message in [*handshake(era), *messages(server, era, random.Random(seed), scene)]:
        sent.append(message.encode() + b"\n")
        gateway.stdin.write(sent[-1])
        gateway.stdin.flush()
        while '"id"' in message:
            heard.append(gateway.stdout.readline())
            if b'"method"' not in heard[-1]:
                break
    gateway.stdin.close()
    heard.extend(gateway.stdout)
    clients.check(gateway.wait() == 0, f"{server} {era}: the gateway ends well")
    clients.check(got.read_bytes() == b"".join(sent), f"{server} {era}: {len(sent)} messages reach the server as they were sent")
    clients.check(said.read_bytes() == b"".join(heard), f"{server} {era}: {len(heard)} messages reach the client as they were sent")
    errors = sum(b'"error":' in answer for answer in heard)
    clients.check(errors == 0, f"{server} {era}: none of them is an error")
    return len(sent) + len(heard)


def main():
    with tempfile.TemporaryDirectory() as folder:
        scene = clients.Scene(folder)
        talks = [("everything", "handshake"), ("git", "handshake"), ("git", "stateless"), ("time", "stateless")]
        count = sum(converse(scene, server, era, seed) for seed, (server, era) in enumerate(talks))
        clients.check(count >= 2000 or CALLS < 350, f"{count} messages were compared")


main()
