"""Official servers behind the gateway over HTTP, driven by official clients, in both eras of the protocol.

    over_http.py WANE NODE_MODULES BIN
"""

import asyncio
import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.types import ElicitResult

import clients
from clients import DENIED, HERE, NODE_MODULES, WANE, check, code, names, text

# Certificates that the tests of the crate have too.
TLS = HERE.parent / "tls"


def port():
    """One that is free."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def listens(port, process):
    """Waits until somebody does."""
    for _ in range(600):
        if process.poll() is not None:
            sys.exit(f"FAILED: {process.args} ended")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    sys.exit(f"FAILED: nobody listens on {port}")


@contextlib.contextmanager
def runs(words, at, **more):
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **more)
    try:
        listens(at, process)
        yield
    finally:
        process.terminate()
        process.wait(20)


def everything(at):
    words = ["node", f"{NODE_MODULES}/@modelcontextprotocol/server-everything/dist/index.js", "streamableHttp"]
    return runs(words, at, env={**os.environ, "PORT": str(at)})


def notes(at, *certificate):
    return runs([sys.executable, str(HERE / "http_server.py"), str(at), *map(str, certificate)], at)


def gateway(scene, at, servers, *words):
    url = lambda at: at if isinstance(at, str) else f"http://127.0.0.1:{at}/mcp"
    upstreams = [word for name, at in servers for word in ("--upstream", f"{name}={url(at)}")]
    files = ["--catalogue", "catalogue.toml", "--root", "root.pub", "--ledger", "sqlite:l.db"]
    line = [WANE, "mcp", "serve", *files, *upstreams, "--listen", f"127.0.0.1:{at}", *words]
    return runs(line, at, cwd=scene.folder, env=scene.env())


@contextlib.asynccontextmanager
async def connected(at, path, shown, mode, **more):
    """`at` is a port, or an origin at `https://`."""
    origin = at if isinstance(at, str) else f"http://127.0.0.1:{at}"
    believed = ssl.create_default_context(cafile=TLS / "ours.crt") if origin.startswith("https:") else True
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {shown}"}, timeout=30, verify=believed) as http:
        transport = streamable_http_client(f"{origin}{path}", http_client=http)
        async with Client(transport, mode=mode, **more) as client:
            yield client


async def talk(at, shown, mode, what):
    """What a session may do, in one era."""
    steps = []

    async def progress(done, _total, _message):
        steps.append(done)

    async with connected(at, "/notes/mcp", shown, mode) as client:
        check(await names(client) == ["count", "post", "read_note", "read_salaries"], f"{what}: what is not listed is not shown")
        check(text(await client.call_tool("read_note", {"name": "é€😀"})) == "note é€😀", f"{what}: a tool is called")
        counted = await client.call_tool("count", {"steps": 3}, progress_callback=progress)
        check(text(counted) == "counted to 3" and steps == [1, 2, 3], f"{what}: progress is told as it comes")
        check(not (await client.call_tool("post", {"text": "x"})).is_error, f"{what}: it may send at first")
        denied = await client.call_tool("forbidden", {})
        check(denied.is_error and code(denied) == "deny-unlisted", f"{what}: a tool that is not listed is denied")
        read = await client.call_tool("read_salaries", {})
        check(read.meta["dev.wane/mark"]["level"] == "restricted", f"{what}: the mark comes back")
        denied = await client.call_tool("post", {"text": "x"})
        check(denied.is_error and code(denied) == "deny-ratchet", f"{what}: after that it may not")
    async with connected(at, "/notes/mcp", shown, mode) as client:
        check(await names(client) == ["count", "read_note", "read_salaries"], f"{what}: nor on another connection")


async def talk_everything(at, shown, what):
    asked = []

    async def elicit(_context, _params):
        asked.append(True)
        return ElicitResult(action="decline")

    async with connected(at, "/everything/mcp", shown, "legacy", elicitation_callback=elicit) as client:
        check(text(await client.call_tool("echo", {"message": "x"})) == "Echo: x", f"{what}: a tool is called in a session")
        elicited = await client.call_tool("trigger-elicitation-request", {})
        check(asked and not elicited.is_error, f"{what}: it asks the user in the middle of a call")
        steps = []

        async def progress(done, _total, _message):
            steps.append(done)

        await client.call_tool("trigger-long-running-operation", {"duration": 1, "steps": 2}, progress_callback=progress)
        check(len(steps) >= 2, f"{what}: progress is told")
        try:
            await client.get_prompt("simple-prompt")
            check(False, f"{what}: a prompt that is not listed is denied")
        except MCPError as error:
            denied = (error.error.data or {}).get(DENIED, {}).get("code")
            check(denied == "deny-unlisted", f"{what}: a prompt that is not listed is denied, and told why")


def errors(raised):
    """The errors of the protocol within what was raised."""
    if isinstance(raised, ExceptionGroup):
        return [error for part in raised.exceptions for error in errors(part)]
    return [raised] if isinstance(raised, MCPError) else []


async def refused(at, shown, expected, what):
    try:
        async with connected(at, "/notes/mcp", shown, "2026-07-28") as client:
            await client.call_tool("read_note", {"name": "x"})
        check(False, what)
    except (MCPError, ExceptionGroup) as raised:
        codes = [(error.error.data or {}).get(DENIED, {}).get("code") for error in errors(raised)]
        check(codes == [expected], f"{what}: {codes}")


async def over_tls(scene):
    """The same with TLS before the gateway and behind it."""
    at, one = port(), port()
    shutil.copy(TLS / "server.key", scene.folder / "server.key")
    (scene.folder / "server.key").chmod(0o600)
    shown = ["--tls-cert", str(TLS / "server.crt"), "--tls-key", "server.key", "--upstream-ca", str(TLS / "ours.crt")]
    servers = [("notes", f"https://localhost:{one}/mcp")]

    def sealed(name):
        token = scene.token(f"tls-{name}.tok", "notes", "read:*", "send:*")
        scene.wane("seal", token, "-o", f"{token}.sealed")
        return (scene.folder / f"{token}.sealed").read_text().strip()

    tokens = {name: sealed(name) for name in ("legacy", "2026-07-28", "client")}
    with notes(one, TLS / "rsa.crt", TLS / "rsa.key"), gateway(scene, at, servers, "--client-tokens", *shown):
        for mode in ("legacy", "2026-07-28"):
            await talk(f"https://127.0.0.1:{at}", tokens[mode], mode, f"notes over tls, {mode}")
        line = ["node", str(HERE / "over_http.mjs"), "client", f"https://127.0.0.1:{at}/notes/mcp", tokens["client"]]
        believed = {"NODE_EXTRA_CA_CERTS": str(TLS / "ours.crt"), "NODE_MODULES": NODE_MODULES}
        subprocess.run(line, env={**scene.env(), **believed}, check=True)


async def main():
    with tempfile.TemporaryDirectory() as folder:
        scene = clients.Scene(folder)
        await over_tls(scene)
        at, one, two = port(), port(), port()
        own = scene.token("own.tok", "*", "read:*", "send:*", "execute:*")
        servers = [("notes", one), ("everything", two)]
        with notes(one), everything(two):
            with gateway(scene, at, servers, "--client-tokens"):
                for mode in ("legacy", "auto", "2026-07-28"):
                    token = scene.token(f"notes-{mode}.tok", "notes", "read:*", "send:*")
                    scene.wane("seal", token, "-o", f"{token}.sealed")
                    shown = (scene.folder / f"{token}.sealed").read_text().strip()
                    await talk(at, shown, mode, f"notes {mode}")
                for kind in ("sdk", "client"):
                    token = scene.token(f"{kind}.tok", "notes", "read:*", "send:*")
                    scene.wane("seal", token, "-o", f"{token}.sealed")
                    shown = (scene.folder / f"{token}.sealed").read_text().strip()
                    # As `wane mcp enforce` writes it: what follows `#` stays with the client.
                    url = f"http://127.0.0.1:{at}/notes/mcp#https://notes.example/mcp?key=x"
                    line = ["node", str(HERE / "over_http.mjs"), kind, url, shown]
                    subprocess.run(line, env={**scene.env(), "NODE_MODULES": NODE_MODULES}, check=True)
                await refused(at, "of-somebody-else", "deny-no-token", "without a token nothing is called")
                secret = (scene.folder / token).read_text().strip()
                await refused(at, secret, "chain-unsealed", "a token that is not sealed is refused")
            with gateway(scene, at, servers, "--seal", "--token", own, "--bearer-file", "bearer"):
                shown = (scene.folder / "bearer").read_text().splitlines()[0]
                await talk_everything(at, shown, "everything")
                await talk(at, shown, "auto", "a gateway with a token of its own")
                for mode in ("legacy", "2026-07-28"):
                    async with connected(at, "/notes/mcp#https://notes.example/mcp?key=x", shown, mode) as client:
                        check("count" in await names(client), f"{mode}: what follows `#` in a url stays with the client")
                await refused(at, "wrong", "deny-no-token", "without its bearer nothing is called")
        # Servers that the gateway starts itself, of either era.
        words = {"everything": " ".join(scene.servers["everything"]), "git": " ".join(scene.servers["git"])}
        fresh = scene.token("fresh.tok", "*", "read:*", "send:*", "execute:*")
        with gateway(scene, at, words.items(), "--seal", "--token", fresh, "--bearer-file", "bearer"):
            shown = (scene.folder / "bearer").read_text().splitlines()[0]
            await talk_everything(at, shown, "everything, started")
            for mode in ("legacy", "2026-07-28"):
                async with connected(at, "/git/mcp", shown, mode) as client:
                    check("git_log" in await names(client), f"git, started, {mode}: its tools are listed")
                    log = await client.call_tool("git_log", {"repo_path": str(scene.repo), "max_count": 1})
                    check("one" in text(log), f"git, started, {mode}: a tool is called")
        check(not (scene.folder / "bearer").exists(), "the bearer goes with the gateway")
        scene.wane("audit", "verify", "--ledger", "sqlite:l.db", capture_output=True)


if __name__ == "__main__":
    asyncio.run(main())
