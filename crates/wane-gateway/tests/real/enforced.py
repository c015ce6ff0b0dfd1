"""A client's own configuration, rewritten by `wane mcp enforce` and put back, with neither client nor server knowing.

    enforced.py WANE NODE_MODULES BIN
"""

import asyncio
import json
import os
import tempfile

from mcp import Client, StdioServerParameters

import clients
from clients import check, code, names, text


def started(config):
    """The server as a client starts it that reads this configuration."""
    entry = json.loads(config.read_text())["mcpServers"]["files"]
    return StdioServerParameters(command=entry["command"], args=entry["args"], env=entry["env"])


async def main():
    with tempfile.TemporaryDirectory() as folder:
        scene = clients.Scene(folder)
        # The client's own home, which it passes on: an entry that states another one is not wrapped.
        os.environ["HOME"] = folder
        token = scene.token("files.tok", "files", "read:files")
        command, *args = scene.servers["files"]
        entry = {"command": command, "args": args, "env": {"LEVEL": "debug"}}
        config = scene.folder / ".mcp.json"
        before = json.dumps({"mcpServers": {"files": entry}, "other": [1.0, "é"]}, indent=3, ensure_ascii=False) + "\n"
        config.write_text(before)
        readme = {"path": str(scene.repo / "public" / "readme.txt")}
        note = {"path": str(scene.repo / "public" / "note.txt"), "content": "x"}

        files = ["--catalogue", "catalogue.toml", "--token", token, "--root", "root.pub", "--ledger", "sqlite:l.db"]
        scene.wane("mcp", "enforce", "--path", str(config), *files, capture_output=True)
        async with Client(started(config)) as client:
            shown = await names(client)
            check(shown == ["list_directory", "read_text_file"], "enforced: only what is allowed is listed")
            check("hello" in text(await client.call_tool("read_text_file", readme)), "enforced: a file is read")
            denied = await client.call_tool("write_file", note)
            check(denied.is_error and code(denied) == "deny-scope", "enforced: what is not allowed is denied, and told")

        scene.wane("mcp", "enforce", "--path", str(config), "--stop", capture_output=True)
        check(config.read_text() == before, "enforced: stopping it restores the configuration byte for byte")
        async with Client(started(config)) as client:
            check(len(await names(client)) > 10, "enforced: after that the server is the client's own again")
            check(not (await client.call_tool("write_file", note)).is_error, "enforced: and does what it did")


asyncio.run(main())
