"""The inspector's command line before the gateway: over pipes, and over HTTP in both eras.

    inspector.py WANE NODE_MODULES BIN

NODE22 in the environment names a Node that is new enough for it.
"""

import json
import os
import subprocess
import tempfile

import clients
from clients import DENIED, NODE_MODULES, check
from over_http import gateway, notes, port

NODE = os.environ.get("NODE22", "node")
INSPECTOR = f"{NODE_MODULES}/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
# What it ends with where a tool says that it has failed, and where a server wants to know who asks.
TOOL_FAILED, WHO_ASKS = 5, 3


def inspector(scene, server, *words):
    """What it ends with, and what it prints: a result, or nothing."""
    line = [NODE, INSPECTOR, "--cli", *words, "--format", "json", *server]
    # It keeps a folder of its own below the home of whoever runs it.
    ran = subprocess.run(line, cwd=scene.folder, env=scene.env(), capture_output=True, text=True, timeout=60)
    return ran.returncode, json.loads(ran.stdout or "{}").get("result", {}), ran.stderr


def listed(scene, server, *words):
    _, result, _ = inspector(scene, server, *words, "--method", "tools/list")
    return sorted(tool["name"] for tool in result.get("tools", []))


def called(scene, server, tool, arguments, *words):
    named = ["--method", "tools/call", "--tool-name", tool, "--tool-args-json", json.dumps(arguments)]
    return inspector(scene, server, *words, *named)


def why(result):
    """The code that programs read, and whether it stands in what the model reads."""
    code = result.get("_meta", {}).get(DENIED, {}).get("code", "nothing")
    return code if any(code in part["text"] for part in result.get("content", [])) else f"{code}, untold"


def over_pipes(scene):
    token = scene.token("files.tok", "files", "read:files")
    behind = scene.behind("files", token)
    server = ["--", behind.command, *behind.args]
    check(listed(scene, server) == ["list_directory", "read_text_file"], "inspector: only what is allowed is listed")
    status, read, _ = called(scene, server, "read_text_file", {"path": str(scene.repo / "public" / "readme.txt")})
    check(status == 0 and "hello" in read["content"][0]["text"], "inspector: a file is read")
    status, denied, _ = called(scene, server, "read_text_file", {"path": "/etc/passwd"})
    check((status, why(denied)) == (TOOL_FAILED, "deny-unmatched"), "inspector: another is denied, and it shows why")


def over_http(scene):
    one, at = port(), port()
    own = scene.token("notes.tok", "notes", "read:*", "send:*")
    with notes(one), gateway(scene, at, [("notes", one)], "--seal", "--token", own, "--bearer-file", "bearer"):
        bearer = (scene.folder / "bearer").read_text().splitlines()[0]
        server = [f"http://127.0.0.1:{at}/mcp", "--transport", "http"]
        lets_in = ["--header", f"Authorization: Bearer {bearer}"]
        for era in ("legacy", "modern"):
            words = [*lets_in, "--protocol-era", era]
            status, read, _ = called(scene, server, "read_note", {"name": "é"}, *words)
            check(status == 0 and read["content"][0]["text"] == "note é", f"inspector {era}: a tool is called over HTTP")
            expected = ["count", "post", "read_note", "read_salaries"]
            if era == "modern":
                expected.remove("post")
            check(listed(scene, server, *words) == expected, f"inspector {era}: what can still be called is listed")
            status, secret, _ = called(scene, server, "read_salaries", {}, *words)
            mark = secret["_meta"]["dev.wane/mark"]["level"]
            check(status == 0 and mark == "restricted", f"inspector {era}: the mark comes back")
        status, _, told = inspector(scene, server, "--method", "tools/list", "--stored-auth-only")
        check(status == WHO_ASKS and "deny-no-token" in told, "inspector: without the bearer it is not let in, and shows why")


def main():
    with tempfile.TemporaryDirectory() as folder:
        scene = clients.Scene(folder)
        over_pipes(scene)
        over_http(scene)


if __name__ == "__main__":
    main()
