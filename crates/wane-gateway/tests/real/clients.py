"""Official servers behind the gateway, driven by the official Python client, in both eras of the protocol.

    clients.py WANE NODE_MODULES BIN

WANE is the command line, NODE_MODULES and BIN hold the servers. Prints one line a check, and fails at the first that does not hold.
"""

import asyncio
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from mcp import Client, MCPError, StdioServerParameters
from mcp.types import CreateMessageResult, ElicitResult, TextContent

WANE, NODE_MODULES, BIN = sys.argv[1:4]
HERE = pathlib.Path(__file__).parent
DENIED = "dev.wane/denied"


def script(name):
    return ["node", f"{NODE_MODULES}/@modelcontextprotocol/{name}/dist/index.js"]


class Scene:
    """A folder with a ledger, a root, a catalogue, and what the servers work on."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.repo = self.folder / "repo"
        (self.repo / "public").mkdir(parents=True)
        (self.repo / "public" / "readme.txt").write_text("hello\n")
        (self.repo / "salaries.txt").write_text("secret\n")
        git = ["git", "-C", str(self.repo), "-c", "user.name=a", "-c", "user.email=a@b"]
        for words in (["init", "-q"], ["add", "public"], ["commit", "-qm", "one"]):
            subprocess.run([*git, *words], check=True)
        text = (HERE / "catalogue.toml").read_text().replace("HERE", str(self.repo))
        (self.folder / "catalogue.toml").write_text(text)
        self.wane("keygen", "root.pem", stdout=(self.folder / "root.pub").open("w"))
        self.servers = {
            "files": [*script("server-filesystem"), str(self.repo)],
            "everything": [*script("server-everything"), "stdio"],
            "memory": ["env", f"MEMORY_FILE_PATH={self.folder}/memory.json", *script("server-memory")],
            "git": [f"{BIN}/mcp-server-git"],
            "time": [f"{BIN}/mcp-server-time"],
        }

    def env(self):
        return {**os.environ, "HOME": str(self.folder)}

    def wane(self, *words, **more):
        return subprocess.run([WANE, *words], cwd=self.folder, env=self.env(), check=True, **more)

    def token(self, name, audience, *scopes):
        flags = [word for scope in scopes for word in ("--scope", scope)]
        self.wane("mint", "--key", "root.pem", "--aud", audience, *flags, "--ledger", "sqlite:l.db", "-o", name)
        return name

    def behind(self, server, token):
        files = ["--catalogue", "catalogue.toml", "--server", server, "--token", token, "--root", "root.pub"]
        words = ["mcp", "run", *files, "--ledger", "sqlite:l.db", "--", *self.servers[server]]
        return StdioServerParameters(command=WANE, args=words, cwd=self.folder, env=self.env())

    def direct(self, server):
        command, *words = self.servers[server]
        return StdioServerParameters(command=command, args=words, cwd=self.folder, env=self.env())


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}", flush=True)


def code(result):
    return ((result.meta or {}).get(DENIED) or {}).get("code")


def text(result):
    return "".join(part.text for part in result.content if part.type == "text")


async def names(client):
    return sorted(tool.name for tool in (await client.list_tools()).tools)


async def files(scene, mode):
    token = scene.token(f"files-{mode}.tok", "files", "read:files", "write:files")
    readme, salaries = str(scene.repo / "public" / "readme.txt"), str(scene.repo / "salaries.txt")
    async with Client(scene.behind("files", token), mode=mode) as client:
        shown = await names(client)
        check(shown == ["list_directory", "read_text_file", "write_file"], f"files {mode}: only what is catalogued is listed")
        read = await client.call_tool("read_text_file", {"path": readme})
        check(not read.is_error and "hello" in text(read), f"files {mode}: a file is read")
        listed = await client.call_tool("list_directory", {"path": str(scene.repo)})
        check("salaries.txt" in text(listed), f"files {mode}: a folder is listed")
        note = str(scene.repo / "public" / "note.txt")
        wrote = await client.call_tool("write_file", {"path": note, "content": "x"})
        check(not wrote.is_error and os.path.exists(note), f"files {mode}: a file is written")
        for path, expected in [
            (str(scene.repo / "public" / ".." / "salaries.txt"), "deny-path"),
            ("/etc/passwd", "deny-unmatched"),
            (f"{scene.repo}/public/%2e%2e/salaries.txt", "deny-path"),
        ]:
            denied = await client.call_tool("read_text_file", {"path": path})
            check(denied.is_error and code(denied) == expected, f"files {mode}: {path.rsplit('repo', 1)[-1]} is {expected}")
        denied = await client.call_tool("move_file", {"source": readme, "destination": note})
        check(denied.is_error and code(denied) == "deny-unlisted", f"files {mode}: what is not catalogued is denied")
        check("Denied by wane" in text(denied) and os.path.exists(readme), f"files {mode}: the model is told, the server is not")
        secret = await client.call_tool("read_text_file", {"path": salaries})
        check("secret" in text(secret), f"files {mode}: a secret is read")
        check((secret.meta or {})["dev.wane/mark"]["level"] == "restricted", f"files {mode}: the result tells the mark")
        after = await client.call_tool("write_file", {"path": note, "content": "secret"})
        check(code(after) == "deny-ratchet", f"files {mode}: nothing is written any more")
        check(pathlib.Path(note).read_text() == "x", f"files {mode}: nothing was written")
        shown = await names(client)
        check(shown == ["list_directory", "read_text_file"], f"files {mode}: the list has shrunk")
    async with Client(scene.behind("files", token), mode=mode) as client:
        after = await client.call_tool("write_file", {"path": note, "content": "secret"})
        check(code(after) == "deny-ratchet", f"files {mode}: another connection changes nothing")


async def same(scene, server, mode, calls, token):
    """What is allowed comes back as it does without a gateway."""
    answers = []
    for parameters in (scene.direct(server), scene.behind(server, token)):
        async with Client(parameters, mode=mode) as client:
            answers.append([await client.call_tool(name, arguments) for name, arguments in calls])
    for (name, _), direct, through in zip(calls, *answers):
        check(direct.model_dump() == through.model_dump(), f"{server} {mode}: {name} answers the same as without a gateway")


async def git(scene, mode):
    token = scene.token(f"git-{mode}.tok", "git", "read:repo")
    repo = {"repo_path": str(scene.repo)}
    await same(scene, "git", mode, [("git_status", repo), ("git_log", {**repo, "max_count": 1})], token)
    async with Client(scene.behind("git", token), mode=mode) as client:
        check(await names(client) == ["git_log", "git_status"], f"git {mode}: what the token lacks is not listed")
        denied = await client.call_tool("git_commit", {**repo, "message": "x"})
        check(code(denied) == "deny-scope", f"git {mode}: what the token lacks is denied")


async def time(scene, mode):
    token = scene.token(f"time-{mode}.tok", "time", "read:time")
    zones = {"source_timezone": "Europe/Berlin", "time": "12:00", "target_timezone": "Asia/Tokyo"}
    await same(scene, "time", mode, [("convert_time", zones)], token)


async def memory(scene):
    token = scene.token("memory.tok", "memory", "read:graph", "write:graph")
    entity = {"entities": [{"name": "a", "entityType": "b", "observations": ["c"]}]}
    async with Client(scene.behind("memory", token)) as client:
        check(not (await client.call_tool("create_entities", entity)).is_error, "memory: it is written to")
        check("observations" in text(await client.call_tool("read_graph", {})), "memory: it is read")
        check(code(await client.call_tool("create_entities", entity)) == "deny-ratchet", "memory: what an outsider may have written is not written on")


async def everything(scene):
    token = scene.token("everything.tok", "everything", "read:*", "execute:*")

    async def sample(_context, _params):
        return CreateMessageResult(role="assistant", content=TextContent(type="text", text="sampled"), model="m")

    async def elicit(_context, _params):
        return ElicitResult(action="decline")

    steps = []

    async def progress(done, _total, _message):
        steps.append(done)

    callbacks = {"sampling_callback": sample, "elicitation_callback": elicit}
    async with Client(scene.behind("everything", token), mode="legacy", **callbacks) as client:
        check(text(await client.call_tool("echo", {"message": "é€😀"})) == "Echo: é€😀", "everything: a text comes back")
        shown = await names(client)
        check("trigger-sampling-request" in shown, "everything: it sees what the client can do")
        sampled = await client.call_tool("trigger-sampling-request", {"prompt": "p", "maxTokens": 5})
        check("sampled" not in text(sampled), "everything: the server does not ask the client's model, which knows more than it")
        elicited = await client.call_tool("trigger-elicitation-request", {})
        check(not elicited.is_error, "everything: it asks the user in the middle of a call")
        await client.call_tool("trigger-long-running-operation", {"duration": 1, "steps": 2}, progress_callback=progress)
        check(len(steps) >= 2, "everything: progress is told")
        image = await client.call_tool("get-tiny-image", {})
        check(any(part.type == "image" for part in image.content), "everything: an image comes back")
        structured = await client.call_tool("get-structured-content", {"location": "New York"})
        check(structured.structured_content is not None, "everything: structured content comes back")
        prompt = await client.get_prompt("args-prompt", {"city": "Bern"})
        check("Bern" in prompt.messages[0].content.text, "everything: a prompt comes back")
        resource = (await client.list_resources()).resources[0]
        read = await client.read_resource(resource.uri)
        check(len(read.contents) == 1, "everything: a resource is read")
        for what, ask in [
            ("a prompt", lambda: client.get_prompt("simple-prompt")),
            ("a resource", lambda: client.read_resource("demo://resource/dynamic/text/1")),
        ]:
            try:
                await ask()
                check(False, f"everything: {what} that is not catalogued is denied")
            except MCPError as error:
                denied = (error.error.data or {}).get(DENIED, {}).get("code")
                check(denied == "deny-unlisted", f"everything: {what} that is not catalogued is denied")


async def main():
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(folder)
        for mode in ("legacy", "auto"):
            await files(scene, mode)
        for mode in ("legacy", "auto", "2026-07-28"):
            await git(scene, mode)
            await time(scene, mode)
        await memory(scene)
        await everything(scene)
        log = scene.wane("audit", "verify", "--ledger", "sqlite:l.db", "--json", capture_output=True)
        check(json.loads(log.stdout), "the log verifies")


if __name__ == "__main__":
    asyncio.run(main())
